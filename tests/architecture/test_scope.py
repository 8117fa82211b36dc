"""No row reaches a page, an API answer or a choice but through ``visible_to``."""

import ast

from tests.architecture.source import DOMAIN_APPS, Module, all_modules, listed

COMMON = "xingyang_pm.common"
ROOMS = frozenset({"views", "api", "forms", "tables"})
# They scope each choice of rows to the user when the form is made (common.forms).
SCOPING_FORMS = frozenset({"PortalForm", "PortalModelForm"})
MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
SHORTCUTS = frozenset({"get_object_or_404", "get_list_or_404"})

# ``path function``: why the rows need no scope there.
EXCUSED: dict[str, str] = {}


def _chain_above(module: Module, node: ast.AST) -> set[str]:
    """Return the attributes asked of ``node`` in one expression: ``objects.x().visible_to(u)``."""
    seen = set()
    while True:
        parent = module.parents.get(node)
        if isinstance(parent, ast.Attribute) and parent.value is node:
            seen.add(parent.attr)
        elif not (isinstance(parent, ast.Call) and parent.func is node):
            return seen
        node = parent


def _function_of(module: Module, node: ast.AST) -> str:
    names = []
    while node in module.parents:
        node = module.parents[node]
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
    return ".".join(reversed(names)) or "(module)"


def _is_scoped_elsewhere(module: Module, node: ast.AST, chain: set[str]) -> bool:
    """Tell whether the rows are none at all, or a form's declared choices."""
    if "visible_to" in chain or "none" in chain:
        return True
    while node in module.parents:
        node = module.parents[node]
        if isinstance(node, ast.FunctionDef):
            return False
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            return module.room == "forms" and bool(bases & SCOPING_FORMS)
    return False


def _interface_modules() -> list[Module]:
    return [module for module in all_modules((COMMON, *DOMAIN_APPS)) if module.room in ROOMS]


def test_objects_is_followed_by_visible_to():
    faults = []
    for module in _interface_modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr in MANAGERS:
                if _is_scoped_elsewhere(module, node, _chain_above(module, node)):
                    continue
            elif not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in SHORTCUTS
                and node.args
                and "visible_to" not in ast.unparse(node.args[0])
            ):
                continue
            place = f"{module.where} {_function_of(module, node)}"
            if place not in EXCUSED:
                faults.append(f"{place} (line {node.lineno})")
    assert not faults, listed(faults, "rows are read past the scope")


def test_the_finder_finds():
    """The test above would be green on anything if its finder found nothing."""
    tree = ast.parse(
        "def f(u):\n    return Estate.objects.filter(a=1).visible_to(u)\n"
        "def g(u):\n    return Estate.objects.filter(a=1)\n"
    )

    class Sample(Module):
        pass

    sample = Sample("estates", all_modules().__next__().path)
    sample.__dict__["tree"] = tree
    found = [
        _function_of(sample, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in MANAGERS
        and "visible_to" not in _chain_above(sample, node)
    ]
    assert found == ["g"]


def test_an_excuse_is_still_needed():
    places = {
        f"{module.where} {_function_of(module, node)}"
        for module in _interface_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS
    }
    assert set(EXCUSED) <= places
