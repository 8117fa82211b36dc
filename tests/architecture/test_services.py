"""A change is a keyword-only verb with an actor, in one transaction, with its audit entry."""

import ast

import pytest

from tests.architecture.source import (
    DOMAIN_APPS,
    app_folder,
    called_names,
    functions,
    listed,
    modules_of,
)

WRITES = frozenset(
    {"save", "create", "bulk_create", "bulk_update", "update", "delete", "move", "get_or_create",
     "update_or_create"}
)  # fmt: skip
# ``app.function``: why it records nothing or has no actor.
EXCUSED = {
    "subsidies.fee_draft_save": "a row in entry counts for nothing; its confirmation is recorded",
    "inspections.photo_remove": "of a draft only, which is its writer's own until it is reported",
}


def _services(app: str) -> list[tuple[str, ast.FunctionDef]]:
    """Return the app's services, each with where it stands.

    In a package the services are what its ``__init__`` hands out; the rest is its own.
    """
    handed_out = {
        alias.asname or alias.name
        for module in modules_of(app)
        if module.name == f"{app}.services"
        for node in module.tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    one_file = (app_folder(app) / "services.py").exists()
    return [
        (f"{module.where}:{node.lineno} {node.name}", node)
        for module in modules_of(app)
        if module.room == "services"
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and (one_file or node.name in handed_out)
    ]


def _asks_for_actor(function: ast.FunctionDef) -> bool:
    return "actor" in {
        argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)
    }


@pytest.mark.parametrize("app", DOMAIN_APPS)
def test_a_service_with_an_actor_takes_keywords_only(app):
    faults = [
        where
        for where, function in _services(app)
        if _asks_for_actor(function) and function.args.args
    ]
    assert not faults, listed(faults, "a service that takes positional arguments")


@pytest.mark.parametrize("app", DOMAIN_APPS)
def test_a_service_with_an_actor_reaches_the_audit_log(app):
    calls: dict[str, set[str]] = {}
    for module in modules_of(app):
        for function in functions(module.tree):
            calls.setdefault(function.name, set()).update(called_names(function))
    reaching = {
        name
        for name, called in calls.items()
        if called & {"record", "record_many", "enqueue", "import_commit"}
    }
    while True:
        more = {name for name, called in calls.items() if called & reaching} - reaching
        if not more:
            break
        reaching |= more
    faults = [
        where
        for where, function in _services(app)
        if _asks_for_actor(function)
        and called_names(function) & WRITES
        and function.name not in reaching
        and f"{app}.{function.name}" not in EXCUSED
    ]
    assert not faults, listed(faults, "a service that writes without an audit entry")


def test_an_excuse_names_a_service_that_is_there():
    known = {f"{app}.{function.name}" for app in DOMAIN_APPS for _, function in _services(app)}
    assert set(EXCUSED) <= known
