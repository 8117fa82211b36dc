"""The portal's own source as modules and syntax trees, for the tests of its structure."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.environment import PROJECT

# From the bottom up, as design says; the place of an app in this list is its height.
APPS = (
    "xingyang_pm.common",
    "accounts",
    "estates",
    "enterprises",
    "inspections",
    "subsidies",
    "outreach",
    "xingyang_pm.dashboard",
    "xingyang_pm.demo",
)
DOMAIN_APPS = APPS[1:8]
INTERFACE = frozenset({"views", "api", "forms", "filters", "tables", "admin", "tasks", "urls"})


@dataclass(frozen=True)
class Module:
    """One Python file of an app. ``room`` is its first name inside the app (``views``)."""

    app: str
    path: Path

    @property
    def name(self) -> str:
        parts = self.path.relative_to(PROJECT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        rest = self.name.removeprefix(self.app).strip(".")
        return rest.split(".")[0]

    @property
    def where(self) -> str:
        return str(self.path.relative_to(PROJECT))

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), filename=str(self.path))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {
            child: parent
            for parent in ast.walk(self.tree)
            for child in ast.iter_child_nodes(parent)
        }


def app_folder(app: str) -> Path:
    return PROJECT.joinpath(*app.split("."))


def modules_of(app: str, *, migrations: bool = False) -> list[Module]:
    """Return the Python files of ``app`` in order, without its migrations unless asked."""
    found = [Module(app, path) for path in sorted(app_folder(app).rglob("*.py"))]
    return [module for module in found if migrations == (module.room == "migrations")]


def all_modules(apps: tuple[str, ...] = APPS) -> Iterator[Module]:
    for app in apps:
        yield from modules_of(app)


def own_python() -> Iterator[Path]:
    """Yield every Python file of the project: apps, tests, tools."""
    for folder in sorted(PROJECT.iterdir()):
        if folder.is_dir() and not folder.name.startswith("."):
            yield from sorted(folder.rglob("*.py"))
    yield PROJECT / "manage.py"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def called_names(node: ast.AST) -> set[str]:
    """Return the last name of every call below ``node`` (``record`` of ``audit.record``)."""
    names = set()
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            target = call.func
            if isinstance(target, ast.Attribute):
                names.add(target.attr)
            elif isinstance(target, ast.Name):
                names.add(target.id)
    return names


def listed(faults: list[str], what: str) -> str:
    """Return a message of all faults, each on a line of its own."""
    return f"{len(faults)} × {what}:\n  " + "\n  ".join(faults)
