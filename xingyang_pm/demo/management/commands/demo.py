"""``manage.py demo [--out DIR]``: the office's month without a server; results in ``var/demo/``."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from xingyang_pm.demo.month import month_make

# Set for the process that works on the demo's own database.
INSIDE = "PORTAL_DEMO_INSIDE"


class Command(BaseCommand):
    help = "在自己的空数据库里办完一个月的事，结果写到 var/demo/。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "var" / "demo")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"].resolve()
        if os.environ.get(INSIDE):
            self._work(out)
        else:
            self._work_elsewhere(out)

    def _work_elsewhere(self, out: Path) -> None:
        """Work in a process with a fresh database, whatever this installation uses."""
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in {"DATABASE_URL", "REDIS_URL", "MEDIA_ROOT"}
        }
        with tempfile.TemporaryDirectory(prefix="portal-demo-") as folder:
            done = subprocess.run(  # noqa: S603  this very command, in a world of its own
                [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", "--out", str(out)],
                env={**environment, "PORTAL_ENV": "embedded", "PORTAL_VAR": folder, INSIDE: "1"},
                cwd=settings.BASE_DIR,
                check=False,
            )
        if done.returncode:
            raise CommandError("演示没有办完，上面写着停在哪一步。")

    def _work(self, out: Path) -> None:
        call_command("migrate", verbosity=0)
        papers = month_make(lambda text: self.stdout.write(f"  {text}"))
        out.mkdir(parents=True, exist_ok=True)
        index = [paper.written_to(out) for paper in papers]
        text = json.dumps(index, ensure_ascii=False, indent=2)
        (out / "index.json").write_text(text, encoding="utf-8")
        self.stdout.write("")
        for line in index:
            self.stdout.write(f"{line['file']}　{line['what']}")
            self.stdout.write(f"  SHA-256  {line['sha256']}")
            for key, value in line["figures"].items():
                self.stdout.write(f"  {key:12} {value}")
        self.stdout.write(f"\n写在 {out}")
