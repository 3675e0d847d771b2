"""Operations, transparency, help, and the import of files."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from nytta.ingest.files.explain import Explanation
from nytta.registry.roles import Permission
from nytta.surfaces.console.context import Build, Console, PageRequest
from nytta.surfaces.console.pages import operations as operating
from nytta.surfaces.console.pages import transparency as transparent
from nytta.surfaces.console.parts import Answer, Refused
from nytta.surfaces.console.routing.reading import chosen_reading
from nytta.surfaces.console.services import CannotDo, Job
from nytta.surfaces.console.visitors import Visitor

_CHUNK: Final = 1 << 20
_DRAFT: Final = "draft"


@dataclass(frozen=True, slots=True)
class Importing:
    """The page of imports: the jobs of this run."""

    jobs: tuple[Job, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Preview:
    """An uploaded file with the mapping that is tried on it; `text` is that of a drafted one."""

    id: str
    file: str
    mapping: str
    mappings: tuple[str, ...]
    explanation: Explanation | None
    problem: str
    text: str = ""


def builders(console: Console) -> dict[str, Build]:
    """The functions from a visitor to a page's model, by name."""

    def operations(page_request: PageRequest) -> Answer:
        reading = chosen_reading(console, page_request.visitor, page_request.query, Permission.PLATFORM)
        model = operating.operations(console.store, console.services, reading, page_request.visitor, page_request.query)
        return Answer(model)

    def transparency(page_request: PageRequest) -> Answer:
        return Answer(transparent.transparency(console.store, console.services, page_request.visitor))

    def log(page_request: PageRequest) -> Answer:
        if not page_request.visitor.visible(Permission.ACCESS_LOG):
            raise Refused(403, "no_role")
        return Answer(transparent.log(console.access, page_request.visitor, page_request.query, console.now()))

    return {"operations": operations, "transparency": transparency, "access-log": log}


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    build = builders(console)
    waiting: dict[str, tuple[Path, str]] = {}

    def maintains(visitor: Visitor) -> None:
        if not visitor.visible(Permission.MAINTAIN):
            raise Refused(403, "no_role")

    @app.get("/operations", include_in_schema=False)
    async def operations(request: Request) -> Response:
        return await console.page(request, "operations.html", build["operations"], keep=False)

    @app.post("/operations", include_in_schema=False)
    async def replay(request: Request) -> Response:
        visitor, fields = await console.posted(request)
        maintains(visitor)

        def made() -> str:
            outcome = console.services.replay(
                fields.get("reason", ""), fields.get("source", ""), dry_run=fields.get("do") == "try"
            )
            console.readings.changed()
            reading = chosen_reading(console, visitor, {}, Permission.PLATFORM)
            model = operating.operations(console.store, console.services, reading, visitor, {}, outcome)
            return console.render("operations.html", visitor, page=model, at="/operations", path="/operations")

        return console.html(request, await console.run(made), name=visitor.name)

    @app.get("/transparency", include_in_schema=False)
    async def transparency(request: Request) -> Response:
        return await console.page(request, "transparency.html", build["transparency"])

    @app.get("/access-log", include_in_schema=False)
    async def log(request: Request) -> Response:
        return await console.page(request, "log.html", build["access-log"], keep=False)

    @app.get("/help", include_in_schema=False)
    async def help_(request: Request) -> Response:
        return await console.page(request, "help.html", lambda _: Answer(None))

    @app.get("/api", include_in_schema=False)
    async def reference(request: Request) -> Response:
        paths: dict[str, Any] = app.openapi()["paths"]
        operations = tuple((path, path_item["get"]["summary"]) for path, path_item in paths.items())
        return await console.page(request, "api.html", lambda _: Answer({"paths": operations}))

    @app.get("/import", include_in_schema=False)
    async def imports(request: Request) -> Response:
        imports_for(console.visitor(request))
        return await console.page(
            request,
            "import.html",
            lambda _: Answer(Importing(tuple(console.services.jobs()), console.upload_limit >> 20)),
            keep=False,
        )

    @app.post("/import", include_in_schema=False)
    async def upload(request: Request) -> Response:
        async with console.upload(request) as (_, upload):
            if not upload:
                raise Refused(422, "no_file")
            upload_id = secrets.token_urlsafe(12)
            waiting[upload_id] = await kept(upload[0], console.services.uploads(), upload_id)
        return console.answered(f"/import/{upload_id}")

    @app.get("/import/{id_}", include_in_schema=False)
    async def preview(request: Request, id_: str) -> Response:
        organisation = imports_for(console.visitor(request))
        job = next((candidate for candidate in console.services.jobs() if candidate.id == id_), None)
        if job is not None:
            return await console.page(request, "job.html", lambda _: Answer(job), keep=False)
        if id_ not in waiting:
            raise Refused(404, "no_upload")

        def model(page_request: PageRequest) -> Answer:
            place, name = waiting[id_]
            mapping = page_request.query.get("mapping", "")
            names = tuple(console.services.mappings())
            explanation, problem, text = None, "", ""
            if mapping and mapping not in ("cloudevents", _DRAFT, *names):
                raise Refused(404, "no_mapping", what=mapping[:80])
            if mapping and mapping != "cloudevents":
                try:
                    if mapping == _DRAFT:
                        if not drafted(place).exists():
                            drafted(place).write_text(
                                console.services.draft(place, name, organisation), encoding="utf-8"
                            )
                        text = drafted(place).read_text(encoding="utf-8")
                    explanation = console.services.preview(place, str(drafted(place)) if mapping == _DRAFT else mapping)
                except CannotDo as error:
                    problem = str(error).replace(str(drafted(place)), _DRAFT)
            return Answer(Preview(id_, name, mapping, names, explanation, problem, text))

        return await console.page(request, "preview.html", model, keep=False, of_file=True)

    @app.post("/import/{id_}", include_in_schema=False)
    async def begin(request: Request, id_: str) -> Response:
        visitor, fields = await console.posted(request)
        organisation = imports_for(visitor)
        if id_ not in waiting:
            raise Refused(404, "no_upload")
        place, name = waiting[id_]
        mapping = fields.get("mapping", "")
        if "text" in fields:  # a draft as it was corrected: kept, and tried on the first rows
            drafted(place).write_text(fields["text"].replace("\r\n", "\n"), encoding="utf-8")
            return console.answered(f"/import/{id_}?mapping={_DRAFT}")
        if mapping not in ("cloudevents", *console.services.mappings()) and not (
            mapping == _DRAFT and drafted(place).exists()
        ):
            raise Refused(422, "no_mapping", what=mapping[:80])
        del waiting[id_]
        chosen_ = {"cloudevents": "", _DRAFT: str(drafted(place))}.get(mapping, mapping)
        job = await console.run(lambda: console.services.begin_import(place, name, chosen_, organisation))
        return console.answered(f"/import/{job.id}")


def imports_for(visitor: Visitor) -> str:
    """The organisation whose files the visitor may import; "" for those of all. Refused where there is none."""
    if visitor.visible(Permission.MAINTAIN):
        return ""
    if roots := visitor.roots(Permission.IMPORT):
        return roots[0]
    raise Refused(403, "no_role")


def drafted(place: Path) -> Path:
    """Where the drafted mapping of an uploaded file waits beside it."""
    return place.with_name(f"{place.name}.draft.yaml")


async def kept(sent: UploadFile, folder: Path, id_: str) -> tuple[Path, str]:
    """Where an uploaded file now waits under an id, and what it is called. Refused where it is empty."""
    name = Path(sent.filename or "file").name[:200]
    if not await sent.read(8):
        raise Refused(422, "empty_file", file=name)
    await sent.seek(0)
    place = folder / f"{id_}-{_plain(name)}"
    with place.open("wb") as file:
        while block := await sent.read(_CHUNK):
            file.write(block)
    return place, name


def _plain(name: str) -> str:
    """A file's name with letters, digits, dots and dashes only: suffixes tell formats."""
    return "".join(
        character if character.isascii() and (character.isalnum() or character in ".-_") else "_" for character in name
    )[-80:]
