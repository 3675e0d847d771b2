"""Who sends: the bearer token of a request (RFC 6750), and how much it may still send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request

from nytta.ingest.http.limits import Bucket, Limits
from nytta.ingest.http.problems import Problem, retry
from nytta.ingest.http.tokens import Token, TokenFileError, Tokens

_CHALLENGE: Final = 'Bearer realm="nytta"'


class Senders:
    """The tokens and the rate of each. `seconds` is a clock that never goes back."""

    def __init__(self, tokens: Tokens, limits: Limits, seconds: Callable[[], float]) -> None:
        self._tokens = tokens
        self._limits = limits
        self._seconds = seconds
        self._buckets: dict[str, Bucket] = {}

    def admit(self, request: Request, current_time: datetime) -> Token:
        """The token of a request that may come now. Raises Problem: 400, 401, 429, 503."""
        try:
            token = self._tokens.find(_shown(request), current_time)
        except (
            TokenFileError
        ):  # its message names a path of this machine, which is nobody else's business
            raise retry(
                503, "the tokens cannot be read: the operator must look at the service's log", 30
            ) from None
        if token is None:
            raise _unauthorized(
                "the token is not valid: it is unknown, revoked or expired",
                ', error="invalid_token"',
            )
        wait = self._bucket(token).wait(self._seconds())
        if wait:
            raise retry(
                429, f"the token may send {self._limits.rate:g} events per second; wait", wait
            )
        return token

    def count(self, token: Token, events: int) -> None:
        """Count the events of a request against its token's rate."""
        self._bucket(token).take(events)

    def _bucket(self, token: Token) -> Bucket:
        # by tokens that the file has, and so bounded by their number
        if token.id not in self._buckets:
            rate = self._limits.rate
            self._buckets[token.id] = Bucket(rate, rate * self._limits.burst)
        return self._buckets[token.id]


def _shown(request: Request) -> str:
    """The token in the header Authorization, or in the query as webhooks may have it."""
    headers = request.headers.getlist("authorization")
    queries = request.query_params.getlist("access_token")
    # RFC 6750 forbids it: one might be read here and another on the way
    if len(headers) + len(queries) > 1:
        raise Problem(
            400, "the request shows more than one token", headers={"WWW-Authenticate": _CHALLENGE}
        )
    if queries:
        return queries[0]
    if not headers:
        raise _unauthorized(
            "the request shows no token: send Authorization: Bearer …, made by `nytta token add`"
        )
    scheme, _, text = headers[0].partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise _unauthorized("the header Authorization is not of the form: Bearer …")
    return text.strip()


def _unauthorized(detail: str, more: str = "") -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": _CHALLENGE + more})
