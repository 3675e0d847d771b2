"""Rounds of pulled sources on an installation: pages are stored, then the cursor is, and each round is written down."""

from __future__ import annotations

import logging
import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from nytta import Mendable
from nytta.indicators.definition import Definition
from nytta.ingest.directory import LOOKED_UP
from nytta.ingest.files import mapping_load as mappings
from nytta.ingest.files.mapping import Mapping as FieldMapping
from nytta.ingest.files.mapping import supports
from nytta.ingest.files.specs import Value
from nytta.ingest.http.hooks import Hook
from nytta.ingest.intake import PageReport
from nytta.ingest.pull.ask import Ask, BusyError, ConcealedError, Credentials, PullError
from nytta.ingest.pull.declared import FILE as SOURCES
from nytta.ingest.pull.declared import FOLDER, Declared, parsed
from nytta.ingest.pull.drift import Shares, vanished
from nytta.ingest.pull.source import Directory, Finding, Findings, Page, Source
from nytta.ingest.store import pulls
from nytta.ingest.store.memberships import open_rows
from nytta.ingest.store.pulls import PullRound
from nytta.ingest.store.retractions import standing_rows
from nytta.registry.problems import Problem, nearest
from nytta.registry.registry import Registry
from nytta.service.installation import App
from nytta.service.settings import SECRETS

T = TypeVar("T")

_log = logging.getLogger(__name__)
_APART: Final = 300.0
"""Seconds from which on the clocks of a source and of this machine are said to be apart."""
_GONE_AT_MOST: Final = 1 / 3
"""The largest share of a source's rows that a look for what is gone may take back by itself."""


class HeldError(Mendable):
    """A page is not taken: a field that a row needs says nothing any more."""


@dataclass
class Puller:
    """One source on one installation. `clock` says what time it is; `after_page` is called when a page is stored."""

    app: App
    declared: Declared
    mapping: FieldMapping
    ask: Ask
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    after_page: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.source: Source = self.declared.source()

    def round(self, from_cursor: str | None = None) -> PullRound:
        """Take what changed since the last round, or since a cursor that is given; what goes wrong is its state."""
        pull_round = PullRound(self.declared.id, "live", self.clock())
        self.ask.clock = self.clock
        shares = Shares()
        known_fields = pulls.known_fields(self.app.private, self.declared.id)
        cursor = (
            pulls.cursor_of(self.app.private, self.declared.id)
            if from_cursor is None
            else from_cursor
        )
        try:
            self.app.intake.settle()
            for page in _well_formed(self.source.pull(self.ask, cursor)):
                self._take(page, pull_round, shares, known_fields)
                cursor = page.cursor
        except HeldError as error:
            pull_round.state, pull_round.message = "held", str(error)
        except ConcealedError as error:
            pull_round.state, pull_round.message = "concealed", str(error)
        except Mendable as error:
            pull_round.state, pull_round.message = "failed", str(error)
            pull_round.until = error.until if isinstance(error, BusyError) else None
        else:
            pull_round.state = "degraded" if pull_round.rejected or pull_round.hidden else "good"
            if pull_round.hidden and not pull_round.message:
                pull_round.message = (
                    f"{pull_round.hidden} rows are counted and not shown: "
                    "the account lacks rights to them"
                )
            # last of all messages: a round that lost something has more to say than the time
            pull_round.message = pull_round.message or self._wrong_clock()
            self._place_waiting(pull_round)
        pull_round.fields = shares.percent()
        return self._noted(pull_round)

    def _take(
        self, page: Page, pull_round: PullRound, shares: Shares, known_fields: Mapping[str, int]
    ) -> None:
        pull_round.hidden = max(pull_round.hidden, page.hidden)
        pull_round.message = page.note or pull_round.message
        for page_rows in page.rows.values():
            if not page_rows:
                continue
            on_page = Shares()
            on_page.add(page_rows)
            # before anything of the page is stored: rows without that field would be rejects, or other figures
            lost = vanished(on_page, known_fields, self.mapping.needed, self.mapping.indispensable)
            if lost:
                raise HeldError(
                    f"field '{lost[0]}' says nothing in any of {on_page.rows} rows, and did before: look whether the "
                    "source renamed it, and whether the account may read it; the page is asked for again next round"
                )
            _count(pull_round, self._stored(page_rows))
            shares.add(page_rows)
        for path in page.files:
            self._import(path, pull_round)
        if page.gone:
            self._let_go(page.gone, pull_round)
        pull_round.pages += 1
        # after the rows: a round that dies here reads the page again, whose rows are known then
        if page.cursor:
            pulls.save_cursor(self.app.private, self.declared.id, page.cursor, self.clock())
        self.after_page()

    def _stored(
        self, source_rows: Sequence[dict[str, Any]], gone: Collection[str] = ()
    ) -> PageReport:
        """Rows of a page, and ids of rows that a directory has no more, stored."""
        intake, root = self.app.intake, self.declared.organisation
        if isinstance(self.source, Directory):
            return intake.pulled_directory(
                source_rows, self.mapping, self.clock(), gone=gone, root=root
            )
        return intake.pulled(source_rows, self.mapping, self.clock(), root)

    def _import(self, path: Path, pull_round: PullRound) -> None:
        """Import a file. HeldError where it cannot be read: the files after it wait, for lists supersede each other."""
        try:
            report = self.app.intake.import_file(
                path, self.mapping, self.clock(), organisation=self.declared.organisation
            )
        except Mendable as error:
            raise HeldError(
                f"{error}; nothing of the file is taken: mend it, or move it out of the folder"
            ) from error
        pull_round.rows += report.read
        pull_round.events += report.accepted
        pull_round.retracted += report.retracted
        pull_round.rejected += report.rejected

    def _let_go(self, gone: Sequence[dict[str, Any]], pull_round: PullRound) -> None:
        """Take back, or end, what the source says it has no more."""
        row_ids = self.app.intake.ids_of(gone, self.mapping)
        if isinstance(self.source, Directory):
            _count(pull_round, self._stored((), row_ids))
        else:
            pull_round.retracted += self.app.intake.take_back(
                str(self.mapping.source), sorted(row_ids), self.clock()
            )

    def _place_waiting(self, pull_round: PullRound) -> None:
        """Place the events that waited for what a directory told just now."""
        if isinstance(self.source, Directory) and pull_round.events:
            self.app.intake.settle()
            self.app.place_waiting(self.clock())

    def reconcile(self, gone_at_most: int | None = None) -> PullRound:
        """Take back what the source has no more. More than a third is refused unless `gone_at_most` allows so many."""
        pull_round = PullRound(self.declared.id, "reconcile", self.clock())
        self.ask.clock = self.clock
        source, private = str(self.mapping.source), self.app.private
        is_directory = isinstance(self.source, Directory)
        try:
            self.app.intake.settle()
            present_ids: set[str] = set()
            listing = self.source.listing(self.ask)
            # a source of which nothing that happened can be gone
            if listing is None:
                return self._noted(pull_round)
            for listed_rows in _well_formed(listing):
                present_ids |= self.app.intake.ids_of(listed_rows, self.mapping)
                if is_directory:
                    _count(pull_round, self._stored(listed_rows))
                else:
                    pull_round.rows += len(listed_rows)
                pull_round.pages += 1
            standing = (
                open_rows(private, source) if is_directory else standing_rows(private, source)
            )
            gone = sorted(standing - present_ids)
            # an account that lost its rights sees an empty list, which looks like one where all is deleted
            limit = len(standing) * _GONE_AT_MOST if gone_at_most is None else gone_at_most
            if len(gone) > limit:
                raise PullError(
                    f"{len(gone)} of {len(standing)} rows are gone at the source; nothing was taken back. If so "
                    f"many are deleted, say nytta pull --gone-at-most {len(gone)}; if not, look at the account's rights"
                )
            if is_directory:
                _count(pull_round, self._stored((), gone))
            else:
                pull_round.retracted = self.app.intake.take_back(source, gone, self.clock())
            pull_round.listed, pull_round.standing = len(present_ids), len(standing) - len(gone)
            self._place_waiting(pull_round)
        except Mendable as error:
            pull_round.state, pull_round.message = "failed", str(error)
        return self._noted(pull_round)

    def probe(self) -> Findings:
        """What the account may read. PullError where the source cannot be asked at all."""
        (findings,) = _well_formed(self.source.probe(self.ask, self.clock()) for _ in range(1))
        return findings

    def _wrong_clock(self) -> str:
        """That the source's clock and ours are apart, where they are."""
        ahead = self.ask.ahead or 0.0
        if abs(ahead) < _APART:
            return ""
        direction = "ahead of" if ahead > 0 else "behind"
        return f"its clock is {abs(ahead) / 60:.0f} minutes {direction} ours: set the one that is wrong"

    def _noted(self, pulled: PullRound) -> PullRound:
        pulled.throttled = self.ask.throttled
        # counted anew for each round, by which it is shown
        self.ask.throttled = 0
        pulls.note_round(self.app.private, pulled, self.clock())
        summary = f"{pulled.source}: {pulled.what} round {pulled.state}, {pulled.rows} rows, {pulled.events} events"
        summary += f", {pulled.unplaced} unplaced" if pulled.unplaced else ""
        _log.log(
            logging.INFO if pulled.state == "good" else logging.WARNING,
            "%s %s",
            summary,
            pulled.message,
        )
        return pulled


def _well_formed(parts: Iterable[T]) -> Iterator[T]:
    """What a source yields. PullError where its answers have not the form that it takes them to have."""
    remaining = iter(parts)
    while True:
        try:
            page = next(remaining)
        except StopIteration:
            return
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            # what else an error says may hold values of rows
            lacking = (
                f"'{error.args[0]}' is missing"
                if isinstance(error, KeyError)
                else type(error).__name__
            )
            raise PullError(
                f"an answer of the source has another form than is documented ({lacking}): check its address, its "
                "settings and the version of the system; nothing of it is taken"
            ) from error
        yield page


def _count(pull_round: PullRound, page_counts: PageReport) -> None:
    """Add what became of a page to its round."""
    pull_round.rows += page_counts.rows
    pull_round.events += page_counts.events
    pull_round.retracted += page_counts.retracted
    pull_round.rejected += page_counts.rejected
    pull_round.unplaced += page_counts.unplaced


def puller(
    installation: App,
    declared: Declared,
    registry: Path | None,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Puller:
    """What pulls a declared source. Mendable where its mapping or its secret is missing."""
    mapping = mapping_of(declared, registry)
    _belongs(declared, mapping, has_several=len(installation.intake.registry.organisations) > 1)
    return Puller(installation, declared, mapping, ask_of(declared, pause))


def _belongs(declared: Declared, mapping: FieldMapping, *, has_several: bool) -> None:
    """PullError where units are to be looked up among the persons of nobody knows which organisation."""
    all_fields = [mapping.common, *(rule.fields for rule in mapping.rules)]
    units = [fields["unit"] for fields in all_fields if "unit" in fields]
    is_looked_up = any(isinstance(unit, Value) and LOOKED_UP in unit.results for unit in units)
    if has_several and is_looked_up and not declared.organisation:
        raise PullError(
            f"{declared.id}: its units are looked up, and there are several organisations: say in sources.yaml whose "
            "persons they are (organisation)"
        )


def ask_of(declared: Declared, pause: Callable[[float], None] = time.sleep) -> Ask:
    """What asks a declared source. PullError where its secret is missing."""
    secret = secret_of(declared) if declared.account != "none" else ""
    credentials = Credentials(
        declared.account,
        declared.user,
        secret,
        declared.token_address,
        declared.scope,
        declared.scheme,
    )
    return Ask(declared.address, credentials, pause=pause)


def hooks(
    sources: Sequence[Declared], registry: Path | None, day: date, *, has_several: bool = False
) -> dict[str, Hook]:
    """The senders of webhooks by their names; `has_several` organisations may be meant.

    Mendable where a mapping, a secret or an organisation is missing.
    """
    senders: dict[str, Hook] = {}
    for declared in sources:
        if declared.signed and declared.runs(day):
            mapping = mapping_of(declared, registry)
            _belongs(declared, mapping, has_several=has_several)
            senders[declared.id] = Hook(
                mapping, declared.signed, _signing_secret(declared).encode()
            )
    return senders


def mapping_of(declared: Declared, registry: Path | None) -> FieldMapping:
    """The mapping of a declared source, which bears its name and its system. MappingError where there is none."""
    mapping_name: str | Path = declared.mapping or declared.source().mappings[0]
    imports_files = declared.kind == FOLDER
    if declared.mapping.endswith((".yaml", ".yml")) and registry:
        mapping_name = registry / declared.mapping
    mapping = mappings.load(mapping_name)
    if mapping.identity is None and not imports_files:
        raise PullError(
            f"{declared.id}: its mapping needs source and identity, so that what comes again is known"
        )
    common = {**mapping.common, "system": Value(constant=declared.system)}
    # of files without an identity, each is a source
    source = declared.id if mapping.identity is not None else None
    return mapping.model_copy(update={"source": source, "common": MappingProxyType(common)})


def source_problems(folder: Path, registry: Registry | None) -> list[Problem]:
    """What is wrong in the sources.yaml of a folder, whose registry is None where it has problems of its own."""
    try:
        declaration = parsed(folder)
    except Mendable as error:
        return [Problem(SOURCES, 1, str(error))]
    problems = list(declaration.problems)
    systems = {system.id for system in registry.systems} if registry else set()
    organisations = [organisation.id for organisation in registry.organisations] if registry else []
    for declared, line in declaration.sources:
        if registry and declared.system not in systems:
            suggestion = nearest(declared.system, systems)
            problems.append(
                Problem(
                    SOURCES, line, f"system: '{declared.system}' is not in systems.yaml{suggestion}"
                )
            )
        if registry and declared.organisation and declared.organisation not in organisations:
            suggestion = nearest(declared.organisation, organisations)
            problems.append(
                Problem(
                    SOURCES,
                    line,
                    f"organisation: '{declared.organisation}' is none of the registry{suggestion}",
                )
            )
        try:
            _belongs(declared, mapping_of(declared, folder), has_several=len(organisations) > 1)
        except Mendable as error:
            problems.append(Problem(SOURCES, line, f"mapping: {error}"))
    return problems


def _signing_secret(declared: Declared) -> str:
    """The secret with which a source signs what it sends."""
    return _environment_secret(f"{declared.secret_name}_SIGNATURE") or secret_of(declared)


def _environment_secret(name: str) -> str:
    """A secret of the environment, else of the container; '' where there is none. OSError where it cannot be read."""
    stated = os.environ.get(name, "")
    if stated:
        return stated
    file = SECRETS / name
    return file.read_text("utf-8").strip() if file.is_file() else ""


def secret_of(declared: Declared) -> str:
    """The secret of a declared source. PullError where there is none, or others can read it."""
    if declared.secret_file is not None:
        try:
            if stat.S_IMODE(declared.secret_file.stat().st_mode) & 0o077:
                raise PullError(f"{declared.secret_file}: others can read the secret; chmod 600 it")
            return declared.secret_file.read_text("utf-8").strip()
        except OSError as error:
            raise PullError(
                f"{declared.secret_file}: the secret cannot be read: {error.strerror}"
            ) from error
    secret = _environment_secret(declared.secret_name)
    if not secret:
        raise PullError(
            f"{declared.id}: put its secret into {declared.secret_name}, or name a secret_file"
        )
    return secret


def fed_indicators(mapping: FieldMapping, definitions: Sequence[Definition]) -> list[Definition]:
    """The indicators that read a type of event, or a field of one, which the mapping makes."""
    # needs are written as a type or a family of types, alone or with a field: `case`, `case.step:mode`
    supplied: set[str] = set()
    for type_name, fields in supports(mapping).items():
        for what in (type_name, type_name.partition(".")[0]):
            supplied |= {what, *(f"{what}:{field}" for field in fields)}
    fed = []
    for definition in definitions:
        needs = [alternatives for side in definition.reads for alternatives in side.needs]
        if any(supplied.intersection(alternatives) for alternatives in needs):
            fed.append(definition)
    return fed


def dark_indicators(
    findings: Findings, definitions: tuple[Definition, ...]
) -> dict[str, list[str]]:
    """By what cannot be read, the indicators that have nothing to say because of it."""
    return {
        finding.what: [definition.id for definition in definitions if _reads(definition, finding)]
        for finding in findings.found
        if not finding.fine and finding.dark
    }


def _reads(definition: Definition, finding: Finding) -> bool:
    dark_column = re.compile(rf"\b({'|'.join(finding.dark)})\b")
    sides = [side for side in definition.reads if side.subject == finding.subject]
    return any(dark_column.search(f"{side.value} {side.where}") for side in sides)
