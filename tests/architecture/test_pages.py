"""Templates compile and obey the content policy, nothing points outside, lists are whole."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import TemplateSyntaxError
from django.template.loader import get_template
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from tests.architecture.source import APPS, app_folder, listed
from tests.support.environment import PROJECT
from xingyang_pm.common.views.generic import ListPage

TEMPLATE_FOLDERS = [
    folder
    for folder in (PROJECT / "templates", *(app_folder(app) / "templates" for app in APPS))
    if folder.is_dir()
]
TEMPLATES = [
    (path, path.relative_to(folder).as_posix())
    for folder in TEMPLATE_FOLDERS
    for path in sorted(folder.rglob("*"))
    if path.suffix in {".html", ".txt", ".svg"}
]
STATIC = [
    path
    for path in sorted((PROJECT / "static").rglob("*"))
    if path.suffix in {".css", ".js", ".json", ".html", ".svg", ".webmanifest"}
]

# Names, not addresses: nothing is fetched from them.
NAMESPACES = (
    "http://www.w3.org/",
    "http://ns.adobe.com/",
    "http://www.aiim.org/pdfa/",
    "http://purl.org/dc/",
)
OWN = ("http://127.0.0.1", "http://localhost")
# Parts of others, kept as they came: their licence and error texts name their homes.
VENDOR = PROJECT / "static" / "vendor"

# What reads the slip that clerks make, in order to mend it.
READS_THE_SLIP = ("xingyang_pm/common/spelling.py", "xingyang_pm/common/ledgers/cells.py")

# A list without a filter set or a table of its own, and why.
EXCUSED_LISTS: dict[str, str] = {
    "xingyang_pm.common.views.jobs.JobList": "own jobs, a dozen at most",
    "xingyang_pm.common.views.imports.ImportList": "own uploads of one ledger",
}


def _addresses(text: str) -> list[str]:
    found = re.findall(r"(?:https?:)?//[A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z]{2,}[^\s\"'<>)]*", text)
    return [
        address
        for address in found
        if not address.startswith(NAMESPACES) and not address.startswith(OWN)
    ]


@pytest.mark.parametrize("name", [name for _, name in TEMPLATES])
def test_a_template_compiles(name):
    try:
        get_template(name)
    except TemplateSyntaxError as error:
        pytest.fail(f"{name}: {error}")


def test_templates_carry_no_inline_style_or_script():
    rules = {
        "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
        "style element": re.compile(r"<style[\s>]", re.IGNORECASE),
        "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.IGNORECASE),
        "inline script": re.compile(
            r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE
        ),
        "javascript: link": re.compile(r"href\s*=\s*[\"']javascript:", re.IGNORECASE),
    }
    faults = []
    for path, name in TEMPLATES:
        # Papers are rendered by the PDF engine, never by a browser.
        if name.startswith("print/"):
            continue
        text = path.read_text(encoding="utf-8")
        for title, rule in rules.items():
            faults += [
                f"{name}:{text[: match.start()].count(chr(10)) + 1} {title}"
                for match in rule.finditer(text)
            ]
    assert not faults, listed(faults, "what the content policy refuses")


def test_pages_and_scripts_name_no_foreign_address():
    faults = []
    for path in [*(path for path, _ in TEMPLATES), *STATIC]:
        if path.is_relative_to(VENDOR):
            continue
        faults += [
            f"{path.relative_to(PROJECT)}: {address}"
            for address in _addresses(path.read_text(encoding="utf-8", errors="replace"))
        ]
    assert not faults, listed(faults, "a foreign address")


def test_vendored_styles_load_nothing_from_elsewhere():
    faults = []
    for path in VENDOR.rglob("*.css"):
        text = path.read_text(encoding="utf-8", errors="replace")
        faults += [
            f"{path.relative_to(PROJECT)}: {match[:80]}"
            for match in re.findall(
                r"(?:url\(\s*[\"']?|@import\s+[\"'])(?:https?:)?//[^)\"']*", text
            )
        ]
    assert not faults, listed(faults, "a vendored style that loads from elsewhere")


def test_every_vendored_part_brings_its_licence():
    licences = {path.stem for path in (VENDOR / "licences").iterdir()}
    parts = {path.name for path in VENDOR.iterdir() if path.is_dir()} - {"licences"}
    assert parts, "no vendored part was found"
    assert parts <= licences, f"without a licence: {sorted(parts - licences)}"


def test_nobody_writes_the_city_wrongly():
    wrong = "\u8363\u9633"
    faults = [
        str(path.relative_to(PROJECT))
        for pattern in ("*.py", "*.html", "*.md", "*.css", "*.js", "*.yml", "*.txt")
        for path in PROJECT.rglob(pattern)
        if not path.is_relative_to(PROJECT / ".venv")
        and not path.is_relative_to(PROJECT / "var")
        and not path.is_relative_to(PROJECT / "node_modules")
        and not path.is_relative_to(PROJECT / "tests")
        and not str(path.relative_to(PROJECT)).startswith(READS_THE_SLIP)
        and wrong in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert not faults, listed(faults, "荥阳 is written wrongly")


# --- lists ----------------------------------------------------------------------------------


def _views(patterns: list[URLPattern | URLResolver]) -> Iterator[type]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from _views(entry.url_patterns)
        else:
            view = getattr(entry.callback, "view_class", None)
            if view is not None:
                yield view


def _lists() -> list[type[ListPage]]:
    found = {view for view in _views(get_resolver().url_patterns) if issubclass(view, ListPage)}
    return sorted(found, key=lambda view: f"{view.__module__}.{view.__qualname__}")


def test_every_list_has_a_table_and_a_filter_set():
    faults = []
    for view in _lists():
        name = f"{view.__module__}.{view.__qualname__}"
        if name in EXCUSED_LISTS:
            continue
        if getattr(view, "table_class", None) is None:
            faults.append(f"{name} has no table")
        if view.filterset_class is None:
            faults.append(f"{name} has no filter set")
    assert _lists(), "no list was found at all"
    assert not faults, listed(faults, "a list that is not whole")


def test_every_list_says_what_to_do_when_it_is_empty():
    faults = [f"{view.__module__}.{view.__qualname__}" for view in _lists() if not view.empty_text]
    assert not faults, listed(faults, "a list whose empty state says nothing")


def test_static_files_named_in_templates_exist():
    faults = []
    for path, name in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for wanted in re.findall(r"{%\s*static\s+[\"']([^\"']+)[\"']", text):
            if not any((folder / wanted).exists() for folder in _static_folders()):
                faults.append(f"{name}: {wanted}")
    assert not faults, listed(faults, "a static file that is not there")


def _static_folders() -> list[Path]:
    return [PROJECT / "static", *(app_folder(app) / "static" for app in APPS)]
