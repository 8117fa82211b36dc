"""``manage.py create_admin USERNAME NAME``: the first administrator of an installation.

The password is asked for twice, or read from ``PORTAL_ADMIN_PASSWORD``; then the first sign-in
has to change it, since it stands in somebody's script.
"""

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.views.decorators.debug import sensitive_variables

from accounts.services.offices import bureau_ensure
from accounts.services.users import first_admin_create
from xingyang_pm.common.audit import audit_context
from xingyang_pm.common.errors import BusinessError

VARIABLE = "PORTAL_ADMIN_PASSWORD"


class Command(BaseCommand):
    help = f"建立第一个系统管理员。密码从键盘输入，或从环境变量 {VARIABLE} 读取。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="用户名，小写字母开头")
        parser.add_argument("name", help="姓名")
        parser.add_argument(
            "--in-addition",
            action="store_true",
            help="已有系统管理员时仍再建一个，例如唯一的管理员丢了手机",
        )

    @sensitive_variables("password")
    def handle(self, *args: Any, **options: Any) -> None:
        given = os.environ.get(VARIABLE)
        password = given or self._asked()
        try:
            with audit_context("command"):
                user = first_admin_create(
                    username=options["username"],
                    name=options["name"],
                    password=password,
                    office=bureau_ensure()[0],
                    temporary=bool(given),
                    besides=options["in_addition"],
                )
        except BusinessError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"已建立系统管理员 {user.username}（{user.name}）。")

    @sensitive_variables("password", "again")
    def _asked(self) -> str:
        try:
            password, again = getpass.getpass("密码："), getpass.getpass("再输一次：")
        except (EOFError, KeyboardInterrupt):
            raise CommandError("没有输入密码，没有建立账号。") from None
        if password != again:
            raise CommandError("两次输入的密码不一样，没有建立账号。")
        return password
