"""Large ledgers are written by the worker: the confirmation answers at once."""

from . import jobs
from .errors import BusinessError
from .formats import number
from .ledgers.services import import_commit
from .models import ImportBatch

IMPORT_COMMIT = "import-commit"


@jobs.handler(IMPORT_COMMIT, title="台账入库")
def run_import_commit(job: jobs.RunningJob) -> None:
    """Commit the batch of ``params["batch"]`` as the job's owner; all rows or none."""
    batch = ImportBatch.objects.visible_to(job.owner).filter(pk=job.params["batch"]).first()
    if batch is None:
        raise BusinessError("这份台账已不在，没有入库。", code="no_batch")
    rows = int(batch.report.get("rows", 0))
    job.progress(0, rows, f"正在写入 {number(rows, 0)} 行，整本一次完成")
    done = import_commit(batch=batch, actor=job.owner)
    job.note(
        rows=rows,
        conditions=f"新增 {done.report.get('created', 0)}，变更 {done.report.get('changed', 0)}",
    )
