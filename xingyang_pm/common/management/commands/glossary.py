"""``manage.py glossary [--check]``: the terms of the trade, read from the models."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models

APPS = ("accounts", "estates", "enterprises", "inspections", "subsidies", "outreach", "common")
HEAD = """# Glossary

Each model and field with its Chinese term, as screens and papers write it. Written by
`manage.py glossary` from the models' `verbose_name`; a test fails when it is out of date.
What the terms mean is told in `docs/handbook/`.
"""


def _fields(model: type[models.Model]) -> list[models.Field]:
    return [
        field
        for field in model._meta.get_fields()
        if isinstance(field, models.Field) and field.name != "id"
    ]


def glossary() -> str:
    """Return the whole glossary as Markdown."""
    parts = [HEAD]
    for label in APPS:
        config = apps.get_app_config(label)
        parts.append(f"\n## `{config.name}` {config.verbose_name}\n")
        for model in config.get_models():
            parts.append(f"\n### `{model.__name__}` {model._meta.verbose_name}\n")
            parts.append("\n| field | 中文 | values |\n|---|---|---|\n")
            for field in _fields(model):
                values = "；".join(f"`{key}` {word}" for key, word in (field.flatchoices or ()))
                parts.append(f"| `{field.name}` | {field.verbose_name} | {values} |\n")
    return "".join(parts)


class Command(BaseCommand):
    help = "按模型写出术语表 docs/glossary.md。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="只核对，不写")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "glossary.md"
        text = glossary()
        if options["check"]:
            if not path.exists() or path.read_text() != text:
                raise CommandError("docs/glossary.md 与模型不符，请运行 manage.py glossary。")
            return
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        self.stdout.write(f"已写出 {path}")
