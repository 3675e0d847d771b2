"""How routes for people come into the application: listed with their addresses, left out of the API's document."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

Route = tuple[str, str, Callable[..., Coroutine[Any, Any, Response]]]
"""Method, path and what answers. Of two paths that match, the first listed is taken."""


def add_routes(app: FastAPI, *routes: Route) -> None:
    """Add routes in their order."""
    for method, path, answer in routes:
        app.add_api_route(path, answer, methods=[method], include_in_schema=False)
