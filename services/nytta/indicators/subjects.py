"""The subjects that indicators count, and the SQL that derives a subject's row from its events.

A subject row is a function of the winning events of that subject, whatever order they came in. Column meanings stand
here; types stand in the tables' migration.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_ORDER = "(time, sequence, identity)"
_NOBODY = "toFixedString('', 16)"
_BY_PERSON = f"actor_kind = 'person' AND actor != {_NOBODY}"
_BY_HAND = "('paper', 'manual', 'printed', 'scanned')"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an indicator can count.

    `columns` are the names an expression may use, with their meaning. `table` is the private table of its rows, ''
    for subjects that are derived per query. `moments` are the columns whose change touches cells. `select` derives
    rows from `{events}`, the winning events of the marked subjects. `hand` is the column with the person who did most
    of the subject, '' where nobody handles it; `step_hands` gives, for a column that measures a step, the one with the
    person who did that step. `requester` is the column with the person who asked. `actors` is the array column with all
    persons of the subject. `needs` says of columns which
    evidence gives them, the first that is there: a type of event (or only its family), with a field behind a colon, or
    a list of the registry; columns that are not named have a figure without any.
    """

    name: str
    columns: dict[str, str]
    table: str = ""
    moments: tuple[str, ...] = ()
    select: str = ""
    actors: str = ""
    hand: str = ""
    step_hands: dict[str, str] = field(default_factory=dict)
    requester: str = ""
    per_period: bool = False
    needs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def stored(self) -> tuple[str, ...]:
        """Columns of the subject's table that its events give: where it stands, its id, and what it tells."""
        return ("system", "unit", "subject", *self.columns, *self.hands)

    @property
    def hands(self) -> tuple[str, ...]:
        """Columns with persons who handled or asked; the gate counts them, no expression may name them."""
        columns = (self.hand, *self.step_hands.values(), self.requester)
        return tuple(dict.fromkeys(column for column in columns if column))


# a step that the registry lists for the system, or for the case type
_ONE_OF = (
    "((system, case_type, activity) IN "
    "(SELECT system, case_type, activity FROM {{{{open}}}}.steps WHERE meaning = '{0}')"
    " OR (system, '', activity) IN (SELECT system, case_type, activity FROM {{{{open}}}}.steps WHERE meaning = '{0}'))"
)


# A subject has one hand: the person with most of its steps, of equals the latest; where steps name nobody, of its other
# events. Systems, robots and shared accounts are no persons.
def _acts(condition: str) -> str:
    return (
        f"arraySort(groupArrayIf((time, sequence, identity, actor), {condition} AND {_BY_PERSON}))"
    )


def _last_doer(condition: str, order: str = _ORDER) -> str:
    """The person who last did what is measured, or nobody."""
    return f"argMaxIf(actor, {order}, {condition} AND {_BY_PERSON})"


def _with_hands(aggregates: str, doers: dict[str, str], named_columns: str) -> str:
    """SQL of subject rows with their hands, from aggregates with `step_acts`, `other_acts` and who last did something.

    `doers` are the columns of those by the column that tells who is counted: they, else the subject's hand.
    `named_columns` is SQL of further columns. A level for each thing that is needed twice: a name in the same level is
    planned again wherever it stands.
    """
    last_hands = "".join(
        f", if({doer} = {_NOBODY}, hand, {doer}) AS {column}" for column, doer in doers.items()
    )
    return f"""
SELECT *{last_hands} FROM (
    SELECT *,
        (arrayReverseSort(arrayMap(
            person -> (countEqual(acting, person), length(acting) - indexOf(arrayReverse(acting), person), person),
            arrayDistinct(acting)))[1]).3 AS hand
    FROM (SELECT *, arrayMap(act -> act.4, if(notEmpty(step_acts), step_acts, other_acts)) AS acting,
                 {named_columns}
          FROM ({aggregates})))
"""


# Intended use: what an event says of itself counts; else a step that the registry lists says yes, and a closing without
# such a step says no. Until then nobody knows.
_CASE = _with_hands(
    f"""
SELECT
    system,
    if(max(follows) = 1, argMax(unit, {_ORDER}),
       argMin(unit, (type != 'case.opened', time, sequence, identity))) AS unit,
    if(countIf(type = 'case.opened') > 0, minIf(time, type = 'case.opened'), min(time)) AS opened_at,
    subject,
    argMinIf(case_type, (type != 'case.opened', time, sequence, identity), case_type != '') AS case_type,
    maxOrNullIf(time, type = 'case.closed') AS closed_at,
    opened_at + INTERVAL 90 DAY AS expires_at,
    if(countIf(type = 'case.step') > 0, minIf(time, type = 'case.step'), min(time)) AS first_at,
    if(countIf(type = 'case.step') > 0, maxIf(time, type = 'case.step'), max(time)) AS last_at,
    argMinIf(channel, (type != 'case.opened', time, sequence, identity), channel != '') AS channel,
    toUInt32(countIf(type = 'case.step')) AS steps,
    toInt8(max(means)) AS intended,
    toUInt32(countIf(type = 'case.returned' AND by_law != 1)) AS returns,
    toUInt32(countIf(type = 'case.returned' AND by_law = 1)) AS returns_by_law,
    toUInt32(countIf(has_route)) AS route_steps,
    toUInt32(countIf(has_route AND mode IN {_BY_HAND})) AS route_steps_by_hand,
    toInt8(maxIf(end_to_end, type = 'case.closed')) AS end_to_end,
    toUInt32(sumIf(greatest(1, quantity), type = 'case.handover')) AS handovers,
    arraySort(groupArrayIf((time, sequence, identity, activity, mode, team, actor), type = 'case.step')) AS ordered,
    {_acts("type = 'case.step'")} AS step_acts,
    {_acts("type != 'case.step'")} AS other_acts,
    {_last_doer("means = 1")} AS doer_intended,
    {_last_doer("has_route", f"(mode IN {_BY_HAND}, time, sequence, identity)")} AS doer_route
FROM
(
    SELECT *,
        multiIf(
            intended >= 0, intended,
            type = 'case.step' AND {_ONE_OF.format("intended")}, 1,
            type = 'case.closed' AND system IN (SELECT system FROM {{open}}.steps WHERE meaning = 'intended'), 0,
            -1) AS means,
        type = 'case.step' AND (digital_route = 1 OR (digital_route = -1 AND {_ONE_OF.format("route")})) AS has_route
    FROM {{events}}
)
GROUP BY system, subject
""",
    {"hand_intended": "doer_intended", "hand_route": "doer_route"},
    """arrayMap(s -> s.4, ordered) AS activities, arrayMap(s -> s.5, ordered) AS modes,
                 arrayMap(s -> s.6, ordered) AS teams, arrayMap(s -> s.7, ordered) AS actors""",
)

_TICKET = _with_hands(
    f"""
SELECT
    system,
    if(max(follows) = 1, argMax(unit, {_ORDER}),
       argMin(unit, (type != 'ticket.opened', time, sequence, identity))) AS unit,
    if(countIf(type = 'ticket.opened') > 0, minIf(time, type = 'ticket.opened'), min(time)) AS opened_at,
    subject,
    argMinIf(case_type, {_ORDER}, case_type != '') AS case_type,
    groupArrayIf(time, type = 'ticket.resolved') AS resolutions,
    groupArrayIf(time, type IN ('ticket.assigned', 'ticket.reopened')) AS work,
    arrayMax(arrayFilter(w -> w < arrayMax(resolutions), work)) AS worked_at,
    if(empty(resolutions) OR maxIf(time, type = 'ticket.reopened') > arrayMax(resolutions), NULL,
       arrayMin(arrayFilter(r -> r >= worked_at, resolutions))) AS resolved_at,
    min(time) AS first_at,
    max(time) AS last_at,
    argMinIf(channel, (type != 'ticket.opened', time, sequence, identity), channel != '') AS channel,
    argMinIf(category, {_ORDER}, category != '') AS category,
    toInt8(max(how_to)) AS how_to,
    toInt8(max(first_contact)) AS first_contact,
    toUInt8(countIf(type = 'ticket.selfservice') > 0) AS selfservice,
    toUInt32(sumIf(greatest(1, quantity), type = 'ticket.assigned')) AS assignments,
    toUInt32(sumIf(greatest(1, quantity), type = 'ticket.reopened')) AS reopened,
    arraySort(groupArray((time, sequence, identity, activity, unit, team, line, actor))) AS ordered,
    {_acts("type NOT IN ('ticket.opened', 'ticket.selfservice')")} AS step_acts,
    {_acts("0")} AS other_acts,
    {_last_doer("type = 'ticket.resolved'")} AS doer_resolved,
    argMinIf(actor, (type != 'ticket.opened', time, sequence, identity),
             type IN ('ticket.opened', 'ticket.selfservice') AND actor != {_NOBODY}) AS requester
FROM {{events}}
GROUP BY system, subject
""",
    {"hand_resolved": "doer_resolved"},
    """arrayMap(s -> s.4, ordered) AS activities, arrayMap(s -> s.5, ordered) AS units,
                 arrayMap(s -> s.6, ordered) AS teams, arrayMap(s -> s.7, ordered) AS lines,
                 arrayMap(s -> s.8, ordered) AS actors""",
)

_CLIENT = f"""
SELECT
    system,
    argMax(unit, (type = 'platform.enrolled', time, sequence, identity)) AS unit,
    subject,
    argMaxIf(case_type, {_ORDER}, case_type != '') AS case_type,
    minOrNullIf(time, type = 'platform.enrolled') AS enrolled_at,
    enrolled_at + INTERVAL 14 DAY AS matured_at,
    minOrNullIf(time, type IN ('platform.activated', 'platform.heartbeat')) AS activated_at,
    maxOrNullIf(time, type IN ('platform.activated', 'platform.heartbeat')) AS last_seen_at,
    maxOrNullIf(time, type = 'platform.retired') AS retired_at,
    toInt8(max(legacy)) AS legacy
FROM {{events}}
GROUP BY system, subject
"""

SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject(
            "case",
            {
                "case_type": "type of case",
                "opened_at": "when it was opened, else its first event",
                "closed_at": "when it was closed; null while open",
                "expires_at": "90 days after it was opened, when it should have been closed",
                "first_at": "its first step",
                "last_at": "its last step",
                "channel": "channel it came in by",
                "steps": "number of steps",
                "intended": "1 a step shows intended use, 0 none does, -1 nobody says what intended use is",
                "returns": "returns to an earlier step, not demanded by law",
                "returns_by_law": "returns demanded by law",
                "route_steps": "steps that have a digital route",
                "route_steps_by_hand": "of those, done on paper, by hand, printed or scanned",
                "end_to_end": "1 wholly digital, 0 not, -1 unknown",
                "handovers": "handovers between units or teams",
                "activities": "activities of the steps, in order",
                "modes": "modes of the steps, in order",
                "teams": "teams of the steps, in order",
                "actors": "pseudonyms of the steps, in order; 16 zero bytes where none",
            },
            table="cases",
            moments=("opened_at", "closed_at", "expires_at", "first_at"),
            select=_CASE,
            actors="actors",
            hand="hand",
            step_hands={"intended": "hand_intended", "route_steps": "hand_route"},
            needs={
                "opened_at": ("case",),
                "expires_at": ("case",),
                "closed_at": ("case.closed",),
                "channel": ("case:channel",),
                "intended": ("case:intended", "registry:intended"),
                "returns": ("case.returned",),
                "returns_by_law": ("case.returned",),
                "route_steps": ("case.step:digital_route", "registry:route"),
                "route_steps_by_hand": ("case.step:mode",),
                "end_to_end": ("case.closed:end_to_end", "case.step:mode"),
                "handovers": ("case.handover",),
            },
        ),
        Subject(
            "ticket",
            {
                "case_type": "type of ticket",
                "opened_at": "when it was opened, else its first event",
                "resolved_at": "its first resolution after the last work on it; null before, and while it is reopened",
                "first_at": "its first event",
                "last_at": "its last event",
                "channel": "channel it came in by",
                "category": "category or product",
                "how_to": "1 a question of how to do something, 0 not, -1 unknown",
                "first_contact": "1 resolved in the first contact, 0 not, -1 unknown",
                "selfservice": "1 solved by the user without a ticket",
                "assignments": "number of assignments",
                "reopened": "number of times reopened",
                "activities": "states, in order",
                "units": "units, in order",
                "teams": "support teams, in order",
                "lines": "support lines, in order; 0 unknown",
                "actors": "pseudonyms of handlers, in order; 16 zero bytes where none",
            },
            table="tickets",
            moments=("opened_at", "resolved_at", "first_at"),
            select=_TICKET,
            actors="actors",
            hand="hand",
            step_hands={"first_contact": "hand_resolved"},
            requester="requester",
            needs={
                "opened_at": ("ticket",),
                "resolved_at": ("ticket.resolved",),
                "channel": ("ticket:channel",),
                "how_to": ("ticket:how_to",),
                "first_contact": ("ticket.resolved:first_contact",),
                "selfservice": ("ticket.selfservice",),
                "assignments": ("ticket.assigned",),
                "reopened": ("ticket.reopened",),
            },
        ),
        Subject(
            "client",
            {
                "case_type": "kind of client",
                "enrolled_at": "when it was enrolled",
                "matured_at": "14 days after enrolment, when it should have come to life",
                "activated_at": "first sign of life after enrolment",
                "last_seen_at": "last sign of life",
                "retired_at": "when it was retired; null while in use",
                "legacy": "1 on the platform that is to go",
            },
            table="clients",
            moments=("enrolled_at", "retired_at"),
            select=_CLIENT,
            needs={
                "enrolled_at": ("platform.enrolled",),
                "matured_at": ("platform.enrolled",),
                "activated_at": ("platform.activated", "platform.heartbeat"),
            },
        ),
        Subject(
            "person",
            {
                "active": "acted in the system in the period",
                "eligible": "role in scope on at least a day of the period",
                "entitled": "eligible, and not said to lack account or licence",
                "present": "1 at work on at least a day, 0 absent, -1 not known",
                "present_any": "where not known: expected share at work on at least a day, in thousandths",
                "legacy": "acted in the earlier system in the period",
                "tier": "step of the change that the person belongs to",
                "trained": "completed a course of the system before the period's end",
                "weeks_at_work": "of windows: last weeks at work, at most twelve; 0 for who left before the end",
                "weeks_active": "of these weeks, those with an act in the system",
            },
            per_period=True,
            needs={
                "active": ("platform.session", "case:actor"),
                "eligible": ("people.eligibility",),
                "entitled": ("people.eligibility",),
                "legacy": ("platform.session:legacy",),
                "tier": ("people.eligibility:tier",),
                "trained": ("change.training",),
                "weeks_at_work": ("people.eligibility",),
                "weeks_active": ("platform.session", "case:actor"),
            },
        ),
        Subject(
            "answer",
            {
                "case_type": "none",
                "answered_at": "when it was given",
                "item": "item of the survey",
                "tier": "step of the change that it was given in",
                "score": "1 to 5",
            },
            needs={"answered_at": ("change.pulse",), "tier": ("change.pulse:tier",)},
        ),
        Subject(
            "plan",
            {
                "workplaces": "planned workplaces",
                "valid_from": "first day of the plan",
                "valid_to": "first day after the plan",
            },
            needs={"workplaces": ("registry:workplaces",)},
        ),
    )
}
"""Every subject by name."""

DERIVATION = 2
"""The version of what subject rows are made by; where a store's is lower, all are derived anew."""

STORED: tuple[Subject, ...] = tuple(subject for subject in SUBJECTS.values() if subject.table)
"""Subjects whose rows are kept in a private table."""
