"""The import of files that somebody gives: as events, or by a mapping that is chosen or drafted and tried first."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from fastapi import FastAPI
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from nytta.ingest.files.explain import Explanation
from nytta.registry.roles import Permission
from nytta.surfaces.console.context import Console, PageRequest
from nytta.surfaces.console.parts import Answer, Refused
from nytta.surfaces.console.routing.table import add_routes
from nytta.surfaces.console.services import CannotDo, Job
from nytta.surfaces.console.visitors import Visitor

_CHUNK: Final = 1 << 20
_DRAFT: Final = "draft"
_EVENTS: Final = "cloudevents"
"""What stands for a mapping where the file holds events already."""


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


def add(app: FastAPI, console: Console) -> None:
    """Add the routes."""
    imports = _ImportRoutes(console)
    add_routes(
        app,
        ("GET", "/import", imports.show),
        ("POST", "/import", imports.upload),
        ("GET", "/import/{id_}", imports.preview),
        ("POST", "/import/{id_}", imports.begin),
    )


class Upload(NamedTuple):
    """A file that somebody gave: where it waits and what it is called."""

    path: Path
    name: str


class _ImportRoutes:
    """Uploaded files that wait to be imported, by id."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._waiting: dict[str, Upload] = {}

    async def show(self, request: Request) -> Response:
        imports_for(self._console.visitor(request))
        return await self._console.page(
            request,
            "import.html",
            lambda _: Answer(
                Importing(tuple(self._console.services.jobs()), self._console.upload_limit >> 20)
            ),
            keep=False,
        )

    async def upload(self, request: Request) -> Response:
        async with self._console.upload(request) as (_, files):
            if not files:
                raise Refused(422, "no_file")
            upload_id = secrets.token_urlsafe(12)
            self._waiting[upload_id] = await kept(
                files[0], self._console.services.uploads(), upload_id
            )
        return self._console.answered(f"/import/{upload_id}")

    async def preview(self, request: Request, id_: str) -> Response:
        organisation = imports_for(self._console.visitor(request))
        job = next(
            (candidate for candidate in self._console.services.jobs() if candidate.id == id_), None
        )
        if job is not None:
            return await self._console.page(request, "job.html", lambda _: Answer(job), keep=False)
        self._upload(id_)

        def model(page_request: PageRequest) -> Answer:
            return Answer(self._preview(id_, page_request.query.get("mapping", ""), organisation))

        return await self._console.page(request, "preview.html", model, keep=False, of_file=True)

    async def begin(self, request: Request, id_: str) -> Response:
        visitor, fields = await self._console.posted(request)
        organisation = imports_for(visitor)
        upload = self._upload(id_)
        draft_path = drafted(upload.path)
        mapping = fields.get("mapping", "")
        # a draft as it was corrected: kept, and tried on the first rows
        if "text" in fields:
            draft_path.write_text(fields["text"].replace("\r\n", "\n"), encoding="utf-8")
            return self._console.answered(f"/import/{id_}?mapping={_DRAFT}")
        is_drafted = mapping == _DRAFT and draft_path.exists()
        if not is_drafted and mapping not in (_EVENTS, *self._console.services.mappings()):
            raise Refused(422, "no_mapping", what=mapping[:80])
        del self._waiting[id_]
        mapping_or_path = {_EVENTS: "", _DRAFT: str(draft_path)}.get(mapping, mapping)
        services = self._console.services
        job = await self._console.run(
            lambda: services.begin_import(*upload, mapping_or_path, organisation)
        )
        return self._console.answered(f"/import/{job.id}")

    def _upload(self, upload_id: str) -> Upload:
        if upload_id not in self._waiting:
            raise Refused(404, "no_upload")
        return self._waiting[upload_id]

    def _preview(self, upload_id: str, mapping: str, organisation: str) -> Preview:
        """The first rows as a mapping reads them; the draft of one is made when it is asked for first."""
        upload = self._waiting[upload_id]
        services = self._console.services
        names = tuple(services.mappings())
        if mapping and mapping not in (_EVENTS, _DRAFT, *names):
            raise Refused(404, "no_mapping", what=mapping[:80])
        preview = Preview(upload_id, upload.name, mapping, names, None, "")
        if mapping in ("", _EVENTS):
            return preview
        draft_path = drafted(upload.path)
        try:
            if mapping != _DRAFT:
                return replace(preview, explanation=services.preview(upload.path, mapping))
            if not draft_path.exists():
                draft_path.write_text(services.draft(*upload, organisation), encoding="utf-8")
            preview = replace(preview, text=draft_path.read_text(encoding="utf-8"))
            return replace(preview, explanation=services.preview(upload.path, str(draft_path)))
        except CannotDo as error:
            # whoever gave the file knows nothing of where its draft lies
            return replace(preview, problem=str(error).replace(str(draft_path), _DRAFT))


def imports_for(visitor: Visitor) -> str:
    """The organisation whose files the visitor may import; "" for those of all. Refused where there is none."""
    if visitor.visible(Permission.MAINTAIN):
        return ""
    if roots := visitor.roots(Permission.IMPORT):
        return roots[0]
    raise Refused(403, "no_role")


def drafted(path: Path) -> Path:
    """Where the drafted mapping of an uploaded file waits beside it."""
    return path.with_name(f"{path.name}.draft.yaml")


async def kept(uploaded: UploadFile, folder: Path, upload_id: str) -> Upload:
    """The uploaded file, which now waits under an id. Refused where it is empty."""
    file_name = Path(uploaded.filename or "file").name[:200]
    if not await uploaded.read(8):
        raise Refused(422, "empty_file", file=file_name)
    await uploaded.seek(0)
    path = folder / f"{upload_id}-{_plain(file_name)}"
    with path.open("wb") as file:
        while chunk := await uploaded.read(_CHUNK):
            file.write(chunk)
    return Upload(path, file_name)


def _plain(file_name: str) -> str:
    """A file's name with letters, digits, dots and dashes only: suffixes tell formats."""
    return "".join(
        character if character.isascii() and (character.isalnum() or character in ".-_") else "_"
        for character in file_name
    )[-80:]
