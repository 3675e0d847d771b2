"""What every page and form of the console shares: kept pages, visitors, forms, and the answer when it fails."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from nytta.disclosure.published.values import OpenStore
from nytta.registry.roles import Permission
from nytta.storage.errors import StoreError, answering
from nytta.storage.journal import Journal
from nytta.surfaces.access_log import AccessLog, Read
from nytta.surfaces.authentication.addresses import is_loopback
from nytta.surfaces.authentication.identity import Identity, NotAuthenticated
from nytta.surfaces.authentication.links import Links
from nytta.surfaces.authentication.oidc.sign_in import SignIn
from nytta.surfaces.authentication.proxy import Proxy
from nytta.surfaces.authentication.sessions import SESSION_LIFE
from nytta.surfaces.console import icons
from nytta.surfaces.console.bodies import FORM_BYTES, FORM_SECONDS, UPLOAD_SECONDS, bounded
from nytta.surfaces.console.drawing import Drawing
from nytta.surfaces.console.pages.overview import overview
from nytta.surfaces.console.parts import Answer, Chart, Link, Refused, Speaker
from nytta.surfaces.console.readings import Readings
from nytta.surfaces.console.services import Services
from nytta.surfaces.console.visitors import Visitor, form_token, held_by, same_token
from nytta.surfaces.console.words import LANGUAGES, negotiated
from nytta.surfaces.problems import in_language

_log = logging.getLogger(__name__)
_HERE: Final = Path(__file__).parent
_FORM: Final = f"form-{secrets.token_hex(12)}"
_THEME: Final = f"theme-{secrets.token_hex(12)}"
"""What stands in a kept page where each visitor's own is put."""
_PAGES_KEPT: Final = 400
FIELDS: Final = 40
"""Fields of a query or form at most."""
_UPLOADS: Final = 2
"""Files that come in at a time: each fills the disk, and its reader the network."""
_SIGNED_OUT_FORMS: Final = 8
"""Forms of people whose session has ended that are read at a time, so that what they wrote is shown again."""
_SIGNED_OUT_BYTES: Final = 16 << 10
_SIGNED_OUT_SECONDS: Final = 3.0
THEMES: Final = ("light", "dark")
SESSION_SECONDS: Final = int(SESSION_LIFE.total_seconds())
YEAR_SECONDS: Final = 365 * 24 * 3600
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a page is asked for: by whom, the parts of its path, its query."""

    visitor: Visitor
    path: Mapping[str, str]
    query: Mapping[str, str]
    whole: bool = False
    """Whether all is asked for, as programs do: a page shows a part of long lists."""


Build = Callable[[PageRequest], Answer]
"""From what is asked for to a page's model."""


@dataclass
class Console:
    """What the console needs. `address` is where people reach it ('' where only this machine does), `host` the name or
    address that it listens on.

    `oidc` signs people in where neither a proxy nor a link does; its sessions are those of `links`.

    In the `journal` reads are written down at once; without one each waits for the store.
    """

    store: OpenStore
    services: Services
    links: Links = field(default_factory=Links)
    proxy: Proxy | None = None
    oidc: SignIn | None = None
    address: str = ""
    host: str = ""
    upload_limit: int = 512 << 20
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    journal: Journal | None = None

    def __post_init__(self) -> None:
        self.readings = Readings(self.store, self.services.registry, self.services.definitions)
        self.access = AccessLog(self.store.connection, self.journal)
        self.drawing = Drawing()
        self._secret = secrets.token_bytes(32)
        self._threads = ThreadPoolExecutor(2, "console")
        self._file_threads = ThreadPoolExecutor(1, "files")
        self._uploads = self._signed_out_forms = 0
        self._kept: OrderedDict[tuple[object, ...], tuple[str, Answer]] = OrderedDict()
        self.style = (_HERE / "static" / "console.css").read_bytes()
        self.mark = (_HERE / "static" / "mark.svg").read_bytes()
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "icon": icons.icon,
            "style": f"/static/console.css?v={sha256(self.style).hexdigest()[:12]}",
            "languages": LANGUAGES,
            "in_language": in_language,
            "is_link": lambda cell: isinstance(cell, Link),
            "Permission": Permission,
            "signs_out": self.proxy is None,
            "FORM": _FORM,
            "THEME": _THEME,
        }

    def forget(self) -> None:
        """Make every page anew when it is asked for; drawings stay."""
        self._kept.clear()

    def close(self) -> None:
        """Bring in what waits, and release the threads."""
        self._threads.shutdown(cancel_futures=True)
        self._file_threads.shutdown(wait=False, cancel_futures=True)
        self._bring()

    async def warm(self) -> None:
        """Draw the first charts of every organisation before anybody asks for them."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._warm)

    def _warm(self) -> None:
        registry, today = self.services.registry(), self.now().date()
        identity = Identity("", local=True)
        for organisation in registry.organisations:
            grants = held_by(identity, "", registry, today)
            visitor = Visitor(identity, grants, registry, today, organisation.language)
            with suppress(Refused):
                for chart in overview(
                    self.store, self.readings.of(organisation.id), visitor
                ).charts:
                    self.store.connection.check()
                    self._drawn(chart)

    async def run(self, work: Callable[[], T]) -> T:
        """Do something that reads the store, in a thread of the console's own; somebody waits for it."""

        def done() -> T:
            with answering():
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, done)

    async def run_on_file(self, work: Callable[[], T]) -> T:
        """Do something that reads an uploaded file, in a thread that no page waits for."""
        return await asyncio.get_running_loop().run_in_executor(self._file_threads, work)

    # who asks

    @property
    def secure(self) -> bool:
        """Whether people reach the console over TLS."""
        return self.address.startswith("https://")

    def cookie(self, cookie_name: str) -> str:
        """A cookie's full name: bound to this host where TLS allows it."""
        return f"{'__Host-' if self.secure else ''}nytta_{cookie_name}"

    def put(self, response: Response, cookie_name: str, cookie_value: str, seconds: int) -> None:
        """Set a cookie that no script reads."""
        response.set_cookie(
            self.cookie(cookie_name),
            cookie_value,
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, cookie_name: str) -> None:
        """Take a cookie back; a browser ignores this without the marks with which it was set."""
        response.delete_cookie(
            self.cookie(cookie_name), path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def language(self, request: Request) -> str:
        """The visitor's language: chosen, else asked for by the browser."""
        choice = request.cookies.get(self.cookie("language"), "")
        return (
            choice
            if choice in LANGUAGES
            else negotiated(request.headers.get("accept-language", ""))
        )

    def theme(self, request: Request) -> str:
        """The light that the visitor chose; '' where the machine's own holds."""
        choice = request.cookies.get(self.cookie("theme"), "")
        return choice if choice in THEMES else ""

    def identity(self, request: Request) -> Identity:
        """Who asks. NotAuthenticated where nobody is signed in."""
        peer = request.client.host if request.client else ""
        if self.proxy is not None:
            return self.proxy.identity(
                peer, [(name, value) for name, value in request.headers.items()]
            )
        return self.links.sessions.identity(
            request.cookies.get(self.cookie("session"), ""), peer, self.now()
        )

    def way_in(self, request: Request) -> str:
        """Where whoever is not signed in can do so and come back to this page; '' where no provider is configured.

        The address is the console's own: the provider sends nobody back to another one.
        """
        if self.oidc is None:
            return ""
        comes_back = request.method == "GET" and not request.url.path.startswith(("/sign", "/api/"))
        return f"{self.address}/sign-in?{urlencode({'to': _at(request) if comes_back else '/'})}"

    def visitor(self, request: Request) -> Visitor:
        """Who asks, and what they may see. NotAuthenticated where nobody is signed in."""
        identity, registry, today = (
            self.identity(request),
            self.services.registry(),
            self.now().date(),
        )
        seat = request.cookies.get(self.cookie("seat"), "") if identity.local else ""
        grants = held_by(identity, seat, registry, today)
        if identity.local and len(grants) != 1:
            seat = ""
        return Visitor(identity, grants, registry, today, self.language(request), seat)

    def token(self, request: Request, name: str) -> str:
        """The token of the visitor's forms."""
        return form_token(self._secret, request.cookies.get(self.cookie("form"), ""), name)

    # pages

    async def page(
        self,
        request: Request,
        template: str,
        build: Build,
        *,
        keep: bool = True,
        of_file: bool = False,
    ) -> Response:
        """A page: kept ones are served again until something is published; reads are logged before it is shown.

        A page `of_file` reads an uploaded file and is made where no other page waits for it.
        """
        visitor = self.visitor(request)
        query = _query(request)

        def made() -> str:
            # of the version before it is built: a page of older figures never stands under a later one
            version = self.readings.version()
            page_key = (
                template,
                tuple(request.path_params.items()),
                tuple(query.items()),
                visitor.key,
                version,
            )
            cached = self._kept.get(page_key) if keep else None
            if cached is None:
                page_answer = build(PageRequest(visitor, request.path_params, query))
                self.log(visitor, page_answer, "console")
                page_body = self.render(
                    template,
                    visitor,
                    page=page_answer.model,
                    at=_at(request),
                    path=request.url.path,
                )
                if keep:
                    self._kept[page_key] = (page_body, page_answer)
                    while len(self._kept) > _PAGES_KEPT:
                        self._kept.popitem(last=False)
                return page_body
            self.log(visitor, cached[1], "console")
            return cached[0]

        run = self.run_on_file if of_file else self.run
        return self.html(request, await run(made), visitor_name=visitor.name)

    async def json(self, request: Request, build: Build) -> Response:
        """The same model as JSON."""
        visitor = self.visitor(request)
        query = _query(request)

        def made() -> bytes:
            answer = build(PageRequest(visitor, request.path_params, query, whole=True))
            self.log(visitor, answer, "api")
            return orjson.dumps(answer.model, default=_plain, option=orjson.OPT_NON_STR_KEYS)

        return Response(await self.run(made), media_type="application/json")

    def render(
        self, template: str, visitor: Visitor | None, *, language: str = "", **more: Any
    ) -> str:
        """A template in the visitor's language."""
        language = visitor.language if visitor else language
        return self._templates.get_template(template).render(
            t=Speaker(language), language=language, visitor=visitor, drawn=self._drawn, **more
        )

    def html(
        self, request: Request, page_body: str, status: int = 200, visitor_name: str = ""
    ) -> Response:
        """A rendered page with the visitor's own token and light put in."""
        fresh = ""
        cookie = request.cookies.get(self.cookie("form"), "")
        if not cookie:
            cookie = fresh = secrets.token_urlsafe(24)
        token = form_token(self._secret, cookie, visitor_name)
        theme = self.theme(request)
        response = Response(
            page_body.replace(_FORM, token).replace(_THEME, theme),
            status,
            media_type="text/html; charset=utf-8",
        )
        response.headers["Content-Language"] = self.language(request)
        response.headers["Vary"] = "Accept-Language, Cookie"
        if fresh:
            self.put(response, "form", fresh, YEAR_SECONDS)
        return response

    def _drawn(self, chart: Chart) -> Markup:
        return self.drawing.svg(chart.id, chart.title, chart.description, dict(chart.spec))

    def log(self, visitor: Visitor, answer: Answer, surface: str) -> None:
        """Write down which units' figures are about to be shown, to whom."""
        reads = []
        for permission, unit in answer.reads:
            grant = visitor.grant(permission, unit)
            reads.append(
                Read(
                    self.services.reader(visitor.name),
                    grant.role,
                    grant.unit,
                    permission,
                    unit,
                    surface,
                )
            )
        if reads:
            self.access.write(reads, self.now())
            if self.access.due():
                self._threads.submit(self._bring)

    def _bring(self) -> None:
        try:
            with answering():
                self.access.bring()
        except StoreError as error:  # they stay on disk, and are brought with the next ones
            _log.error("reads wait to be listed: %s", error)

    # forms

    async def posted(self, request: Request) -> tuple[Visitor, dict[str, str]]:
        """Who sent a form, and its fields. The form is read once it is known who sends it.

        `KeptForm` where it cannot be taken, with what was in it; NotAuthenticated where nobody is signed in.
        """
        self._from_here(request)
        try:
            visitor = self.visitor(request)
        except NotAuthenticated as error:
            raise KeptForm(401, "signed_out", await self._written(request)) from error
        request._receive = bounded(request.receive, FORM_BYTES, FORM_SECONDS)
        async with request.form(max_files=0, max_fields=FIELDS, max_part_size=FORM_BYTES) as form:
            return visitor, self._taken(request, form, visitor)

    @asynccontextmanager
    async def upload(
        self, request: Request, most_files: int = 1
    ) -> AsyncIterator[tuple[Visitor, list[UploadFile]]]:
        """Who sent files, and the files, at most `most_files`, for as long as they are worked on.

        Whoever may not bring data in is refused before it is read. Refused where it is too large, too slow, or one of
        too many.
        """
        self._from_here(request)
        visitor = self.visitor(request)
        if not visitor.visible(Permission.IMPORT):
            raise Refused(403, "no_role")
        if int(request.headers.get("content-length") or 0) > self.upload_limit:
            raise Refused(413, "too_large", most=self.upload_limit >> 20)
        if self._uploads >= _UPLOADS:
            raise Refused(503, "busy")
        request._receive = bounded(request.receive, self.upload_limit, UPLOAD_SECONDS)
        self._uploads += 1
        try:
            async with request.form(max_files=most_files, max_fields=FIELDS) as form:
                self._taken(request, form, visitor)
                upload = [
                    file
                    for file in form.getlist("file")
                    if isinstance(file, UploadFile) and file.filename
                ]
                yield visitor, upload
        finally:
            self._uploads -= 1

    def _taken(self, request: Request, form: FormData, visitor: Visitor) -> dict[str, str]:
        """The fields of a form that the visitor's own page sent."""
        fields = _fields(form)
        given_token = fields.pop("form", "")
        request.state.written = fields
        if not same_token(given_token, [self.token(request, visitor.name)]):
            raise KeptForm(403, "old_form", fields)
        return fields

    async def _written(self, request: Request) -> dict[str, str]:
        """What somebody wrote whose session has ended; nothing where it does not look like a form from here."""
        length = request.headers.get("content-length", "")
        small = length.isdigit() and int(length) <= _SIGNED_OUT_BYTES
        if not (
            small
            and request.cookies.get(self.cookie("form"))
            and self._signed_out_forms < _SIGNED_OUT_FORMS
        ):
            return {}
        request._receive = bounded(request.receive, _SIGNED_OUT_BYTES, _SIGNED_OUT_SECONDS)
        self._signed_out_forms += 1
        try:
            async with request.form(max_files=0, max_fields=FIELDS) as form:
                return {name: value for name, value in _fields(form).items() if name != "form"}
        except (Refused, HTTPException):
            return {}
        finally:
            self._signed_out_forms -= 1

    def _from_here(self, request: Request) -> None:
        """Refuse a form that another site's page sends. This console's own pages name themselves: `null` is none."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origins = request.headers.getlist("origin")
        if site not in ("same-origin", "none") or any(
            urlsplit(origin).netloc not in self._own(request) for origin in origins
        ):
            raise Refused(403, "cross_site")

    def _own(self, request: Request) -> set[str]:
        """The hosts, with their ports, under which this request's page may stand."""
        return {request.headers.get("host", ""), urlsplit(self.address).netloc} - {""}

    def at_home(self, request: Request) -> bool:
        """Whether a request names this console's host: its address, this machine, or what it listens on.

        Another name that leads here is another site's (DNS rebinding), or ends up in what people click.
        """
        hosts = request.headers.getlist("host")
        if len(hosts) != 1:
            return False
        if self.address and hosts[0].casefold() == urlsplit(self.address).netloc.casefold():
            return True
        try:
            named = urlsplit(f"//{hosts[0]}")
            # what is no host and port alone raises here, or names a user or a path
            is_host = named.port != 0 and named.netloc == hosts[0] and "@" not in named.netloc
        except ValueError:
            return False
        name = named.hostname or ""
        return is_host and (
            name == "localhost" or is_loopback(name) or name == self.host.casefold()
        )

    def answered(self, to: str) -> Response:
        """Send the visitor on after a form."""
        return RedirectResponse(to, 303)

    def error(self, request: Request, status: int, key: str, **more: Any) -> Response:
        """A page, or a problem for programs, that says what happened and what to do."""
        filled = more.pop("filled", {})
        language = self.language(request)
        say = Speaker(language)
        title, todo = say(f"error_{key}", **filled), say(f"error_{key}_do", **filled)
        if request.url.path.startswith("/api/"):
            body = {"type": "about:blank", "title": title, "status": status, "detail": todo}
            return Response(orjson.dumps(body), status, media_type="application/problem+json")
        try:
            visitor: Visitor | None = self.visitor(request)
        except (NotAuthenticated, StoreError):
            visitor = None
        offers = status == 401 or request.url.path.startswith("/sign")
        way_in = self.way_in(request) if offers else ""
        page = {"title": title, "todo": todo, "status": status, "kept": {}, "action": ""}
        page |= {"way_in": way_in, "farewell": ""} | more
        body_ = self.render("error.html", visitor, language=language, page=page, at="/", path="")
        return self.html(request, body_, status, visitor.name if visitor else "")


class KeptForm(Refused):
    """A form that was not taken; what was in it is shown again, to be sent once more."""

    def __init__(self, status: int, key: str, fields: Mapping[str, str], **filled: object) -> None:
        super().__init__(status, key, **filled)
        self.fields = dict(fields)


def _query(request: Request) -> dict[str, str]:
    """The query; of a parameter that comes twice the last counts, and empty ones are none."""
    return {key: value[:300] for key, value in parse_qsl(request.url.query) if value}


def _fields(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _at(request: Request) -> str:
    """The page's own path with its query, to come back to after switching the language."""
    query = urlencode(_query(request))
    return request.url.path + (f"?{query}" if query else "")


def _plain(model_value: object) -> object:
    if isinstance(model_value, date):
        return model_value.isoformat()
    if isinstance(model_value, frozenset | set | tuple):
        return list(model_value)
    return str(model_value)
