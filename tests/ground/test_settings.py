"""Production refuses to start half-configured and says which variable is at fault."""

import os
import subprocess
import sys

import pytest

from tests.support.environment import PROJECT

GOOD = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": "k7Jw2-pQz9_vT4mXr8LbN6cYd3HgFs5AeU1oViWnZyRtKqPm",
    "SEALING_KEYS": "Zr9mQ0u2yXH5bD3tKf7sVw1nLc8aJpE6gRiYoTqN4kU=",
    "DIGEST_KEY": "Qm4vT8sLd1_yRk6ZbW0-xGj3HcN9pFa7uEoVi2XtYnKqBw5M",
    "ALLOWED_HOSTS": "wuye.example.gov.cn",
    "DATABASE_URL": "postgres://portal:Rain-over-Suohe-41@127.0.0.1:5432/portal",
    "REDIS_URL": "redis://:Bridge-at-Jingcheng-7@127.0.0.1:6379/0",
}

SECRETS = ["SECRET_KEY", "SEALING_KEYS", "DIGEST_KEY", "DATABASE_URL", "REDIS_URL"]


def _start(tmp_path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in {**GOOD, "PORTAL_VAR": str(tmp_path), **changes}.items()
        if value is not None
    }
    return subprocess.run(
        [sys.executable, "-c", "from django.conf import settings; print(settings.PORTAL_ENV)"],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "xingyang_pm.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_starts_with_its_own_secrets(tmp_path):
    result = _start(tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "production"


@pytest.mark.parametrize(
    "name",
    ["SECRET_KEY", "SEALING_KEYS", "DIGEST_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"],
)
@pytest.mark.parametrize("value", [None, ""])
def test_production_names_the_missing_variable(tmp_path, name, value):
    result = _start(tmp_path, **{name: value})
    assert result.returncode != 0
    assert name in result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "django-insecure-" + "x" * 50),
        ("SECRET_KEY", "a" * 60),
        ("SEALING_KEYS", "too-short"),
        ("SEALING_KEYS", GOOD["SEALING_KEYS"] + ",too-short"),
        ("DIGEST_KEY", "short"),
        ("DIGEST_KEY", GOOD["SECRET_KEY"]),
        ("DATABASE_URL", "postgres://portal@127.0.0.1/portal"),
        ("DATABASE_URL", "postgres://portal:postgres@127.0.0.1/portal"),
        ("DATABASE_URL", "postgres://portal:ChangeMe@127.0.0.1/portal"),
        ("DATABASE_URL", "postgres://portal:portal@127.0.0.1/portal"),
        ("DATABASE_URL", "sqlite:////tmp/portal.sqlite3"),
        ("REDIS_URL", "redis://127.0.0.1:6379/0"),
        ("REDIS_URL", "redis://:redis@127.0.0.1:6379/0"),
        ("ALLOWED_HOSTS", "*"),
        ("DEBUG", "1"),
        ("PORTAL_ENV", "prodution"),
        ("PASSWORD_MIN_LENGTH", "4"),
        ("LOGIN_FAILURE_LIMIT", "many"),
        ("AUDIT_KEEP_DAYS", "30"),
    ],
)
def test_production_refuses_a_weak_or_wrong_value(tmp_path, name, value):
    result = _start(tmp_path, **{name: value})
    assert result.returncode != 0
    last = result.stderr.strip().splitlines()[-1]
    assert name in last
    assert "ImproperlyConfigured" in last


@pytest.mark.parametrize("name", SECRETS)
def test_a_refusal_does_not_print_the_secret(tmp_path, name):
    weak = {
        "SECRET_KEY": "secret-but-mine",
        "SEALING_KEYS": "sealed-but-not-well",
        "DIGEST_KEY": "digest-but-short",
        "DATABASE_URL": "postgres://portal:portal@127.0.0.1:54a2/portal",
        "REDIS_URL": "redis://:redis@127.0.0.1:6379/0",
    }[name]
    result = _start(tmp_path, **{name: weak})
    assert result.returncode != 0
    output = result.stdout + result.stderr
    for other, value in {**GOOD, name: weak}.items():
        if other in SECRETS:
            assert value not in output


def test_the_embedded_portal_makes_its_own_secret_once(tmp_path):
    bare = dict.fromkeys(GOOD)
    assert _start(tmp_path, **bare).stdout.strip() == "embedded"
    made = tmp_path / "secrets" / "secret_key"
    assert made.stat().st_mode & 0o077 == 0
    first = made.read_text()
    assert len(first) >= 40
    assert _start(tmp_path, **bare).returncode == 0
    assert made.read_text() == first


def test_the_keys_of_the_embedded_portal_are_its_own_and_stay(tmp_path):
    bare = dict.fromkeys(GOOD)
    assert _start(tmp_path, **bare).returncode == 0
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert {"secret_key", "sealing_key", "digest_key"} <= set(made)
    assert len(set(made.values())) == len(made)
    assert _start(tmp_path, **bare).returncode == 0
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
