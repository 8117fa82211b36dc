"""Check and import a ledger from the command line, as a named person."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from xingyang_pm.common.audit import audit_context
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.ledgers import registry, services
from xingyang_pm.common.ledgers.marking import marked_workbook
from xingyang_pm.common.ledgers.outcomes import Outcome
from xingyang_pm.common.spreadsheets import gate

LISTED = 50


class Command(BaseCommand):
    help = (
        "核对一份台账；加 --commit 则核对无误后入库。"
        "有错误时退出码为 1，什么也不写。台账须以某人的名义导入，权限与页面上相同。"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        codes = [definition.code for definition in registry.all_ledgers()]
        parser.add_argument("ledger", choices=codes, help="台账：" + " ".join(codes))
        parser.add_argument("file", type=Path, metavar="FILE", help=".xlsx 或 .xls 工作簿")
        parser.add_argument(
            "--as", dest="username", required=True, metavar="USERNAME", help="以谁的名义"
        )
        parser.add_argument("--commit", action="store_true", help="核对无误后入库")
        parser.add_argument(
            "--errors", type=Path, metavar="OUT.xlsx", help="把标出核对结果的工作簿写到这里"
        )
        parser.add_argument("--json", action="store_true", help="只打印一个 JSON 对象")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = get_user_model().objects.filter(username=options["username"]).first()
        if actor is None or not actor.is_active:
            raise CommandError(f"没有用户“{options['username']}”，或账号已停用。")
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"没有文件 {path}。")
        with audit_context("command"):
            figures, outcome = self._run(options["ledger"], path, actor, options["commit"])
        if options["errors"] and outcome is not None:
            options["errors"].write_bytes(
                marked_workbook(path.read_bytes(), outcome.book, outcome.marks())
            )
        if options["json"]:
            self.stdout.write(json.dumps(figures, ensure_ascii=False, indent=2))
        else:
            self._tell(figures, outcome, options["commit"])
        if figures["errors"]:
            sys.exit(1)

    def _run(
        self, ledger: str, path: Path, actor: Any, commit: bool
    ) -> tuple[dict[str, Any], Outcome | None]:
        """Return the figures and the outcome; a refusal of the whole file is one error."""
        outcome = None
        try:
            source = gate.content_of(path, settings.WORKBOOK_MAX_BYTES)
            outcome = services.upload_check(
                ledger=ledger, source=source, name=path.name, actor=actor
            )
            if commit and not outcome.errors:
                batch = services.import_keep(
                    outcome=outcome, source=source, name=path.name, actor=actor
                )
                services.import_commit(batch=batch, actor=actor, book=outcome.book)
        except (BusinessError, NotPermitted) as refusal:
            figures = outcome.figures() if outcome else _nothing()
            error = {"sheet": "", "cell": "", "message": refusal.message}
            return {**figures, "errors": [*figures["errors"], error]}, outcome
        return outcome.figures(), outcome

    def _tell(self, figures: dict[str, Any], outcome: Outcome | None, commit: bool) -> None:
        write = self.stdout.write
        if outcome is not None:
            skipped = outcome.reading.skipped.sentence()
            write(f"{outcome.ledger.title}　{outcome.book.name}")
            write(outcome.sentence() + (f"　已略过：{skipped}" if skipped else ""))
            if figures["beside"]:
                write(f"同时{figures['beside']}")
            self._changes(outcome)
        self._messages("有误", figures["errors"])
        self._messages("提醒", figures["warnings"])
        if figures["errors"]:
            write("整本没有入库。请改好后重来。")
        elif commit:
            write("已入库。")
        else:
            write("核对无误，没有写入。加 --commit 入库。")

    def _changes(self, outcome: Outcome) -> None:
        report = outcome.report()
        for item in report["created_list"][:LISTED]:
            note = f"（{item['note']}）" if item["note"] else ""
            self.stdout.write(f"  新增　{item['title']}{note}")
        for item in report["changed_list"][:LISTED]:
            fields = "；".join(f"{f['label']} {f['old']}→{f['new']}" for f in item["fields"])
            self.stdout.write(f"  变更　{item['title']}：{fields}")
        rest = len(outcome.plan.created) + len(outcome.plan.changed)
        rest -= min(len(outcome.plan.created), LISTED) + min(len(outcome.plan.changed), LISTED)
        if rest:
            self.stdout.write(f"  另有 {rest} 条没有列出。")

    def _messages(self, title: str, messages: list[dict[str, str]]) -> None:
        if not messages:
            return
        self.stdout.write(f"{title} {len(messages)} 处：")
        for message in messages[:LISTED]:
            place = f"{message['sheet']} {message['cell']}".strip()
            self.stdout.write(
                "  " + "　".join(part for part in (place, message["message"]) if part)
            )
        if len(messages) > LISTED:
            self.stdout.write(f"  另有 {len(messages) - LISTED} 处，加 --errors OUT.xlsx 看全部。")


def _nothing() -> dict[str, Any]:
    return {
        "rows": 0,
        "created": 0,
        "changed": 0,
        "unchanged": 0,
        "rejected": 0,
        "beside": "",
        "errors": [],
        "warnings": [],
    }
