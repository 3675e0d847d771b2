"""What a sender is told when a request fails: problem details of RFC 9457."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import orjson
from starlette.responses import Response

from nytta.ingest.events.reasons import Reason

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[Mapping[Reason, int]] = MappingProxyType(
    {
        Reason.MALFORMED_JSON: 400,
        Reason.INVALID_ENCODING: 400,
        Reason.NOT_CLOUDEVENT: 400,
        Reason.UNSUPPORTED_VERSION: 400,
        Reason.TOO_LARGE: 413,
        Reason.FORBIDDEN_SOURCE: 403,
        Reason.FORBIDDEN_TYPE: 403,
        Reason.FORBIDDEN_UNIT: 403,
    }
)


class Problem(Exception):
    """A request that is refused as a whole. `detail` says what to change; it repeats nothing of the body."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        reason: str = "",
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.reason = reason
        self.headers = dict(headers or {})
        self.more = dict(members or {})

    def response(self) -> Response:
        """The answer to the sender."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.reason:
            body["reason"] = self.reason
        body |= self.more
        return Response(orjson.dumps(body), self.status, self.headers, MEDIA_TYPE)


def retry(status: int, detail: str, seconds: float) -> Problem:
    """A refusal that is over in `seconds`: Retry-After has whole seconds, at least one."""
    return Problem(status, detail, headers={"Retry-After": str(max(1, math.ceil(seconds)))})


def status_of(reasons: Iterable[Reason]) -> int:
    """The status of a request none of whose events was accepted: the one that fits them all, else 422."""
    # a sender looks at the status first: one that fits some of the events only would mislead it
    statuses = {_STATUS.get(reason, 422) for reason in reasons}
    return statuses.pop() if len(statuses) == 1 else 422


def all_refused(rejected: Sequence[Mapping[str, Any]], reasons: Sequence[Reason]) -> Problem:
    """The answer to events none of which was accepted."""
    # one event is told as itself: its sender should not have to look into a list of one
    is_single = len(rejected) == 1
    detail = (
        rejected[0]["detail"] if is_single else f"none of the {len(rejected)} events was accepted"
    )
    reason = rejected[0]["reason"] if len(set(reasons)) == 1 else ""
    more = {"read": len(rejected), "accepted": 0, "rejected": list(rejected)}
    return Problem(status_of(reasons), detail, reason=reason, members=more)
