"""What the calendar does for accounts."""

from celery.schedules import crontab
from django.core.management import call_command

from xingyang_pm.common import periodic

from .services.sessions import sessions_sweep


@periodic.register("end-idle-sessions", "结束超时登录", crontab(minute="*/30"))
def end_idle_sessions() -> str:
    """End the sessions that nobody came back to and drop those whose cookie has expired."""
    ended = sessions_sweep()
    call_command("clearsessions", verbosity=0)
    return f"结束 {ended} 个超时的登录"
