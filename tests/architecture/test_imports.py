"""Who may import whom: the contracts of pyproject.toml, and what a contract cannot say."""

import ast
import re
import subprocess
import sys
import tokenize

import grimp
import pytest
from django.apps import apps as django_apps

from tests.architecture.source import (
    APPS,
    DOMAIN_APPS,
    INTERFACE,
    app_folder,
    listed,
    modules_of,
    own_python,
)
from tests.support.environment import PROJECT

# What every app draws from (design §1); a module may become a package.
CLOSED_LIST = frozenset(
    {
        "apps", "choices", "calculations", "querysets", "models", "selectors", "reports",
        "services", "imports", "exports", "forms", "filters", "tables", "views", "urls", "api",
        "tasks", "admin",
    }
)  # fmt: skip
# Django's own places, whose names Django gives.
FRAMEWORK = frozenset({"migrations", "management", "templatetags"})
EXCUSED = {
    "accounts.backends": "AUTHENTICATION_BACKENDS asks for a class by its path",
    "accounts.middleware": "MIDDLEWARE asks for a class by its path",
    "accounts.validators": "AUTH_PASSWORD_VALIDATORS asks for classes by their path",
    "estates.reference": "the official streets and communities, as data",
    "inspections.reference": "the office's checklists, as data",
}
# Who may read by token is said once, in accounts; other apps' api may ask it.
SHARED = {("accounts", "api"): "api"}


def test_the_import_contracts_are_kept():
    result = subprocess.run(
        [sys.executable, "scripts/import_layers.py"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("app", DOMAIN_APPS)
def test_an_app_has_only_rooms_of_the_closed_list(app):
    found = {
        entry.name.removesuffix(".py")
        for entry in app_folder(app).iterdir()
        if (entry.suffix == ".py" or entry.is_dir()) and not entry.name.startswith("__")
    }
    rooms = {room for room in found if f"{app}.{room}" not in EXCUSED}
    strange = rooms - CLOSED_LIST - FRAMEWORK
    assert not strange, f"{app} has rooms that no other app has: {sorted(strange)}"


def test_every_app_is_in_the_order_of_layers():
    ours = {
        config.name
        for config in django_apps.get_app_configs()
        if (PROJECT / config.path).is_relative_to(PROJECT)
        and not (PROJECT / config.path).is_relative_to(PROJECT / ".venv")
    }
    assert ours == set(APPS)


def test_pages_forms_and_tasks_of_an_app_are_its_own():
    graph = grimp.build_graph(
        "xingyang_pm", "accounts", "estates", "enterprises", "inspections", "subsidies",
        "outreach", cache_dir=None,
    )  # fmt: skip
    faults = []
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            owner = next((app for app in DOMAIN_APPS if imported.startswith(f"{app}.")), None)
            if owner is None or importer.startswith(f"{owner}."):
                continue
            room = imported.removeprefix(f"{owner}.").split(".")[0]
            if room not in INTERFACE or importer == "xingyang_pm.urls":
                continue
            shared_with = SHARED.get((owner, room))
            if shared_with and f".{shared_with}" in importer:
                continue
            faults.append(f"{importer} imports {imported}")
    assert not faults, listed(faults, "a page of another app is imported")


@pytest.mark.parametrize("app", APPS)
def test_migrations_import_no_app(app):
    faults = []
    allowed = re.compile(r"^(django|datetime|uuid|decimal|xingyang_pm\.common)(\.|$)")
    for module in modules_of(app, migrations=True):
        for node in ast.walk(module.tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            faults += [f"{module.where}: {name}" for name in names if not allowed.match(name)]
    assert not faults, listed(faults, "a migration imports what will have changed when it runs")


# --- upward references that no import shows ------------------------------------------------


def _height(app_label: str) -> int:
    return next(n for n, name in enumerate(APPS) if name.rpartition(".")[2] == app_label)


def _names_given_from_above() -> dict[int, dict[str, str]]:
    """Return, by the height of the lower app, the reverse names that upper apps give its models."""
    found: dict[int, dict[str, str]] = {}
    labels = {name.rpartition(".")[2] for name in APPS}
    for model in django_apps.get_models():
        if model._meta.app_label not in labels:
            continue
        lower = _height(model._meta.app_label)
        for relation in model._meta.related_objects:
            if relation.hidden or relation.related_model._meta.app_label not in labels:
                continue
            upper = _height(relation.related_model._meta.app_label)
            if upper > lower:
                for name in (relation.name, relation.get_accessor_name()):
                    for height in range(lower, upper):
                        label = relation.related_model._meta.label
                        found.setdefault(height, {})[name] = label
    return found


def _own_names(app: str) -> set[str]:
    """Return every name that ``app`` and the apps below it give to fields and relations."""
    names: set[str] = set()
    height = APPS.index(app)
    for model in django_apps.get_models():
        if any(model._meta.app_label == name.rpartition(".")[2] for name in APPS[: height + 1]):
            names |= {field.name for field in model._meta.get_fields() if not field.auto_created}
            for relation in model._meta.related_objects:
                label = relation.related_model._meta.app_label
                if any(label == name.rpartition(".")[2] for name in APPS[: height + 1]):
                    names |= {relation.name, relation.get_accessor_name() or ""}
    return names


@pytest.mark.parametrize("app", APPS[:-2])
def test_no_lookup_or_string_key_points_up(app):
    """``estate.subsidy_lines`` or ``engagements__provider`` in estates is an import upwards."""
    above = _names_given_from_above().get(APPS.index(app), {})
    watched = {name: label for name, label in above.items() if name not in _own_names(app)}
    upper = tuple(name.rpartition(".")[2] for name in APPS[APPS.index(app) + 1 :])
    key = re.compile(rf"^({'|'.join(upper)})\.[A-Z]\w+$")
    faults = []
    for module in modules_of(app):
        for node in ast.walk(module.tree):
            where = f"{module.where}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if key.match(node.value):
                    faults.append(f"{where} names the model {node.value}")
                segments = node.value.lstrip("-").split("__")
                if len(segments) > 1:
                    faults += [
                        f"{where} {node.value!r} → {watched[s]}" for s in segments if s in watched
                    ]
            elif isinstance(node, ast.keyword) and node.arg:
                segments = node.arg.split("__")
                if len(segments) > 1:
                    faults += [
                        f"{where} {node.arg}= → {watched[s]}" for s in segments if s in watched
                    ]
    assert not faults, listed(faults, "a reference to what stands above")


def test_a_silenced_rule_has_its_reason():
    """Without the why nobody knows when it may go."""
    silencer = re.compile(r"#\s*(ruff:\s*)?(noqa|type:\s*ignore|pragma:)")
    told = re.compile(
        r"# (ruff: )?noqa: [A-Z]+\d+(, [A-Z]+\d+)*  \S"
        r"|# type: ignore\[[a-z, -]+\]  # \S"
        r"|# pragma: no (cover|branch)  \S"
    )
    faults = []
    for path in own_python():
        with path.open("rb") as source:
            faults += [
                f"{path.relative_to(PROJECT)}:{token.start[0]} {token.string}"
                for token in tokenize.tokenize(source.readline)
                if token.type == tokenize.COMMENT
                and silencer.match(token.string)
                and not told.match(token.string)
            ]
    assert not faults, listed(faults, "a rule is silenced without a reason")


def test_a_test_that_is_left_out_says_why():
    faults = []
    for path in sorted((PROJECT / "tests").rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        told = {
            node.func
            for node in nodes
            if isinstance(node, ast.Call) and any(word.arg == "reason" for word in node.keywords)
        }
        faults += [
            f"{path.relative_to(PROJECT)}:{node.lineno} {ast.unparse(node)}"
            for node in nodes
            if isinstance(node, ast.Attribute)
            and ast.unparse(node).startswith(("pytest.mark.skip", "pytest.mark.xfail"))
            and node not in told
        ]
    assert not faults, listed(faults, "a test is left out without a reason")
