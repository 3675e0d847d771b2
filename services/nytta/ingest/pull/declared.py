"""sources.yaml of the registry: which systems are asked, where, how often, and as whom. Secrets stand elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from nytta import Mendable
from nytta.ingest.pull.source import Source, SourceSettings
from nytta.ingest.pull.sources.entra import Entra, EntraSettings
from nytta.ingest.pull.sources.folder import Folder, FolderSettings
from nytta.ingest.pull.sources.m365 import M365, M365Settings
from nytta.ingest.pull.sources.servicenow import ServiceNow, ServiceNowSettings
from nytta.ingest.pull.sources.sql import Sql, SqlSettings
from nytta.ingest.pull.sources.zammad import Zammad, ZammadSettings
from nytta.registry import nodes
from nytta.registry.problems import Problem, check_text

FILE: Final = "sources.yaml"

KINDS: Final[Mapping[str, tuple[type[SourceSettings], Any]]] = MappingProxyType(
    {
        "servicenow": (ServiceNowSettings, ServiceNow),
        "entra": (EntraSettings, Entra),
        "m365": (M365Settings, M365),
        "zammad": (ZammadSettings, Zammad),
        "sql": (SqlSettings, Sql),
        "folder": (FolderSettings, Folder),
    }
)
"""The kinds of source: their settings, and what makes one of these."""


WEBHOOK: Final = "webhook"
"""The kind of a system that is not asked and sends to /hooks/ID."""
DATABASE: Final = "sql"
"""The kind whose address is that of a database, as SQLAlchemy writes it."""
FOLDER: Final = "folder"
"""The kind whose address is a path."""

_SCHEMES: Final = {"zammad": "Token token="}
_LOCAL: Final = ("127.0.0.1", "localhost", "::1", None)
_ENCRYPTED: Final = ("sslmode=require", "sslmode=verify-ca", "sslmode=verify-full")


class SourcesError(Mendable):
    """Every problem of a sources.yaml."""


class Declared(BaseModel):
    """One source as it is declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,62}$")]
    """Its name, which is also the source of its events."""
    kind: str
    address: str = ""
    """Where it is, without a path that the kind adds itself."""
    system: Annotated[str, Field(min_length=1)]
    """The system's id in systems.yaml."""
    account: Literal["none", "basic", "token", "client-credentials"] = "none"
    user: str = ""
    token_address: str = ""
    scope: str = ""
    secret_file: Path | None = None
    """The file that holds the secret alone, readable by its owner only; else NYTTA_SECRET_ID of the environment."""
    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = 15
    """Between two rounds."""
    reconcile_hours: Annotated[int, Field(ge=1, le=31 * 24)] = 24
    """Between two looks for what is gone."""
    mapping: str = ""
    """A mapping of your own, beside sources.yaml, in the place of the shipped one."""
    organisation: str = ""
    """The organisation of its events, where there are several and its units are looked up."""
    muted_until: date | None = None
    """Before this day the source is asked, and that it fails or is silent is expected."""
    ended_on: date | None = None
    """From this day on the source is asked no more."""
    verified_on: date | None = None
    """The day on which somebody last held its figures against the system's own."""
    signed: Literal["", "zammad", "jira", "github", "glpi"] = ""
    """Where it also sends, to /hooks/ID, whose way of signing that is. The secret with which it signs is
    NYTTA_SECRET_ID_SIGNATURE of the environment, else the same as its account's."""
    settings: dict[str, Any] = Field(default_factory=dict)

    @field_validator("token_address")
    @classmethod
    def _token_is_web(cls, address: str) -> str:
        return _web(address)

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        if kind not in KINDS and kind != WEBHOOK:
            raise ValueError(f"there is no kind '{kind}'; known are {', '.join([*KINDS, WEBHOOK])}")
        return kind

    @model_validator(mode="after")
    def _goes_together(self) -> Declared:
        if self.kind == WEBHOOK and not (self.mapping and self.signed):
            raise ValueError("a webhook needs mapping, and signed: whose way of signing it is")
        if self.kind != WEBHOOK and not self.address:
            raise ValueError("address: where is it?")
        if self.kind in KINDS and not (self.mapping or KINDS[self.kind][1].mappings):
            raise ValueError("mapping: name the one that reads its rows")
        match self.kind:
            case "sql":
                _database(self.address)
            case "folder":
                _path(self.address)
            case _:
                _web(self.address)
        return self

    @property
    def secret_name(self) -> str:
        """The environment variable of its secret."""
        return f"NYTTA_SECRET_{self.id.upper().replace('-', '_')}"

    @property
    def scheme(self) -> str:
        """What stands before its token in the header Authorization."""
        return _SCHEMES.get(self.kind, "Bearer ")

    def runs(self, day: date) -> bool:
        """Whether it is listened to on that day."""
        return self.ended_on is None or day < self.ended_on

    def is_muted(self, day: date) -> bool:
        """Whether it is expected on that day that it fails or is silent."""
        return self.muted_until is not None and day < self.muted_until

    @property
    def is_asked(self) -> bool:
        """Whether it is pulled; else it sends by itself."""
        return self.kind != WEBHOOK

    def due(self, last_round: datetime | None, current_time: datetime) -> bool:
        """Whether a round is due, after one that began at `last_round`; a round of the future was a wrong clock's."""
        return last_round is None or not timedelta() <= current_time - last_round < timedelta(
            minutes=self.minutes
        )

    def source(self) -> Source:
        """What asks it. SourcesError where its settings are not sound."""
        settings, make = KINDS[self.kind]
        source: Source = make(settings.model_validate(self.settings))
        return source


def read(registry: Path | None) -> tuple[Declared, ...]:
    """The sources that a registry declares. SourcesError with every problem, each with its line."""
    declaration = parsed(registry)
    if declaration.problems:
        raise SourcesError(check_text(declaration.problems, str(registry)).rstrip("\n"))
    return tuple(declared for declared, _ in declaration.sources)


class Declaration(NamedTuple):
    """A sources.yaml: each source with its line, and what is wrong."""

    sources: Sequence[tuple[Declared, int]] = ()
    problems: Sequence[Problem] = ()


def parsed(registry: Path | None) -> Declaration:
    """The sources that a registry declares, and every problem with its line. SourcesError where it cannot be read."""
    path = registry / FILE if registry is not None else None
    if path is None or not path.is_file():
        return Declaration()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesError(f"{path}: cannot be read: {error}") from error
    root, problems = nodes.parse(text, FILE, null_words=nodes.NULLS)
    sources: list[tuple[Declared, int]] = []
    document = root.plain() if root else None
    entries = document.get("sources") if isinstance(document, dict) else None
    if root and not isinstance(entries, list):
        problems.append(Problem(FILE, 1, "list the systems that are asked under `sources:`"))
        entries = []
    for number, entry in enumerate(entries or ()):
        try:
            declared = Declared.model_validate(entry)
            if declared.is_asked:
                declared.source()
        except ValidationError as error:
            for detail in error.errors():
                place = [part for part in detail["loc"] if isinstance(part, str | int)]
                line = root.at("sources", number, *place) if root else 1
                message = str(detail["msg"]).removeprefix("Value error, ")
                problems.append(Problem(FILE, line, f"{'.'.join(map(str, place))}: {message}"))
            continue
        # one name is one source of events and one cursor
        line = root.at("sources", number) if root else 1
        if any(earlier.id == declared.id for earlier, _ in sources):
            problems.append(Problem(FILE, line, f"'{declared.id}' stands twice"))
        sources.append((declared, line))
    return Declaration(sources, sorted(problems))


def _web(address: str) -> str:
    parts = urlsplit(address)
    if address and (parts.scheme not in ("https", "http") or not parts.hostname or parts.username):
        raise ValueError("write an address such as https://example.service-now.com, without a user")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError("secrets go over https only")
    return address


def _database(address: str) -> None:
    parts = urlsplit(address)
    if not parts.scheme or parts.scheme in ("https", "http") or parts.username or parts.password:
        raise ValueError(
            "address: write that of a database, such as postgresql+psycopg://host/name, without a user"
        )
    # on this machine nobody listens in between
    is_far = parts.scheme.startswith("postgresql") and parts.hostname not in _LOCAL
    if is_far and not any(mode in parts.query for mode in _ENCRYPTED):
        raise ValueError(
            "address: end it with ?sslmode=verify-full, for rows and secrets go over an encrypted line only"
        )


def _path(address: str) -> None:
    if not Path(address).is_absolute():
        raise ValueError("address: write the whole path of the folder")
