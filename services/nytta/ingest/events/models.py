"""Every event type: what it says, its fields with meaning and unit, and what it is about.

These models are the authority. The JSON Schemas, the decoder's fast path and the columns come from them.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nytta.ingest.events.fields import Count, Day, Identifier, Name, Text, Week, Whole


class Channel(StrEnum):
    """The way by which a case or a request comes in, or a step is carried out."""

    WEB = "web"
    APP = "app"
    API = "api"
    CHAT = "chat"
    EMAIL = "email"
    PHONE = "phone"
    DESK = "desk"
    POST = "post"
    ASSISTED = "assisted"
    INTERNAL = "internal"
    OTHER = "other"


class Mode(StrEnum):
    """How a step was carried out."""

    DIGITAL = "digital"
    AUTO = "auto"
    MANUAL = "manual"
    PAPER = "paper"
    PRINTED = "printed"
    SCANNED = "scanned"


class ActorKind(StrEnum):
    """What stands behind an actor id; only persons are counted as persons."""

    PERSON = "person"
    ROBOT = "robot"
    SHARED = "shared"
    SYSTEM = "system"


class DecisionState(StrEnum):
    """What happened to a decision."""

    MADE = "made"
    ACKNOWLEDGED = "acknowledged"
    EXECUTED = "executed"
    REVERSED = "reversed"


Kind = Literal[
    "case",
    "client",
    "session",
    "ticket",
    "training",
    "pulse",
    "milestone",
    "decision",
    "eligibility",
    "presence",
    "benefit",
]


Number = Annotated[int, Field(ge=1, le=2**31 - 1)] | None
"""How many the event stands for; absent where it is one."""


class Data(BaseModel):
    """What every event says, whatever its type."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    name: ClassVar[str]
    """Family and what, such as `case.step`."""
    version: ClassVar[int] = 1
    kind: ClassVar[Kind]
    """What sort of thing the event is about."""
    subject: ClassVar[str]
    """The field that names the thing the event is about."""

    unit: Name
    """Code of the organisational unit, as the registry or the source's unit map has it."""
    system: Text = None
    """Code of the system in which it happened."""
    case_type: Text = None
    """Code of the case type, or of the kind of service."""

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents type, such as `nytta.case.step.v1`."""
        return f"nytta.{cls.name}.v{cls.version}"


class Acted(Data):
    """What every event says that somebody or something may have caused."""

    actor: Identifier | None = None
    """Who did it, as a pseudonym `key-id:32 hex digits`; raw ids pass at the edge only."""
    actor_kind: ActorKind | None = None
    """What the actor is; a person where an actor is given and this is not."""


# --- case -----------------------------------------------------------------------------------------


class CaseOpened(Acted):
    """A case was opened: an application, a report or a request was received."""

    name = "case.opened"
    kind = "case"
    subject = "case"

    case: Identifier
    """The case, as a pseudonym."""
    channel: Channel | None = None
    """The channel by which the case came in."""


class CaseStep(Acted):
    """A step of a case was carried out."""

    name = "case.step"
    kind = "case"
    subject = "case"

    case: Identifier
    """The case, as a pseudonym."""
    activity: Name
    """The name of the step."""
    mode: Mode | None = None
    """How the step was carried out."""
    channel: Channel | None = None
    """The channel the step used."""
    intended: bool | None = None
    """Whether the step was carried out in the intended, digital way; absent where nobody has said."""
    digital_route: bool | None = None
    """Whether a digital way exists for this step."""
    team: Text = None
    """The team that carried out the step."""
    follows: bool | None = None
    """Whether the case belongs to this event's unit from here on, instead of to the unit that opened it."""


class CaseReturned(Acted):
    """A case went back to an earlier step."""

    name = "case.returned"
    kind = "case"
    subject = "case"

    case: Identifier
    """The case, as a pseudonym."""
    activity: Text = None
    """The name of the step to which the case went back."""
    by_law: bool | None = False
    """Whether the law asks for the return, as for missing papers; such a return is no rework."""


class CaseHandover(Acted):
    """A case was handed over to another team or person."""

    name = "case.handover"
    kind = "case"
    subject = "case"

    case: Identifier
    """The case, as a pseudonym."""
    team: Text = None
    """The team that took the case over."""
    count: Number = None
    """Number of handovers that the event stands for, where a source only counts them; else one."""


class CaseClosed(Acted):
    """A case was closed."""

    name = "case.closed"
    kind = "case"
    subject = "case"

    case: Identifier
    """The case, as a pseudonym."""
    end_to_end: bool | None = None
    """Whether the case had no paper and no manual step from beginning to end."""
    outcome: Text = None
    """How the case ended, in the source's own words."""


# --- platform -------------------------------------------------------------------------------------


class _Client(Acted):
    kind = "client"
    subject = "client"

    client: Identifier
    """The workplace device, as a pseudonym."""
    legacy: bool | None = None
    """Whether the device runs the old platform."""


class PlatformEnrolled(_Client):
    """A client was enrolled on a platform."""

    name = "platform.enrolled"


class PlatformActivated(_Client):
    """A client was used on a platform for the first time."""

    name = "platform.activated"


class PlatformHeartbeat(_Client):
    """A client was seen working on a platform."""

    name = "platform.heartbeat"


class PlatformRetired(_Client):
    """A client left a platform."""

    name = "platform.retired"


class PlatformSession(Acted):
    """Somebody did something meaningful in an application; a login alone is none. No durations."""

    name = "platform.session"
    kind = "session"
    subject = "actor"

    actor: Identifier
    """Who acted, as a pseudonym."""
    app: Text = None
    """The application."""
    feature: Text = None
    """The feature of the application that was used."""
    legacy: bool | None = None
    """Whether the application belongs to the old platform."""
    actions: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = 1
    """Number of meaningful actions that the event stands for."""


# --- ticket ---------------------------------------------------------------------------------------


class _Ticket(Acted):
    kind = "ticket"
    subject = "ticket"

    ticket: Identifier
    """The support ticket, as a pseudonym."""


class TicketOpened(_Ticket):
    """A support ticket was opened."""

    name = "ticket.opened"

    channel: Channel | None = None
    """The channel by which the request came in."""
    category: Text = None
    """What the ticket is about: application, service or subject."""
    how_to: bool | None = None
    """Whether the question is how to do something, in contrast to a fault or an order."""
    team: Text = None
    """The support team that received it."""
    line: Annotated[int, Field(ge=1, le=3)] | None = None
    """The support line, 1 to 3."""


class TicketAssigned(_Ticket):
    """A support ticket was given to a team."""

    name = "ticket.assigned"

    activity: Text = None
    """The state of the ticket, in the source's own words."""
    team: Text = None
    """The team that has the ticket from here on."""
    line: Annotated[int, Field(ge=1, le=3)] | None = None
    """The support line of that team, 1 to 3."""
    channel: Channel | None = None
    """The channel by which the request came in."""
    category: Text = None
    """What the ticket is about: application, service or subject."""
    count: Number = None
    """Number of assignments that the event stands for, where a source only counts them; else one."""


class TicketResolved(_Ticket):
    """A support ticket was resolved."""

    name = "ticket.resolved"

    activity: Text = None
    """The state of the ticket, in the source's own words."""
    first_contact: bool | None = None
    """Whether the first contact resolved it."""
    team: Text = None
    """The team that resolved it."""
    line: Annotated[int, Field(ge=1, le=3)] | None = None
    """The support line that resolved it, 1 to 3."""
    channel: Channel | None = None
    """The channel by which the request came in."""
    category: Text = None
    """What the ticket is about: application, service or subject."""


class TicketReopened(_Ticket):
    """A resolved support ticket was opened again."""

    name = "ticket.reopened"

    team: Text = None
    """The team that has the ticket from here on."""
    line: Annotated[int, Field(ge=1, le=3)] | None = None
    """The support line of that team, 1 to 3."""
    count: Number = None
    """Number of times it was opened again that the event stands for, where a source only counts them; else one."""


class TicketSelfservice(_Ticket):
    """Somebody solved a matter alone, in self-service, without a ticket."""

    name = "ticket.selfservice"

    ticket: Identifier
    """The self-service completion, as a pseudonym of its id."""
    category: Text = None
    """What the matter was: application, service or subject."""


# --- change ---------------------------------------------------------------------------------------


class ChangeTraining(Acted):
    """Somebody completed a training."""

    name = "change.training"
    kind = "training"
    subject = "course"

    course: Name
    """The course."""
    tier: Text = None
    """The step of the change the person belongs to, such as managers, key roles or staff."""


class ChangePulse(Data):
    """One answer to one item of a pulse survey. Anonymous: there is no field for a person."""

    name = "change.pulse"
    kind = "pulse"
    subject = "survey"

    survey: Name
    """The survey, such as `2026-spring`."""
    item: Name
    """The item of the survey, such as `awareness`."""
    tier: Text = None
    """The step of the change the answers belong to, such as managers, key roles or staff; `user` for users of the
    service."""
    score: Annotated[int, Field(ge=1, le=5)]
    """The answer, from 1 (not at all) to 5 (fully)."""


class ChangeMilestone(Acted):
    """Something dated happened in the programme; the change point of every chart."""

    name = "change.milestone"
    kind = "milestone"
    subject = "milestone"

    unit: Text = None  # type: ignore[assignment]  # the one type whose unit may be absent
    """Code of the organisational unit it concerns; absent where it concerns all."""
    milestone: Name
    """The id of the milestone."""
    what: Name
    """What happened: `live`, `steering_changed`, `step_started` or another word of the programme."""


class ChangeDecision(Acted):
    """A decision was made, acknowledged by a unit, executed in a unit, or reversed."""

    name = "change.decision"
    kind = "decision"
    subject = "decision"

    decision: Name
    """The id of the decision."""
    state: DecisionState
    """What happened to the decision."""
    level: Text = None
    """The level of the organisation that the state is about, such as `2`."""
    due: Day | None = None
    """The day by which the decision is to be executed."""


# --- people ---------------------------------------------------------------------------------------


class PeopleEligibility(Acted):
    """A person belongs to a unit and is expected to use a system, from one day until another."""

    name = "people.eligibility"
    kind = "eligibility"
    subject = "actor"

    actor: Identifier
    """The person, as a pseudonym."""
    role: Text = None
    """The role of the person."""
    tier: Text = None
    """The step of the change the person belongs to, such as managers, key roles or staff."""
    fte: Annotated[int, Field(ge=1, le=100)] | None = 100
    """Part of a full position, in percent."""
    valid_from: Day
    """The first day."""
    valid_to: Day | None = None
    """The first day after the last one; absent while open."""
    account: bool | None = None
    """Whether the person has a working account."""
    licence: bool | None = None
    """Whether the person has a licence."""

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        _check_order("valid_to", self.valid_from, self.valid_to)
        return self


class PeoplePresence(Acted):
    """How much a person, or a unit as a whole, was at work in one week."""

    name = "people.presence"
    kind = "presence"
    subject = "week"

    actor: Identifier | None = None
    """The person, as a pseudonym; absent where the event is about all persons of the unit."""
    week: Week
    """The ISO week, such as `2026-W07`."""
    persons: Count | None = None
    """Number of persons who were present at least one day."""
    present_days: Count | None = None
    """Days present, in tenths of a day."""
    contract_days: Count | None = None
    """Days of the week that the contracts hold, in tenths of a day."""


# --- benefit --------------------------------------------------------------------------------------


class BenefitMeasured(Acted):
    """A benefit was measured over a period."""

    name = "benefit.measured"
    kind = "benefit"
    subject = "benefit"

    benefit: Name
    """The id of the benefit in the programme's register."""
    value: Whole
    """What was measured, in thousandths of the benefit's own unit of measure."""
    period_from: Day
    """The first day of the period."""
    period_to: Day
    """The first day after the period."""

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        _check_order("period_to", self.period_from, self.period_to)
        return self


def _check_order(field: str, start: date, end: date | None) -> None:
    if end is not None and end < start:
        raise ValueError(f"{field} lies before the start")


MODELS: Final[tuple[type[Data], ...]] = (
    CaseOpened,
    CaseStep,
    CaseReturned,
    CaseHandover,
    CaseClosed,
    PlatformEnrolled,
    PlatformActivated,
    PlatformHeartbeat,
    PlatformRetired,
    PlatformSession,
    TicketOpened,
    TicketAssigned,
    TicketResolved,
    TicketReopened,
    TicketSelfservice,
    ChangeTraining,
    ChangePulse,
    ChangeMilestone,
    ChangeDecision,
    PeopleEligibility,
    PeoplePresence,
    BenefitMeasured,
)

TYPES: Final[Mapping[str, type[Data]]] = MappingProxyType(
    {model.type_name(): model for model in MODELS}
)
"""CloudEvents type, such as `nytta.case.step.v1`, to the model of its data."""
