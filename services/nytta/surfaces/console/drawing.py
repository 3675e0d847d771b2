"""Vega-Lite specifications as SVG that a page can hold: its colours are the page's, its text is the page's language."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from hashlib import sha256
from typing import Any, Final

import orjson
from markupsafe import Markup, escape

from nytta.insight import pictures

_KEPT: Final = 2000
_ROLES: Final = re.compile(
    r' (?:role|aria-[a-z]+|class|xmlns:xlink|version|pointer-events)="[^"]*"'
)
_SIZE: Final = re.compile(r' width="([\d.]+)" height="([\d.]+)"')
_HEAD: Final = re.compile(r"^<svg[^>]*>")


class Drawing:
    """Draws each specification once: a specification holds its figures, so that changed figures are another one."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[bytes, str] = OrderedDict()
        self._one = threading.Lock()

    def svg(self, name: str, title: str, description: str, spec: dict[str, Any]) -> Markup:
        """The drawing with its name and description; `name` is its id on the page."""
        body = orjson.dumps(spec)
        spec_digest = sha256(body).digest()
        with self._one:
            if spec_digest not in self._drawn:
                self._drawn[spec_digest] = _plain(pictures.svg(spec))
                if len(self._drawn) > _KEPT:
                    self._drawn.popitem(last=False)
            self._drawn.move_to_end(spec_digest)
            drawn = self._drawn[spec_digest]
        head, inside = drawn.split("\n", 1)
        ids = f'role="img" aria-labelledby="{escape(name)}-t {escape(name)}-d"'
        texts = f'<title id="{escape(name)}-t">{escape(title)}</title><desc id="{escape(name)}-d">'
        return Markup(f"{head} {ids}>{texts}{escape(description)}</desc>{inside}")


def _plain(svg: str) -> str:
    """The opening tag (without its end), a line's end, and the rest: roles are the whole drawing's, not its parts'."""
    svg_head = _HEAD.match(svg)
    size = _SIZE.search(svg)
    assert svg_head, svg[:80]
    assert size, svg[:80]
    width, height = size.groups()
    svg_body = _ROLES.sub("", svg[svg_head.end() :])
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}"\n{svg_body}'
