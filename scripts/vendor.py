"""Build static/vendor/ and static/img/icons.svg from the npm packages named in package.json.

Run by ``make vendor``. The result is committed, so a running portal needs neither node nor a
network. Nothing of the packages' addresses ends up in it.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "static" / "vendor"
SPRITE = ROOT / "static" / "img" / "icons.svg"
ICON_LIST = VENDOR / "icons.txt"

# Only what charts.js draws: 1.1 MB of ECharts becomes a third of that.
ECHARTS_ENTRY = """
import * as core from "echarts/core";
import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent,
} from "echarts/components";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";

core.use([
  BarChart, LineChart, ScatterChart, AriaComponent, GridComponent, LegendComponent,
  MarkLineComponent, TooltipComponent, LabelLayout, SVGRenderer,
]);
export const init = core.init;
"""

LICENCES = {
    "tabler": ("@tabler/core", ("LICENSE",)),
    "tabler-icons": ("@tabler/icons", ("LICENSE",)),
    "htmx": ("htmx.org", ("LICENSE",)),
    "echarts": ("echarts", ("LICENSE", "NOTICE")),
    "zrender": ("zrender", ("LICENSE",)),
}


def install(folder: Path) -> Path:
    """Install the packages of package.json into ``folder``; return its node_modules."""
    shutil.copy(ROOT / "package.json", folder / "package.json")
    lock = ROOT / "package-lock.json"
    if lock.exists():
        shutil.copy(lock, folder / "package-lock.json")
    # A lock without addresses still pins every version by its checksum.
    verb = "ci" if lock.exists() else "install"
    subprocess.run(["npm", verb, "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder / "node_modules"


def keep_lock(folder: Path) -> None:
    """Write package-lock.json without ``resolved``, which would name a registry's host."""
    found = folder / "package-lock.json"
    if not found.exists():
        return
    lock = json.loads(found.read_text())
    for entry in lock.get("packages", {}).values():
        entry.pop("resolved", None)
        entry.pop("funding", None)
    text = json.dumps(lock, indent=2, ensure_ascii=False) + "\n"
    (ROOT / "package-lock.json").write_text(text)


def build_sprite(modules: Path) -> int:
    names = [line.strip() for line in ICON_LIST.read_text().splitlines()]
    names = [name for name in names if name and not name.startswith("#")]
    symbols = []
    for name in sorted(set(names)):
        source = modules / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
        if not source.exists():
            sys.exit(f"{ICON_LIST.relative_to(ROOT)}: no icon {name}")
        body = re.search(r"<svg[^>]*>(.*)</svg>", source.read_text(), re.DOTALL)
        if body is None:
            sys.exit(f"{source.name}: not an SVG as expected")
        shapes = re.sub(r'<path stroke="none" d="M0 0h24v24H0z"[^>]*/>', "", body[1])
        shapes = re.sub(r"\s*\n\s*", "", shapes)
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    SPRITE.parent.mkdir(parents=True, exist_ok=True)
    SPRITE.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    )
    return len(symbols)


def build(folder: Path, modules: Path) -> None:
    (VENDOR / "tabler").mkdir(parents=True, exist_ok=True)
    css = (modules / "@tabler" / "core" / "dist" / "css" / "tabler.min.css").read_text()
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)
    (VENDOR / "tabler" / "tabler.min.css").write_text(css)

    (VENDOR / "htmx").mkdir(exist_ok=True)
    shutil.copy(modules / "htmx.org" / "dist" / "htmx.min.js", VENDOR / "htmx" / "htmx.min.js")

    (VENDOR / "echarts").mkdir(exist_ok=True)
    entry = folder / "echarts-portal.js"
    entry.write_text(ECHARTS_ENTRY)
    subprocess.run(
        [
            str(modules / ".bin" / "esbuild"),
            str(entry),
            "--bundle",
            "--minify",
            "--format=iife",
            "--global-name=echarts",
            "--target=es2019",
            "--legal-comments=none",
            '--define:process.env.NODE_ENV="production"',
            f"--outfile={VENDOR / 'echarts' / 'echarts.portal.min.js'}",
        ],
        cwd=folder,
        check=True,
    )
    licences = VENDOR / "licences"
    licences.mkdir(exist_ok=True)
    for name, (package, files) in LICENCES.items():
        texts = [modules / package / file for file in files]
        found = [path.read_text() for path in texts if path.exists()]
        if found:
            (licences / f"{name}.txt").write_text("\n\n".join(found).rstrip() + "\n")
        elif not (licences / f"{name}.txt").exists():
            sys.exit(f"{package} ships no licence file; put its text into licences/{name}.txt")


def write_versions(modules: Path) -> None:
    lines = []
    for package in ("@tabler/core", "@tabler/icons", "htmx.org", "echarts"):
        info = json.loads((modules / package / "package.json").read_text())
        lines.append(f"{package} {info['version']} {info.get('license', '')}")
    for path in sorted(VENDOR.rglob("*.min.*")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{digest}  {path.relative_to(VENDOR)}")
    (VENDOR / "VERSIONS.txt").write_text("\n".join(lines) + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        modules = install(folder)
        keep_lock(folder)
        build(folder, modules)
        icons = build_sprite(modules)
        write_versions(modules)
    print(f"static/vendor/ is built; {icons} icons in static/img/icons.svg")


if __name__ == "__main__":
    main()
