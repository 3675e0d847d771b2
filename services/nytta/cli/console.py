"""The running service behind its console, and the command that prints a further link to it."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import shutil
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from nytta import Mendable
from nytta import service as nytta
from nytta.cli.accounts import accounts_of, client_of
from nytta.cli.common import Data, commands, fail, opened
from nytta.cli.privacy import transparency_page
from nytta.indicators.definition import Definition
from nytta.indicators.store.supports import lacking
from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.files.draft import Draft, drafted, drafted_file, with_rows_behind
from nytta.ingest.files.explain import Explanation, explain
from nytta.ingest.files.mapping_text import draft
from nytta.ingest.keys import KeyFileError
from nytta.ingest.pull.declared import Declared
from nytta.ingest.pull.declared import read as read_sources
from nytta.ingest.store.imports import all_imports
from nytta.ingest.store.rejects import RejectQuery, latest_rejects
from nytta.ingest.store.sources import all_sources
from nytta.insight.alerts.answers import Answer
from nytta.registry.registry import Registry
from nytta.service import command_client, evaluation
from nytta.service.settings import Settings
from nytta.service.source_health import state_of_sources
from nytta.service.stopping import under_way
from nytta.storage import permissions
from nytta.storage.errors import StoppedError, StoreError
from nytta.surfaces.authentication.links import Links
from nytta.surfaces.authentication.oidc.sign_in import SignIn
from nytta.surfaces.authentication.proxy import Proxy, refuse_open_house
from nytta.surfaces.console.application import application
from nytta.surfaces.console.context import Console
from nytta.surfaces.console.services import CannotDo, Job, Replayed

_log = logging.getLogger(__name__)
_JOBS: Final = 50
_UNPACKED: Final = 64 << 20
"""Bytes of a compressed file in which its first rows must lie to be shown."""
_GATEWAY: Final = re.compile(r"/(events|healthz|readyz|openapi\.json)(/|$)")


class Backing:
    """The service's installation as the console asks it."""

    def __init__(
        self,
        installation: nytta.App,
        folder: Path,
        behind: Callable[[], float] = lambda: 0.0,
        on_arrival: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        declared: Sequence[Declared] = (),
        registry: Path | None = None,
    ) -> None:
        self._app = installation
        self._declared = declared
        self._registry = registry
        self._now = clock
        self._folder = folder / "uploads"
        self._behind = behind
        self._came = on_arrival
        self._jobs: deque[Job] = deque(maxlen=_JOBS)
        # what waited for a mapping when the service ended
        shutil.rmtree(self._folder, ignore_errors=True)

    def registry(self) -> Registry:
        """The registry as it is now."""
        return self._app.intake.registry

    def definitions(self) -> Sequence[Definition]:
        """The indicators of the catalogue."""
        return self._app.definitions

    def reader(self, reader: str) -> str:
        """A pseudonym by the lasting key."""
        return self._app.keys.pseudonymiser().digest(f"reader {reader}").hex()

    def answer(self, answer: Answer) -> None:
        """One at a time, and never between the steps of an evaluation; beside workers, by whoever keeps the alerts."""
        try:
            if self._app.workers:
                organisation, _, _ = evaluation.answered(self._app, answer, self._now())
                self._app.workers.answer(organisation, answer)
            else:
                evaluation.answer(self._app, answer, self._now())
        except evaluation.AnswerError as error:
            raise CannotDo(str(error)) from error

    def sources(self) -> Sequence[Mapping[str, Any]]:
        """What came from where."""
        return all_sources(self._app.private)

    def rounds(self) -> Sequence[Mapping[str, Any]]:
        """How the sources stand that are asked."""
        return state_of_sources(self._app, self._declared, self._registry, self._now())

    def imports(self) -> Sequence[Mapping[str, Any]]:
        """Every import, the latest last."""
        return all_imports(self._app.private)

    def rejects(self, reason: str, source: str, limit: int) -> Sequence[Mapping[str, Any]]:
        """Rejects without their bodies."""
        return latest_rejects(self._app.private, reason, source, limit)

    def replay(self, reason: str, source: str, *, dry_run: bool) -> Replayed:
        """Validate rejects again."""
        try:
            replayed = self._app.replay(
                RejectQuery(reason=reason, source=source), self._now(), dry_run=dry_run
            )
        except KeyFileError as error:
            raise CannotDo(str(error)) from error
        return Replayed(replayed.tried, replayed.passed, replayed.still)

    def behind(self) -> float:
        """Seconds."""
        return self._behind()

    def transparency(self, language: str) -> Mapping[str, Any]:
        """The page's facts."""
        return transparency_page(self._app, language, self._now(), self._declared)

    def uploads(self) -> Path:
        """A folder for the owner's eyes only."""
        permissions.make_folder(self._folder)
        return self._folder

    def mappings(self) -> Sequence[str]:
        """The shipped ones."""
        return mappings.shipped()

    def draft(self, upload_path: Path, file_name: str, organisation: str = "") -> str:
        """Under the organisation, or the first one of the registry."""
        organisations = self.registry().organisations
        home = next(
            (candidate for candidate in organisations if candidate.id == organisation),
            next(iter(organisations), None),
        )
        with _mendable():
            zone = home.timezone if home else "UTC"
            return draft(
                upload_path,
                file_name,
                home.id if home else "organisation",
                zone,
                unpacked=_UNPACKED,
            )

    def drafted(self, upload_path: Path, file_name: str) -> Draft:
        """From its first rows."""
        with _mendable():
            return drafted_file(upload_path, file_name, _UNPACKED)

    def drafted_as(self, upload_path: Path, draft: Draft, kind: str) -> Draft:
        """From the same first rows, and what those behind them say."""
        with _mendable():
            return with_rows_behind(drafted(draft.look, kind), upload_path, _UNPACKED)

    def preview(self, upload_path: Path, mapping: str) -> Explanation:
        """The first rows."""
        with _mendable():
            return explain(upload_path, mappings.load(mapping), unpacked=_UNPACKED)

    def begin_import(
        self, upload_path: Path, file_name: str, mapping: str, organisation: str = ""
    ) -> Job:
        """Import in a thread of its own; the file goes afterwards."""
        called = "draft" if mapping.endswith(".yaml") else mapping or "CloudEvents"
        job = Job(secrets.token_urlsafe(12), file_name, called, total=upload_path.stat().st_size)
        self._jobs.appendleft(job)
        # a daemon: a stop does not wait for a long file, which goes on when it is uploaded again
        threading.Thread(
            target=self._import,
            args=(job, upload_path, mapping, organisation),
            name="import",
            daemon=True,
        ).start()
        return job

    def lacking(self) -> Collection[str]:
        """Over all sources."""
        return lacking(self._app.private, self._app.definitions)

    def jobs(self) -> Sequence[Job]:
        """The latest first."""
        return tuple(self._jobs)

    def _import(self, job: Job, upload_path: Path, mapping: str, organisation: str) -> None:
        def progress(done: int, total: int) -> None:
            job.read, job.total = done, total

        try:
            with _mendable(), under_way("an import, which goes on when the file is uploaded again"):
                loaded_mapping = mappings.load(mapping) if mapping else None
                import_report = self._app.intake.import_file(
                    upload_path,
                    loaded_mapping,
                    self._now(),
                    organisation=organisation,
                    # whoever may import may do so for one organisation: rows of others are rejected
                    within=organisation,
                    progress=progress,
                )
            counts = import_report.as_dict()
            job.report = {
                count_name: counts[count_name]
                for count_name in (
                    "read",
                    "accepted",
                    "duplicate",
                    "rejected",
                    "conflict",
                    "left_out",
                )
            }
            job.read, job.state = job.total, "done"
            self._came()
        except CannotDo as error:
            job.problem, job.state = str(error), "failed"
        except StoppedError:
            _log.info("an import was broken off; it goes on when the file is uploaded again")
            job.state = "failed"
        except Exception as error:
            _log.exception("an import failed")
            # its name alone: the text of an error may quote a row
            job.problem, job.state = type(error).__name__, "failed"
        finally:
            upload_path.unlink(missing_ok=True)
            if mapping.endswith(".yaml"):
                Path(mapping).unlink(missing_ok=True)


@contextmanager
def _mendable() -> Iterator[None]:
    try:
        yield
    except (Mendable, OSError) as error:
        raise CannotDo(str(error)) from error


def build_console(
    installation: nytta.App,
    settings: Settings,
    host: str,
    behind: Callable[[], float],
    on_arrival: Callable[[], None],
    registry: Path | None,
) -> Console:
    """The console of a service that listens on `host`."""
    try:
        proxy = Proxy.of(
            settings.proxy_header, settings.proxies, settings.proxy_secret.get_secret_value()
        )
        client = client_of(settings)
        refuse_open_house(host, proxy, oidc=client is not None)
    except ValueError as error:
        raise nytta.AppError(str(error)) from error
    backing = Backing(
        installation,
        settings.data,
        behind,
        on_arrival,
        declared=read_sources(registry),
        registry=registry,
    )
    links = Links()
    return Console(
        installation.open,
        backing,
        links=links,
        proxy=proxy,
        oidc=SignIn(client, accounts_of(settings, installation.keys), links.sessions)
        if client
        else None,
        address=settings.address.rstrip("/"),
        host=host,
        upload_limit=settings.upload_limit,
        journal=installation.journal,
    )


def joined(gateway: ASGIApp, console: Console) -> ASGIApp:
    """One application: the gateway's paths are the gateway's, all others the console's."""
    pages = application(console)

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        # what is no request, such as the start and the end of the server, is the gateway's
        of_gateway = scope["type"] != "http" or _GATEWAY.match(scope["path"])
        await (gateway if of_gateway else pages)(scope, receive, send)

    return front


def ready(installation: nytta.App, pages: ASGIApp) -> ASGIApp:
    """The pages with `/healthz`, that the process lives, and `/readyz`, that its store answers."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in ("/healthz", "/readyz"):
            # in a thread: a store that does not answer must not hold up pages
            answered = (
                await asyncio.to_thread(_answers, installation)
                if scope["path"] == "/readyz"
                else True
            )
            await PlainTextResponse(
                "ready" if answered else "the store does not answer", 200 if answered else 503
            )(scope, receive, send)
            return
        await pages(scope, receive, send)

    return front


def _answers(installation: nytta.App) -> bool:
    try:
        return bool(installation.open.connection.value("SELECT 1"))
    except StoreError:
        return False


@commands.command()
def link(data_folder: Data = None) -> None:
    """Print a further link that signs the person at this machine in to the console of the running service."""
    with opened(data_folder) as installation:
        if not command_client.serving() or installation.sign_in is None:
            fail("no service runs on this data folder: start nytta up")
        print(installation.sign_in())
