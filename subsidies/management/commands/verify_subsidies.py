"""Recompute every approved line from its snapshot and name what differs."""

import datetime as dt
import json
import re
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subsidies.selectors.ledger import verify_ledger

MONTH = re.compile(r"(\d{4})-(\d{1,2})")


def month_of(text: str) -> dt.date:
    """Return the first day of the month written ``2026-10``."""
    found = MONTH.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 12:
        raise CommandError(f"月份应写成 2026-10 这样，不是“{text}”。")
    return dt.date(int(found[1]), int(found[2]), 1)


class Command(BaseCommand):
    help = "按快照重新计算每一条已审批的补贴明细，核对合计、经办人和日期；有差异时退出码为 1。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", help="只核对一个月，如 2026-10")
        parser.add_argument("--json", action="store_true", help="输出一个 JSON 对象")

    def handle(self, *args: Any, **options: Any) -> None:
        month = month_of(options["month"]) if options["month"] else None
        result = verify_ledger(month, settled_only=True)
        if options["json"]:
            told = {
                "checked": result.checked,
                "differences": [asdict(difference) for difference in result.differences],
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(
                f"核对 {result.claims} 份申报、{result.checked:,} 行，"
                + (f"{len(result.differences)} 处差异：" if result.differences else "没有差异。")
            )
            for item in result.differences:
                self.stdout.write(
                    f"  {item.where}　{item.what}　应为 {item.expected}　实为 {item.found}"
                )
        if result.differences:
            sys.exit(1)
