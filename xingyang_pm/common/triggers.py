"""Rules that a constraint cannot say, said as triggers on SQLite and PostgreSQL alike.

A model declares them in a class attribute, next to its constraints::

    triggers = [
        AppendOnly("audit", "操作日志只能追加，不能修改或删除。"),
        AllowedMoves("status", {("draft", "sent"), ("sent", "done")}, "…"),
    ]

They are laid at the end of every ``migrate`` (``post_migrate``) and lifted at its beginning, not
laid by a single migration, because SQLite rebuilds a table on most schema changes and silently
drops its triggers with it. All doors meet them: form, API, import, admin, ``update()``,
``bulk_update``, raw SQL. A refused statement raises ``IntegrityError`` whose text holds the
Chinese sentence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "portal_"
LOCKS = 1024


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _column(model: type[models.Model], name: str) -> str:
    """Return the quoted column of ``name``, which must be a field of the model's own table."""
    field_ = model._meta.get_field(name)
    if not isinstance(field_, models.Field):
        raise TypeError(f"{model._meta.label}.{name} has no column")
    return f'"{field_.column}"'


@dataclass(frozen=True)
class Guard:
    """Refuses ``events`` when ``condition`` holds.

    ``condition`` is portable SQL over ``OLD`` and ``NEW``; ``{table}`` is the model's table
    and ``{differs}`` the operator that compares with NULL (``IS NOT`` or
    ``IS DISTINCT FROM``). ``{row_lock}`` behind a sub-select on PostgreSQL makes its writers wait
    for each other, so that what the guard has read still holds when both commit. ``lock`` is a
    whole-number expression whose value serialises concurrent writers on PostgreSQL (SQLite has
    one writer anyway); values share ``LOCKS`` locks, since the server keeps each lock of a
    transaction in memory and runs out of it in an import of tens of thousands of rows.
    """

    name: str
    events: tuple[str, ...]
    condition: str
    message: str
    lock: str = ""

    def condition_for(self, model: type[models.Model], event: str) -> str:
        return self.condition

    def _render(self, model: type[models.Model], event: str, vendor: str) -> str:
        return (
            self.condition_for(model, event)
            .replace("{table}", f'"{model._meta.db_table}"')
            .replace("{differs}", "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM")
            .replace("{row_lock}", "" if vendor == "sqlite" else "FOR NO KEY UPDATE")
        )

    def trigger_name(self, model: type[models.Model], event: str) -> str:
        return f"{PREFIX}{model._meta.db_table}_{self.name}_{event[0].lower()}"[:63]

    def create(self, model: type[models.Model], vendor: str) -> Iterable[str]:
        """Yield the statements that lay this trigger, in order."""
        table = model._meta.db_table
        for event in self.events:
            name = self.trigger_name(model, event)
            condition = self._render(model, event, vendor)
            if vendor == "sqlite":
                yield f'DROP TRIGGER IF EXISTS "{name}"'
                yield (
                    f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" BEGIN '
                    f"SELECT RAISE(ABORT, {_quote(self.message)}) WHERE {condition}; END"
                )
            else:
                result = "OLD" if event == "DELETE" else "NEW"
                lock = (
                    f"PERFORM pg_advisory_xact_lock(hashtext({_quote(table + self.name)}), "
                    f"(({self.lock}) % {LOCKS})::int);"
                    if self.lock and event != "DELETE"
                    else ""
                )
                yield (
                    f'CREATE OR REPLACE FUNCTION "{name}"() RETURNS trigger AS $portal$ BEGIN '
                    f"{lock} IF {condition} THEN RAISE EXCEPTION USING MESSAGE = "
                    f"{_quote(self.message)}, ERRCODE = '23514'; END IF; RETURN {result}; "
                    f"END $portal$ LANGUAGE plpgsql"
                )
                yield f'DROP TRIGGER IF EXISTS "{name}" ON "{table}"'
                yield (
                    f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" '
                    f'FOR EACH ROW EXECUTE FUNCTION "{name}"()'
                )


@dataclass(frozen=True)
class Frozen(Guard):
    """Refuses to change or delete a row once ``condition`` (over ``OLD``) holds.

    ``fields`` names what is frozen; empty means every column but those in ``allow``.
    """

    events: tuple[str, ...] = ("UPDATE", "DELETE")
    condition: str = "TRUE"
    message: str = "这条记录已经定案，不能修改或删除。"
    fields: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()

    def condition_for(self, model: type[models.Model], event: str) -> str:
        if event == "DELETE":
            return f"({self.condition})"
        columns = [
            column.column
            for column in model._meta.concrete_fields
            if column.name not in self.allow and (not self.fields or column.name in self.fields)
        ]
        changed = " OR ".join(f'NEW."{name}" {{differs}} OLD."{name}"' for name in columns)
        return f"({self.condition}) AND ({changed})"


def AppendOnly(name: str, message: str) -> Frozen:
    """Rows may be added, never changed or deleted."""
    return Frozen(name=name, message=message)


@dataclass(frozen=True)
class AllowedMoves(Guard):
    """Lets ``column`` change only along ``moves``; new rows start in ``initial`` (if given)."""

    name: str = "moves"
    events: tuple[str, ...] = ("INSERT", "UPDATE")
    condition: str = ""
    message: str = "状态不能这样改动。"
    column: str = "status"
    moves: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    initial: tuple[str, ...] = ()

    def condition_for(self, model: type[models.Model], event: str) -> str:
        column = _column(model, self.column)
        if event == "INSERT":
            if not self.initial:
                return "FALSE"
            listed = ", ".join(_quote(state) for state in self.initial)
            return f"NEW.{column} NOT IN ({listed})"
        allowed = " OR ".join(
            f"(OLD.{column} = {_quote(source)} AND NEW.{column} = {_quote(target)})"
            for source, target in sorted(self.moves)
        )
        return f"NEW.{column} {{differs}} OLD.{column} AND NOT ({allowed or 'FALSE'})"


@dataclass(frozen=True)
class NoOverlap(Guard):
    """Refuses two rows of the same ``key`` whose days ``start``..``end`` (inclusive) meet.

    An empty ``end`` means "until further notice". ``live`` is a condition over the alias
    ``other`` and, with ``NEW``, over the new row, for rows that count (e.g. not cancelled).
    """

    name: str = "overlap"
    events: tuple[str, ...] = ("INSERT", "UPDATE")
    condition: str = ""
    message: str = "起止日期与已有记录重叠。"
    key: str = ""
    start: str = "start_date"
    end: str = "end_date"
    live: str = "TRUE"

    def condition_for(self, model: type[models.Model], event: str) -> str:
        key, start, end = (_column(model, name) for name in (self.key, self.start, self.end))
        alive_new = self.live.replace("{row}", "NEW")
        alive_other = self.live.replace("{row}", "other")
        return (
            f"({alive_new}) AND EXISTS (SELECT 1 FROM {{table}} other WHERE "  # noqa: S608  names of our own models only
            f"other.{key} = NEW.{key} AND other.id <> COALESCE(NEW.id, -1) AND ({alive_other}) "
            f"AND (NEW.{end} IS NULL OR other.{start} <= NEW.{end}) "
            f"AND (other.{end} IS NULL OR other.{end} >= NEW.{start}))"
        )


def declared(model: type[models.Model]) -> list[Guard]:
    return list(getattr(model, "triggers", []))


def _models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if declared(model)]


def install(connection: BaseDatabaseWrapper | None = None, **kwargs: Any) -> None:
    """Lay every declared trigger whose table exists; safe to run again."""
    connection = connection or connections["default"]
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for model in _models():
            if model._meta.db_table not in tables:
                continue
            for guard in declared(model):
                for statement in guard.create(model, connection.vendor):
                    cursor.execute(statement)


def expected_names() -> set[str]:
    return {
        guard.trigger_name(model, event)
        for model in _models()
        for guard in declared(model)
        for event in guard.events
    }


def installed(connection: BaseDatabaseWrapper | None = None) -> dict[str, str]:
    """Return the names of the portal's triggers that stand in the database, with their tables."""
    connection = connection or connections["default"]
    query = (
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'portal_%'"
        if connection.vendor == "sqlite"
        else "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal AND tgname LIKE 'portal_%'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def missing_names(connection: BaseDatabaseWrapper | None = None) -> set[str]:
    """Return the declared triggers that tables of the database should have and lack."""
    connection = connection or connections["default"]
    tables = set(connection.introspection.table_names())
    standing = installed(connection)
    return {
        name
        for model in _models()
        if model._meta.db_table in tables
        for guard in declared(model)
        for event in guard.events
        if (name := guard.trigger_name(model, event)) not in standing
    }


def remove_all(connection: BaseDatabaseWrapper) -> None:
    """Take all triggers away until the next :func:`install`.

    Every ``migrate`` that has something to do begins with it: SQLite cannot rebuild a table that
    the trigger of another one names, and a migration may have to fill a new column of frozen
    rows. The portal does not call itself ready without them.
    """
    with connection.cursor() as cursor:
        for name, table in installed(connection).items():
            suffix = "" if connection.vendor == "sqlite" else f' ON "{table}"'
            cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{suffix}')


def lift(plan: Sequence[Any], using: str, **kwargs: Any) -> None:
    """Clear the way for the migrations of ``plan`` (``pre_migrate``)."""
    if plan:
        remove_all(connections[using])


def sentence(error: Exception) -> str:
    """Return the Chinese sentence inside an ``IntegrityError``, or a general one."""
    text = str(error).split("\n")[0]
    if any("一" <= character <= "鿿" for character in text):
        return text.strip()
    return "数据与已有记录冲突，没有保存。"
