"""The calendar: what beat starts, and the table of last successes that the desk shows."""

from collections.abc import Callable
from dataclasses import dataclass

from celery.schedules import crontab

from . import clock, jobs, stash
from .audit import audit_context
from .errors import BusinessError
from .models import PeriodicRun


@dataclass(frozen=True)
class Periodic:
    """One periodic job; ``run`` returns the sentence that the desk shows."""

    name: str
    title: str
    schedule: crontab | float
    run: Callable[[], str]


_registry: dict[str, Periodic] = {}


def register(
    name: str, title: str, schedule: crontab | float
) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register the decorated function to run by ``schedule`` (a crontab in Shanghai time)."""

    def decorate(function: Callable[[], str]) -> Callable[[], str]:
        _registry[name] = Periodic(name, title, schedule, function)
        return function

    return decorate


def all_periodic() -> list[Periodic]:
    return list(_registry.values())


def beat_schedule() -> dict[str, dict[str, object]]:
    """Return the schedule as Celery beat reads it."""
    return {
        item.name: {
            "task": "xingyang_pm.common.tasks.run_periodic",
            "schedule": item.schedule,
            "args": [item.name],
        }
        for item in _registry.values()
    }


def run(name: str) -> None:
    """Run one periodic job and write down how it went."""
    item = _registry[name]
    row, _ = PeriodicRun.objects.get_or_create(name=name, defaults={"title": item.title})
    PeriodicRun.objects.filter(pk=row.pk).update(title=item.title, last_started_at=clock.now())
    try:
        with audit_context("calendar"):
            message = item.run()
    except BusinessError as error:
        PeriodicRun.objects.filter(pk=row.pk).update(
            last_failure_at=clock.now(), message=error.message[:200]
        )
    except Exception:
        PeriodicRun.objects.filter(pk=row.pk).update(
            last_failure_at=clock.now(), message="这次没有完成，请系统管理员查看日志。"
        )
        raise
    else:
        PeriodicRun.objects.filter(pk=row.pk).update(
            last_success_at=clock.now(), message=message[:200]
        )


@register("sweep-jobs", "接续中断任务", 60.0)
def sweep_jobs() -> str:
    return f"重新派出 {jobs.sweep()} 项"


@register("sweep-uploads", "清理未提交的附件", crontab(minute=25))
def sweep_uploads() -> str:
    return f"清理 {stash.sweep()} 个"
