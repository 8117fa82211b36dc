"""``python deploy/healthcheck.py web|worker|beat``: ends with 0 when the service does its work.

Run inside the service's own container.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

# Beat writes its schedule down every three minutes.
_BEAT_SILENT_SECONDS = 600


def web() -> str:
    port = int(os.environ.get("PORTAL_BIND", "127.0.0.1:8000").rpartition(":")[2])
    host = os.environ.get("ALLOWED_HOSTS", "127.0.0.1").split(",")[0].strip()
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    try:
        link.request("GET", "/healthz/ready", headers={"Host": host, "X-Forwarded-Proto": "https"})
        status = link.getresponse().status
    except OSError as error:
        return f"no answer on port {port}: {error}"
    return "" if status == http.client.OK else f"answered {status}"


def worker() -> str:
    name = os.environ.get("WORKER_NAME", f"worker@{socket.gethostname()}")
    command = [sys.executable, "-m", "celery", "-A", "xingyang_pm", "inspect", "ping"]
    result = subprocess.run(  # noqa: S603  our own words, no shell
        [*command, "--destination", name, "--timeout", "10"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if result.returncode == 0 and "pong" in result.stdout else f"{name} did not answer"


def beat() -> str:
    folder = Path(os.environ.get("PORTAL_VAR", "var"))
    written = [path.stat().st_mtime for path in folder.glob("celerybeat-schedule*")]
    if not written:
        return f"no schedule in {folder}"
    silent = time.time() - max(written)
    return "" if silent < _BEAT_SILENT_SECONDS else f"schedule untouched for {silent:.0f} s"


if __name__ == "__main__":
    fault = {"web": web, "worker": worker, "beat": beat}[sys.argv[1]]()
    if fault:
        sys.exit(f"{sys.argv[1]}: {fault}")
