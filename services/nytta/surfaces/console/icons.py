"""Small drawings beside words; never instead of them."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

_PATHS: Final = {
    "open": '<path d="M8 2 14.5 13.5h-13z" fill="none"/><path d="M8 6.2v3.6M8 11.4v.6"/>',
    "escalated": '<path d="M8 13V3.5M4 7.5 8 3.5l4 4"/>',
    "taken": '<circle cx="8" cy="8" r="6" fill="none"/><path d="m5.2 8.2 2 2 3.6-4"/>',
    "improving": '<path d="M2.5 11.5 6.5 7.5l2.5 2 4.5-5M10 4.5h3.5V8"/>',
    "waiting": '<circle cx="8" cy="8" r="6" fill="none"/><path d="M8 4.5V8l2.4 1.6"/>',
    "closed": '<path d="m3 8.5 3.2 3.2L13 4.8"/>',
    "invalid": '<path d="m4 4 8 8M12 4l-8 8"/>',
    "watching": '<path d="M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8z" fill="none"/>',
    "turned": '<path d="M3 5.5h8.5L9 3M13 10.5H4.5L7 13"/>',
    "good": '<path d="m3 8.5 3.2 3.2L13 4.8"/>',
    "risk": '<path d="M8 3v6M8 11.5v.8"/>',
    "bad": '<path d="M8 3.5V13M4 9l4 4 4-4"/>',
    "early": '<path d="M3 8h.01M8 8h.01M13 8h.01"/>',
    "light": '<circle cx="8" cy="8" r="3" fill="none"/><path d="M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2"/>',
    "dark": '<path d="M13 9.6A5.5 5.5 0 0 1 6.4 3a5.5 5.5 0 1 0 6.6 6.6z" fill="none"/>',
}


def icon(name: str) -> Markup:
    """A drawing that screen readers pass over; '' for a name that is not there."""
    icon_path = _PATHS.get(name)
    if icon_path is None:
        return Markup("")
    head = '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">'
    return Markup(f"{head}{icon_path}</svg>")
