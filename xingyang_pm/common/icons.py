"""Icons of the sprite ``static/img/icons.svg`` as markup."""

from functools import lru_cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString


@lru_cache(maxsize=512)
def icon_html(name: str, css: str = "") -> SafeString:
    """Return the icon ``name``; the word beside it carries the meaning, so it is hidden from
    screen readers."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f"ti {css}".strip(),
        static("img/icons.svg"),
        name,
    )
