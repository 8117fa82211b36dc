"""``manage.py article_figures --year 2017 [--json]``"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from xingyang_pm.dashboard.selectors import article_figures, labelled


class Command(BaseCommand):
    help = "按数据计算报道中的各项数字。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--year", type=int, default=2017)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        values = article_figures(options["year"])
        if options["json"]:
            self.stdout.write(json.dumps(values, ensure_ascii=False, default=float))
            return
        for key, label, value in labelled(values):
            self.stdout.write(f"{label}\t{'未定' if value is None else value}\t{key}")
