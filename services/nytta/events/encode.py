"""Events out as bytes: the opposite of `decode`."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson


def to_ndjson(events: Iterable[Mapping[str, Any]]) -> bytes:
    """CloudEvents as NDJSON, one line each. Dates and times may be Python's; times must carry an offset."""
    return b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)
