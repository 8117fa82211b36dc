"""``python scripts/import_layers.py``: check the import contracts of pyproject.toml."""

import sys
from pathlib import Path

from importlinter import configuration
from importlinter.application.use_cases import lint_imports

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    configuration.configure()
    sys.exit(not lint_imports(str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True))
