"""The common package: no domain of its own."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CommonConfig(AppConfig):
    name = "xingyang_pm.common"
    label = "common"
    verbose_name = "平台"

    def ready(self) -> None:
        from . import checks, menus, reminders, scopes, triggers  # noqa: F401  reminders: a job
        from .views import lists  # noqa: F401  registers the job that writes long exports

        checks.register_all()
        scopes.register_all()
        menus.register_all()
        pre_migrate.connect(triggers.lift, sender=self)
        post_migrate.connect(lambda **kwargs: triggers.install(), sender=self, weak=False)
