"""System checks: the fonts are whole, and the library that cuts them is there."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from . import fonts

# The names that weasyprint.text.ffi tries; asking WeasyPrint itself would load Pango into
# every manage.py command.
HARFBUZZ_SUBSET = ("libharfbuzz-subset.so.0", "libharfbuzz-subset.0.dylib")


def library_found(names: Sequence[str]) -> bool:
    """Whether the loader finds one of ``names``."""
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def harfbuzz_subset(
    app_configs: Any, *, names: Sequence[str] = HARFBUZZ_SUBSET, **kwargs: Any
) -> list[CheckMessage]:
    """Without the library no paper is printed; the rest of the portal works."""
    if library_found(names):
        return []
    kind = Error if settings.PRODUCTION else Warning
    return [
        kind(
            "缺少系统库 libharfbuzz-subset，不能生成 PDF",
            hint="apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
            id="portal.E010" if settings.PRODUCTION else "portal.W010",
        )
    ]


def font_files(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The committed faces are there and unchanged."""
    return [
        Error(f"公文字体缺失或损坏：{name}", hint="重新取得 static/fonts 目录", id="portal.E011")
        for name in fonts.damaged_faces(Path(settings.FONT_DIR))
    ]


def register_checks() -> None:
    register(harfbuzz_subset)
    register(font_files, Tags.files)
