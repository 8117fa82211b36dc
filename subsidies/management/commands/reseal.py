"""Seal the payees' account numbers anew, after a key was put in front of SEALING_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subsidies.services import accounts_reseal
from xingyang_pm.common.audit import audit_context
from xingyang_pm.common.errors import BusinessError


class Command(BaseCommand):
    help = "用 SEALING_KEYS 的第一个密钥重新加密全部收款账号；完成后才能去掉旧密钥。"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with audit_context("command"):
                number = accounts_reseal()
        except BusinessError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"已重新加密 {number} 个收款账号。")
