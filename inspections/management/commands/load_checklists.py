"""Load the built-in checklists; versions that exist already stay as they are."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from inspections.choices import CHECKLIST_EDITORS
from inspections.services import checklists_load
from xingyang_pm.common.audit import audit_context
from xingyang_pm.common.errors import BusinessError, NotPermitted


class Command(BaseCommand):
    help = "载入内置检查表（四公开一监督、城乡清洁、老旧小区四有标准），可重复运行"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--as", dest="username", help="以谁的名义编制，须是科室负责人；不写就取第一位"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        people = User.objects.active().with_role(*CHECKLIST_EDITORS).order_by("pk")
        if options["username"]:
            people = User.objects.filter(username=options["username"])
        actor = people.first()
        if actor is None:
            raise CommandError("没有这位用户，或还没有科室负责人，请先建立账号。")
        try:
            with audit_context("command"):
                made, kept = checklists_load(actor=actor)
        except (BusinessError, NotPermitted) as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"载入检查表 {made} 版，已有 {kept} 版没有改动。")
