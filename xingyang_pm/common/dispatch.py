"""The one door from the portal to the queue."""

from celery import current_app


def send_job(job_id: int) -> None:
    """Ask a worker to run the job of this id."""
    current_app.send_task("xingyang_pm.common.tasks.run_job", args=[job_id])
