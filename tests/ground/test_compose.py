"""The compose file, without a Docker engine: its promises are read, its commands are started.

Every start command of the portal's services, of Redis and of the proxy is run on this machine as
the file has it, with the file's own environment; only hosts and ports are put right, since no
network of containers is here. PostgreSQL and Redis are those of this run, so the commands are
tried where both are (``.ci/run``'s second run) or, for what needs neither, always.
"""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from django.conf import settings
from django.db import connection

from tests.support.environment import PROJECT
from tests.support.processes import Start, free_port, wait_until

COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")
SECRETS = {
    "PORTAL_HOST": "wuye.test",
    "SECRET_KEY": "k7Jw2-pQz9_vT4mXr8LbN6cYd3HgFs5AeU1oViWnZyRtKqPm",
    "SEALING_KEYS": "Zr9mQ0u2yXH5bD3tKf7sVw1nLc8aJpE6gRiYoTqN4kU=",
    "DIGEST_KEY": "Qm4vT8sLd1_yRk6ZbW0-xGj3HcN9pFa7uEoVi2XtYnKqBw5M",
    "POSTGRES_PASSWORD": "RainOverSuohe41",
    "REDIS_PASSWORD": "BridgeAtJingcheng7",
}
BIN = Path(sys.executable).parent
# The second run has both servers; on SQLite there is nothing to start the services on.
with_servers = pytest.mark.skipif(
    connection.vendor != "postgresql" or not settings.REDIS_URL,
    reason="starts the services on PostgreSQL and Redis",
)


def _filled_in(text: str) -> str:
    """Put values for ``${NAME…}`` as compose does; ``$$`` is a dollar."""

    def value(match: re.Match[str]) -> str:
        if match["name"] in SECRETS:
            return SECRETS[match["name"]]
        if match["kind"] == ":?":
            pytest.fail(f"{match['name']} is required and not in the example")
        return match["rest"] or ""

    filled = re.sub(r"(?<!\$)\$\{(?P<name>[A-Z_]+)(?P<kind>:\?|:-)?(?P<rest>[^}]*)\}", value, text)
    return filled.replace("$$", "$")


def _words(service: str) -> list[str]:
    command = SERVICES[service]["command"]
    return [_filled_in(str(word)) for word in command]


def _environment(service: str) -> dict[str, str]:
    return {
        name: _filled_in(str(value)) for name, value in SERVICES[service]["environment"].items()
    }


# --- what the file promises -------------------------------------------------------------------


def test_no_service_has_a_default_secret():
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in SECRETS:
        uses = re.findall(rf"(?<!\$)\$\{{{name}([^}}]*)\}}", text)
        assert uses, name
        assert all(use.startswith(":?") for use in uses), f"{name} has a default: {uses}"


def test_the_example_names_what_compose_requires():
    text = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    required = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    example = (PROJECT / "deploy" / "compose.env.example").read_text(encoding="utf-8")
    offered = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert required <= set(offered)
    assert not [name for name in required if offered[name]], "the example holds a secret"


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_restarts_and_is_watched(service):
    facts = SERVICES[service]
    if service == "migrate":
        assert facts["restart"] == "no"
    else:
        assert facts["restart"] == "unless-stopped"
        assert facts["healthcheck"]["test"]
    assert facts["logging"]["options"]["max-size"]


@pytest.mark.parametrize("service", OURS)
def test_a_portal_service_can_do_no_more_than_it_must(service):
    facts = SERVICES[service]
    assert facts["read_only"] is True
    assert facts["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in facts["security_opt"]
    assert "ports" not in facts


def test_only_the_proxy_is_reached_from_outside():
    assert [name for name, facts in SERVICES.items() if "ports" in facts] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for service in ("db", "redis", "worker", "beat"):
        assert SERVICES[service]["networks"] == ["inside"]


def test_services_wait_for_the_migration():
    for service in ("web", "worker", "beat"):
        waits = SERVICES[service]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"


def test_the_image_runs_as_nobody_of_importance():
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\w+)$", text, re.MULTILINE) == ["portal"]
    assert "HEALTHCHECK" in text
    assert "--require-hashes" in text
    assert not re.search(r"(SECRET_KEY|PASSWORD)\s*=", text)
    ignored = (PROJECT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".env", "var", "deploy/tls"} <= set(ignored)


# --- the commands, run --------------------------------------------------------------------------


def test_static_files_are_gathered_as_the_image_does(tmp_path):
    target = tmp_path / "static"
    result = subprocess.run(
        ["sh", "scripts/collect-static.sh"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "PYTHON": sys.executable, "STATIC_ROOT": str(target)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (target / "staticfiles.json").exists()
    assert list(target.rglob("ui.*.css"))


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A database of its own on this run's PostgreSQL, and the file's environment led there."""
    chosen = connection.settings_dict
    host, port = chosen["HOST"] or "127.0.0.1", chosen["PORT"] or 5432
    user = chosen["USER"] or "root"
    name = f"xingyang_compose_{os.getpid()}"
    admin = f"postgresql://{user}@{host}:{port}/postgres"
    folder = tmp_path_factory.mktemp("data")
    static = tmp_path_factory.mktemp("static")
    port_of_redis = free_port()
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")

    def environment(service: str) -> dict[str, str]:
        found = _environment(service)
        found["DATABASE_URL"] = re.sub(
            r"//portal:(.*)@db:5432/portal",
            rf"//{user}:\1@{host}:{port}/{name}",
            found["DATABASE_URL"],
        )
        found["REDIS_URL"] = found["REDIS_URL"].replace(
            "@redis:6379", f"@127.0.0.1:{port_of_redis}"
        )
        found.update(
            PORTAL_VAR=str(folder),
            STATIC_ROOT=str(static),
            CELERY_QUEUE="portal",
            PATH=f"{BIN}:{os.environ['PATH']}",
            CELERY_BROKER_URL="",
            DEMO_DATA="0",
            # The tests' own; a deployment that sets it is refused, as it should be.
            DJANGO_ALLOW_ASYNC_UNSAFE="",
        )
        return found

    environment.redis_port = port_of_redis
    environment.folder = folder
    yield environment
    with psycopg.connect(admin, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def redis_service(production: Any, start: Start) -> None:
    """Redis by the file's own command: a port and a folder of ours, its password."""
    words = _words("redis")
    data = production.folder / "redis"
    data.mkdir(exist_ok=True)
    words[-1] = words[-1].replace("--dir /data", f"--dir {data} --port {production.redis_port}")
    started = start(words, {"REDIS_PASSWORD": SECRETS["REDIS_PASSWORD"]})
    started.wait_for("Ready to accept connections")
    refused = subprocess.run(
        ["redis-cli", "-p", str(production.redis_port), "ping"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "NOAUTH" in refused.stdout + refused.stderr, "Redis answers without its password"


def _healthcheck(service: str, environment: dict[str, str]) -> str:
    test = SERVICES[service]["healthcheck"]["test"]
    result = subprocess.run(
        [_filled_in(word) for word in test[1:]],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if result.returncode == 0 else result.stdout + result.stderr


@with_servers
@pytest.mark.worker
def test_every_service_comes_up_healthy_and_stops_cleanly(production, redis_service, start):
    migrate = start(_words("migrate"), production("migrate"))
    assert migrate.process.wait(120) == 0, migrate.log

    port = free_port()
    environments = {name: production(name) for name in ("web", "worker", "beat")}
    environments["web"] |= {"PORTAL_BIND": f"0.0.0.0:{port}", "WEB_WORKERS": "2"}
    started = {name: start(_words(name), environments[name]) for name in environments}
    for name, process in started.items():
        wait_until(
            lambda name=name: not _healthcheck(name, environments[name]),
            seconds=90,
            what=f"{name} to be healthy; its log:\n{process.log}",
        )
    for name, process in started.items():
        assert process.end(seconds=60) == 0, f"{name}:\n{process.log}"
        for secret in SECRETS.values():
            assert secret == SECRETS["PORTAL_HOST"] or secret not in process.log, name


# --- the proxy ----------------------------------------------------------------------------------

needs_nginx = pytest.mark.skipif(
    shutil.which("nginx") is None, reason="nginx is not installed: scripts/system-packages.sh ci"
)


@needs_nginx
def test_the_proxy_speaks_tls_and_guards_the_portal(start, tmp_path):
    """The proxy's template, filled in as its image does, before a portal that tells its headers."""
    ports = {"http": free_port(), "https": free_port(), "portal": free_port()}
    tls = tmp_path / "tls"
    tls.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=wuye.test", "-addext", "subjectAltName=DNS:wuye.test",
         "-keyout", str(tls / "privkey.pem"), "-out", str(tls / "fullchain.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    text = (PROJECT / "deploy" / "nginx.conf.template").read_text(encoding="utf-8")
    for old, new in {
        "${PORTAL_HOST}": "wuye.test",
        "/etc/nginx/tls": str(tls),
        "/etc/nginx/pages": str(PROJECT / "deploy" / "pages"),
        "/var/log/nginx/access.log": str(tmp_path / "access.log"),
        "http://web:8000": f"http://127.0.0.1:{ports['portal']}",
        # Not in every nginx that a machine has.
        "    http2 on;\n": "",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    text = re.sub(r"listen \[::\]:\d+[^;]*;", "", text)
    text = text.replace("listen 80", f"listen 127.0.0.1:{ports['http']}")
    text = text.replace("listen 443", f"listen 127.0.0.1:{ports['https']}")
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log stderr;\n"
        + "events {}\nhttp {\n"
        + "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + text
        + "\n}\n"
    )
    echo = (
        "import http.server, json\n"
        "class Echo(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        body = json.dumps(dict(self.headers)).encode()\n"
        "        self.send_response(200); self.send_header('Content-Length', str(len(body)))\n"
        "        self.send_header('X-Request-ID', 'r1'); self.end_headers()\n"
        "        self.wfile.write(body)\n"
        "    do_POST = do_GET\n"
        f"http.server.HTTPServer(('127.0.0.1', {ports['portal']}), Echo).serve_forever()\n"
    )
    start([sys.executable, "-c", echo])
    proxy = start(["nginx", "-c", str(config), "-p", str(tmp_path)])
    wait_until(lambda: _listens(ports["https"]), what=f"the proxy:\n{proxy.log}")
    wait_until(lambda: _listens(ports["portal"]), what="the portal behind it")

    trusted = ssl.create_default_context(cafile=str(tls / "fullchain.pem"))
    answer = _through(ports["https"], trusted, {"X-Real-IP": "1.2.3.4", "X-Forwarded-Host": "evil"})
    assert '"X-Real-IP": "127.0.0.1"' in answer.body
    assert "1.2.3.4" not in answer.body
    assert "evil" not in answer.body
    assert '"X-Forwarded-Proto": "https"' in answer.body
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "nginx/" not in answer.headers["Server"]

    old = ssl.create_default_context(cafile=str(tls / "fullchain.pem"))
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(OSError, match=r"(?i)ssl|reset|version"):
        _through(ports["https"], old, {})

    log = (tmp_path / "access.log").read_text()
    assert "/estates/" in log
    assert "secret-name" not in log
    assert proxy.end() == 0


class _Answer:
    def __init__(self, response: Any) -> None:
        self.headers = response.headers
        self.body = response.read().decode()


def _through(port: int, context: ssl.SSLContext, headers: dict[str, str]) -> _Answer:
    """Ask the proxy by its own name, whose address this machine does not know."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="wuye.test") as channel,
    ):
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        channel.sendall(
            f"GET /estates/?q=secret-name HTTP/1.1\r\nHost: wuye.test\r\n{lines}"
            "Connection: close\r\n\r\n".encode()
        )
        response = http.client.HTTPResponse(channel)
        response.begin()
        return _Answer(response)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
