"""``manage.py load_demo``: the demo city on an empty database."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from xingyang_pm.common.errors import BusinessError
from xingyang_pm.demo.city import city_make
from xingyang_pm.demo.people import accounts_file


class Command(BaseCommand):
    help = "在空数据库中装入演示城市；演示账号的密码写在 var/demo-accounts.json。"

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            accounts = city_make(lambda text: self.stdout.write(f"  {text}"))
        except BusinessError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"演示数据已装入，用时 {time.monotonic() - began:.0f} 秒，"
            f"{len(accounts)} 个演示账号写在 {accounts_file()}。"
        )
