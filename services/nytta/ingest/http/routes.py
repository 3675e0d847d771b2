"""The routes of the gateway. Whatever happens, the answer is one that the OpenAPI document describes."""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import orjson
import pyarrow as pa
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from nytta.ingest.events.batch import Reject
from nytta.ingest.events.pseudonyms import Chooser
from nytta.ingest.events.reasons import Reason
from nytta.ingest.http import openapi
from nytta.ingest.http.acceptance import Acceptance, Busy, Refusal
from nytta.ingest.http.counters import Counters
from nytta.ingest.http.decode_queue import DecodeQueue
from nytta.ingest.http.hooks import Hook, events_of, is_signed
from nytta.ingest.http.limits import Limits, gunzip
from nytta.ingest.http.modes import mode_of
from nytta.ingest.http.problems import Problem, all_refused, retry
from nytta.ingest.http.reading import BodyMemory, read_body
from nytta.ingest.http.senders import Senders
from nytta.ingest.http.tokens import Tokens
from nytta.ingest.http.validation import Circumstances, EventRequest, Judged, judge
from nytta.registry.registry import Registry

_log = logging.getLogger(__name__)
_ORIGIN: Final = re.compile(r"[A-Za-z0-9*](?:[A-Za-z0-9.*_-]{0,252})(?::[0-9]{1,5})?")
_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_PRIVATE: Final = {"Cache-Control": "private, no-store"}
_BATCH: Final = re.compile(r"[1-9][0-9]{0,17}")
_RATE: Final = re.compile(r"[1-9][0-9]{0,8}")


@dataclass
class Gateway:
    """What a gateway needs. `registry` and `pseudonymise` give what holds now: units are made, keys change."""

    acceptance: Acceptance
    pseudonymise: Callable[[], Chooser]
    registry: Callable[[], Registry]
    tokens: Tokens
    limits: Limits = field(default_factory=Limits)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    counters: Counters = field(default_factory=Counters)
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    """Systems that send what they have in their own form, by their name in the address."""
    conceal: Callable[[str], str] = lambda key: key
    """Makes the id of a row of what names it."""
    homes: Mapping[str, str] = field(default_factory=dict)
    """The organisation of a source's events, where sources.yaml says it."""
    batches: Callable[[int], Sequence[Mapping[str, Any]]] = lambda _: ()
    """What became of the events of a batch, by source; nothing where this process does not store."""

    def __post_init__(self) -> None:
        self._senders = Senders(self.tokens, self.limits, time.monotonic)
        self._held = BodyMemory(self.limits)
        self._decode_queue = DecodeQueue(self._judge, self.acceptance)

    @property
    def held(self) -> int:
        """Bytes of bodies under way."""
        return self._held.bytes

    def close(self) -> None:
        """Release the threads that decode."""
        self._decode_queue.close()

    async def receive(self, request: Request) -> Response:
        """Take the events of a request in; answer when they are durable."""
        return await self._answered(self._receive(request))

    async def receive_hook(self, name: str, request: Request) -> Response:
        """Take in what a system sends in its own form; answer when its events are durable."""
        return await self._answered(self._receive_hook(name, request))

    async def _answered(self, receiving: Awaitable[Response]) -> Response:
        """What is answered, whatever becomes of it: nothing that a sender wrote is a fault of the process."""
        try:
            response = await receiving
        except Problem as problem:
            response = problem.response()
        except Refusal as refusal:
            response = _refused(refusal)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it
        except Exception as error:
            response = _fault(error)
        self.counters.answered(response.status_code)
        return response

    async def _receive_hook(self, source_name: str, request: Request) -> Response:
        hook = self.hooks.get(source_name)
        with self._held.body() as buffer:
            await read_body(request, self._held, buffer)
            started = time.monotonic()
            body = bytes(buffer)
            # an unknown name is told as a wrong signature is: who has no secret learns nothing of what there is
            if hook is None or not is_signed(hook, request.headers, body):
                raise Problem(401, "the signature is wrong, or no system of this name sends here")
            reading = partial(events_of, hook, body, self._circumstances(), self.conceal)
            events, rejects, row_count = await self._decode_queue.run(reading)
            # within the memory that the body holds: its events are held for as long as they are not durable
            batch_number = await self.acceptance.put(events, rejects)
        self.counters.durable(source_name, len(events), rejects, time.monotonic() - started)
        answer = {
            "read": row_count,
            "accepted": len(events),
            "rejected": [_hook_reject(reject) for reject in rejects],
        }
        if batch_number is not None:
            # as text, as it stands in the address of the batch
            answer["batch"] = str(batch_number)
        return _json(answer, 202)

    async def _receive(self, request: Request) -> Response:
        # all that headers tell is asked before the body is read: who may not send costs no more than that
        token = self._senders.admit(request, self.now())
        mode = mode_of(request.headers.raw)
        gzipped = _gzipped(request)
        with self._held.body() as buffer:
            await read_body(request, self._held, buffer)
            started = time.monotonic()
            body = bytes(buffer)
            # on another thread, for it may take long and the loop serves everybody
            if gzipped:
                body = await self._decode_queue.run(partial(gunzip, body, self.limits.body))
            judged = await self._decode_queue.take(
                EventRequest(token, mode, request.headers.raw, body)
            )
        # counted afterwards, when it is known how many there were: a sender may go below its rate by one request
        self._senders.count(token, judged.read)
        for reject in judged.rejects:
            # a fault of ours among what is a sender's: nobody else would hear of it
            if reject.reason is Reason.FAULT:
                _log.error(
                    "an event of %s could not be judged and is a reject: %s",
                    token.source,
                    reject.detail,
                )
        self.counters.durable(
            token.source, judged.accepted, judged.rejects, time.monotonic() - started
        )
        if judged.rejects and not judged.accepted:
            raise all_refused(judged.rejected, [reject.reason for reject in judged.rejects])
        answer = {"read": judged.read, "accepted": judged.accepted, "rejected": judged.rejected}
        if judged.batch is not None:
            answer["batch"] = str(judged.batch)
        return _json(answer, 202)

    async def batch(self, batch: str, request: Request) -> Response:
        """What became of a batch's events of the sources for which the token speaks."""
        try:
            token = self._senders.admit(request, self.now())
            # 0 is no batch
            batch_number = int(batch) if _BATCH.fullmatch(batch) else 0
            counts = await self._decode_queue.run(partial(self.batches, batch_number))
            # a batch may hold what several senders brought at the same moment
            own_counts = [dict(count) for count in counts if token.may_speak_for(count["source"])]
            if not own_counts:
                raise Problem(404, "there is no such batch with events of the token's sources")
            return _json({"batch": batch, "sources": own_counts}, 200)
        except Problem as problem:
            return problem.response()
        except Refusal as refusal:
            return _refused(refusal)

    def _judge(self, requests: Sequence[EventRequest]) -> tuple[pa.Table, list[Judged]]:
        return judge(requests, self._circumstances())

    def _circumstances(self) -> Circumstances:
        # asked anew for each group of requests: units are made and keys change while the gateway runs
        return Circumstances(self.registry(), self.pseudonymise(), self.now(), self.homes)

    def permit(self, request: Request) -> Response:
        """Answer the handshake of webhooks: whoever has a token may send, at the rate of a token at most."""
        headers = {"Allow": "OPTIONS, POST"}
        origin = request.headers.get("webhook-request-origin", "").strip()
        asked_rate = request.headers.get("webhook-request-rate", "").strip()
        if asked_rate and not _RATE.fullmatch(asked_rate):
            return Problem(
                400, "WebHook-Request-Rate is no whole number above 0", headers=headers
            ).response()
        if origin:
            if not _ORIGIN.fullmatch(origin):
                return Problem(
                    400, "WebHook-Request-Origin is no DNS name", headers=headers
                ).response()
            # the specification counts by the minute, our limits by the second
            most = max(1, int(self.limits.rate * 60))
            allowed_rate = min(int(asked_rate), most) if asked_rate else most
            headers["WebHook-Allowed-Origin"] = origin
            headers["WebHook-Allowed-Rate"] = str(allowed_rate)
        return Response(status_code=200, headers=headers)


def _json(answer: Mapping[str, Any], status: int) -> Response:
    return Response(orjson.dumps(answer), status, _PRIVATE, "application/json")


def _refused(refusal: Refusal) -> Response:
    status = 429 if isinstance(refusal, Busy) else 503
    return retry(status, str(refusal), refusal.retry_after).response()


def _hook_reject(reject: Reject) -> dict[str, Any]:
    # what a system sends in its own form is one thing to it, however many rows the mapping makes of it
    return {"index": 0, "reason": reject.reason.value, "detail": reject.detail}


def _gzipped(request: Request) -> bool:
    encoding = ", ".join(request.headers.getlist("content-encoding")).strip().lower()
    if encoding in ("", "identity"):
        return False
    if encoding in ("gzip", "x-gzip"):
        return True
    raise Problem(
        415,
        "this content encoding is not read: send gzip, or none",
        headers={"Accept-Encoding": "gzip"},
    )


def router(gateway: Gateway) -> APIRouter:
    """The gateway's routes."""
    routes = APIRouter()
    refusals = openapi.problems(400, 401, 403, 408, 413, 415, 422, 429, 500, 503)

    @routes.post(
        "/events",
        status_code=202,
        response_model=openapi.Result,
        responses=refusals,
        openapi_extra=openapi.POST_EVENTS,
        summary="Send CloudEvents: structured, binary, a batch, or NDJSON.",
    )
    async def post_events(request: Request) -> Response:
        return await gateway.receive(request)

    @routes.get(
        "/events/batches/{batch}",
        response_model=openapi.BatchCounts,
        responses=openapi.problems(400, 401, 404, 429, 500, 503),
        openapi_extra={"security": [{"bearer": []}]},
        summary="What became of the events of a batch.",
    )
    async def get_batch(batch: str, request: Request) -> Response:
        return await gateway.batch(batch, request)

    @routes.post(
        "/hooks/{source}",
        status_code=202,
        response_model=openapi.Result,
        responses=openapi.problems(400, 401, 408, 413, 429, 500, 503),
        openapi_extra=openapi.POST_HOOKS,
        summary="Send what a system has in its own form, signed as it signs; a mapping reads it.",
    )
    async def post_hooks(source: str, request: Request) -> Response:
        return await gateway.receive_hook(source, request)

    @routes.options(
        "/events",
        responses=openapi.problems(400, 500) | {200: {"description": "Permission to send."}},
        openapi_extra=openapi.OPTIONS_EVENTS,
        summary="The handshake of CloudEvents webhooks.",
        response_class=Response,
    )
    async def options_events(request: Request) -> Response:
        return gateway.permit(request)

    _add_probes(routes, gateway)
    return routes


def _add_probes(routes: APIRouter, gateway: Gateway) -> None:
    """What says that the process lives, and that events can come."""

    @routes.get("/healthz", response_class=PlainTextResponse, summary="The process lives.")
    async def healthz() -> str:
        return "ok\n"

    @routes.get(
        "/readyz",
        response_class=PlainTextResponse,
        responses=openapi.problems(503),
        summary="Events can come.",
    )
    async def readyz() -> Response:
        try:
            await gateway.acceptance.ready()
        except Refusal as refusal:
            return retry(503, str(refusal), refusal.retry_after).response()
        return PlainTextResponse("ready\n")


def application(gateway: Gateway) -> FastAPI:
    """The gateway as an application of its own; others may add routes."""
    app = FastAPI(title="Nytta", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    app.include_router(router(gateway))
    say_problems(app)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def fronted(gateway: Gateway, app: ASGIApp) -> ASGIApp:
    """`app` with a short way to what comes most: events, which `gateway` answers whatever becomes of them."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        is_event_post = (
            scope["type"] == "http" and scope["path"] == "/events" and scope["method"] == "POST"
        )
        if is_event_post:
            response = await gateway.receive(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await app(scope, receive, send)

    return front


def say_problems(app: FastAPI) -> None:
    """Make every error of `app` an RFC 9457 problem that shows nothing of the inside."""

    def has_route(scope: Scope) -> bool:
        return any(route.matches(scope)[0] is Match.FULL for route in app.routes)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        detail = str(error.detail)
        if error.status_code == 405:
            # asked of all routes: the error names the methods of the first that matched, and others have the same path
            scopes = {method: dict(request.scope) | {"method": method} for method in _METHODS}
            allowed = [method for method, scope in scopes.items() if has_route(scope)]
            headers["Allow"] = ", ".join(allowed)
            detail = f"this resource has the methods {headers['Allow']}"
        elif error.status_code == 404:
            detail = "there is no such resource; /openapi.json lists what there is"
        return Problem(error.status_code, detail, headers=headers).response()

    async def fault(_: Request, error: Exception) -> Response:
        return _fault(error)

    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, fault)


def _fault(error: Exception) -> Response:
    where = traceback.extract_tb(error.__traceback__)[-1]
    # the message is left out: it may repeat what was sent
    _log.error(
        "a request failed: %s in %s, line %s", type(error).__name__, where.filename, where.lineno
    )
    return Problem(
        500, "a fault of the service: nothing was acknowledged, send the same again"
    ).response()


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    components = document.setdefault("components", {})
    components["securitySchemes"] = openapi.SECURITY
    # FastAPI lists the models of answers alone; problems are answers of every route, given without it
    problem = openapi.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = components.setdefault("schemas", {})
    for schema_name, schema in problem.pop("$defs").items():
        schemas.setdefault(schema_name, schema)
    schemas["ProblemDetails"] = problem
    app.openapi_schema = document
    return document
