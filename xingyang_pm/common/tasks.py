"""Celery tasks of the common package: each takes ids and calls one function."""

from celery import shared_task

from . import jobs, periodic


@shared_task(name="xingyang_pm.common.tasks.run_job")
def run_job(job_id: int) -> None:
    jobs.run(job_id)


@shared_task(name="xingyang_pm.common.tasks.run_periodic")
def run_periodic(name: str) -> None:
    periodic.run(name)
