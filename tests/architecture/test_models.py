"""Every model is scoped, audited and in the glossary; migrations are whole, linear and named."""

import ast
import re
from collections import defaultdict

import pytest
from django.apps import apps as django_apps
from django.core.management import CommandError, call_command
from django.db.migrations.loader import MigrationLoader

from tests.architecture.source import APPS, called_names, functions, listed, modules_of
from xingyang_pm.common import triggers
from xingyang_pm.common.scoping import ScopedQuerySet, scope_of

LABELS = tuple(app.rpartition(".")[2] for app in APPS)
MODELS = [model for model in django_apps.get_models() if model._meta.app_label in LABELS]

# Written without an entry of their own in the audit log, each for its reason.
NOT_AUDITED = {
    "common.AuditEntry": "is the audit log",
    "common.AuditSubject": "is the audit log",
    "common.PeriodicRun": "is a log of its own: what ran last and how it went",
    "common.NumberSeries": "the number stands in the record that took it",
    "estates.Community": "the official list of places, loaded by a command that can be repeated",
    "common.SavedView": "a person's own convenience, no business",
    "accounts.PasswordHistory": "its change is the entry password.change",
}
# Met by a race or a mistake of ours, never by what somebody types.
SEEN_BY_NO_FORM = frozenset(
    {
        "checklist_version_once",
        "community_name_once",
        "inspectionversion_number_once",
        "itemresult_once",
        "numberseries_once",
        "order_serial_once",
        "photoflag_kind_once",
        "photoflag_once",
        "recheck_serial_once",
        "reminder_once",
        "recheckitem_once",
        "replyitem_once",
        "surveydifference_once",
        "userrole_once",
    }
)


def test_every_model_says_who_sees_its_rows():
    faults = [model._meta.label for model in MODELS if scope_of(model) is None]
    assert not faults, listed(faults, "a model without a scope (nobody would see a row)")


def test_every_model_is_read_through_the_scope():
    faults = [
        model._meta.label
        for model in MODELS
        if not isinstance(model._default_manager.get_queryset(), ScopedQuerySet)
    ]
    assert not faults, listed(faults, "a model whose manager knows no visible_to")


def _recording(app: str) -> dict[str, set[str]]:
    """Return by model name the functions of ``app`` that write it and reach the audit log."""
    calls: dict[str, set[str]] = {}
    mentions: dict[str, set[str]] = defaultdict(set)
    names = {model.__name__ for model in MODELS}
    for module in modules_of(app):
        if module.room in {"models", "migrations", "querysets"}:
            continue
        for function in functions(module.tree):
            calls.setdefault(function.name, set()).update(called_names(function))
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and node.id in names:
                    mentions[node.id].add(function.name)
    reaching = {
        name for name, called in calls.items() if called & {"record", "_record", "record_many"}
    }
    while True:
        more = {name for name, called in calls.items() if called & reaching} - reaching
        if not more:
            break
        reaching |= more
    # A writer may be called by the function that records.
    called_by_recorder = set().union(*(calls[name] for name in reaching)) if reaching else set()
    return {
        model: {name for name in where if name in reaching or name in called_by_recorder}
        for model, where in mentions.items()
    }


@pytest.mark.parametrize("app", APPS[:-1])
def test_every_model_is_written_with_an_audit_entry(app):
    recording = _recording(app)
    own = [model for model in MODELS if model._meta.app_label == app.rpartition(".")[2]]
    faults = [
        model._meta.label
        for model in own
        if model._meta.label not in NOT_AUDITED and not recording.get(model.__name__)
    ]
    assert not faults, listed(faults, "a model that no audited service writes")


def test_an_excuse_names_a_model_that_is_there():
    assert set(NOT_AUDITED) <= {model._meta.label for model in MODELS}
    assert all(NOT_AUDITED.values())


def test_the_glossary_is_up_to_date():
    try:
        call_command("glossary", check=True, verbosity=0)
    except CommandError as error:
        pytest.fail(f"{error}: run manage.py glossary")


def test_every_field_has_a_chinese_name():
    faults = [
        f"{model._meta.label}.{field.name}: {field.verbose_name}"
        for model in MODELS
        for field in model._meta.concrete_fields
        if field.name != "id" and not re.search(r"[一-鿿]|SHA-256", str(field.verbose_name))
    ]
    assert not faults, listed(faults, "a field without a Chinese name")


def test_every_constraint_that_a_form_can_meet_has_its_sentence():
    """The sentence is what a clerk reads; without it Django says “违反约束 name”."""
    faults = []
    for model in MODELS:
        for constraint in model._meta.constraints:
            sentence = str(constraint.violation_error_message or "")
            if constraint.name not in SEEN_BY_NO_FORM and not re.search(r"[一-鿿].*。$", sentence):
                faults.append(f"{model._meta.label}: {constraint.name}")
    assert not faults, listed(faults, "a constraint without a Chinese sentence")


def test_trigger_names_are_not_cut_into_each_other():
    names = [
        guard.trigger_name(model, event)
        for model in MODELS
        for guard in triggers.declared(model)
        for event in guard.events
    ]
    assert len(names) == len(set(names))


def test_no_migration_is_missing(db):
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    except SystemExit:
        pytest.fail("models have changed: run manage.py makemigrations")


def test_migrations_are_linear_and_named():
    loader = MigrationLoader(None)
    for label in LABELS:
        leaves = loader.graph.leaf_nodes(label)
        assert len(leaves) <= 1, f"{label} has more than one leaf: {leaves}"
    unnamed = [
        f"{label}.{name}"
        for label, name in loader.disk_migrations
        if label in LABELS and re.search(r"_auto_\d{8}_", name)
    ]
    assert not unnamed, listed(unnamed, "a migration without a name of its own")
