"""Derived states as the console tells them: a sentence, and the published figures that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nytta.insight.states.cascade import ANCHORED, TIERS, Gate
from nytta.insight.states.combined import READINESS, READY, USE, USED, Exploitation, State
from nytta.registry.programme import level_names
from nytta.surfaces.console.figure_texts import figure_text, number
from nytta.surfaces.console.pages.trends import target
from nytta.surfaces.console.parts import Cell, Link, Speaker, Table
from nytta.surfaces.console.readings import Reading
from nytta.surfaces.console.words import has_words
from nytta.surfaces.reports import figures

_USE_ICONS = {State.READY_NOT_USED: "risk", State.IN_USE: "good", State.NOT_READY: "waiting", State.UNCLEAR: "early"}
_DIGITAL_ICONS = {
    Exploitation.NOT_EXPLOITED: "risk",
    Exploitation.EXPLOITED: "good",
    Exploitation.NOT_DIGITAL: "waiting",
    Exploitation.UNCLEAR: "early",
}
_GATE_ICONS = {Gate.OPEN: "good", Gate.CLOSED: "invalid", Gate.UNCLEAR: "early"}
_GAP_ICONS = {"managers_higher": "risk", "staff_higher": "turned", "unclear": "early"}
_FRICTION = {"lead-time": "days", "rework": "percent", "handovers": "count"}
"""Indicators that show where work sticks, with their units of measure."""

_MOST_ROWS = 10
_TIERS = dict(zip(TIERS, ("tier_manager", "tier_key", "tier_staff"), strict=True))


@dataclass(frozen=True, slots=True)
class UseState:
    """Whether a unit could use a system, and does: the state's id, its name, a sentence, what it rests on."""

    state: str
    name: Link
    sentence: str
    rests: Table


@dataclass(frozen=True, slots=True)
class Exploited:
    """Which case types are digital and not better for it: their names, a sentence, every case type with its figures."""

    left: tuple[str, ...]
    sentence: str
    table: Table


@dataclass(frozen=True, slots=True)
class Pulse:
    """What managers and staff say of the change: a sentence, and their answers side by side."""

    sentence: str
    table: Table


@dataclass(frozen=True, slots=True)
class Steps:
    """Gates between the steps of a change: what the organisation's own say, and every place large enough to tell.

    `waiting` are those of the sentences that say that a step should wait.
    """

    sentences: tuple[str, ...]
    waiting: tuple[str, ...]
    table: Table


@dataclass(frozen=True, slots=True)
class CaseTypeMatrix:
    """Where the case types of units stand, unit by case type, and the figures of those that are digital in vain."""

    id: str
    title: str
    table: Table
    friction: Table | None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How decisions are received and executed in time, and how old the open ones of each level are."""

    table: Table | None
    ages: Table | None


def use_state(reading: Reading, language: str, unit: str, system: str) -> UseState | None:
    """What is told of a unit and a system in the last week; None where nothing is."""
    row = next(iter(reading.told("use-state", unit, system)), None)
    if row is None:
        return None
    say, state, rests = Speaker(language), State(row["state"]), row["figures"]
    filled = {"unit": reading.unit_names(unit).text(language), "system": reading.system_names(system).text(language)}
    use_indicator = next((name for name in USE if name in rests), None)
    if state is State.NOT_READY:
        lacking = min((name for name in READINESS if name in rests), key=lambda name: rests[name])
        filled |= {
            "what": _name(reading, lacking, say),
            "figure": _figure(reading, lacking, rests[lacking], unit, system, say),
        }
    elif use_indicator is not None:
        filled |= {
            "what": _name(reading, use_indicator, say),
            "figure": figures.percent(rests[use_indicator], language),
        }
    # nothing is said of use where none is shown
    key = f"stands_{state}" if use_indicator is not None or state is State.NOT_READY else "stands_unknown"
    return UseState(
        str(state),
        Link(say(f"use_{state}"), icon=_USE_ICONS[state]),
        say(key, **filled),
        _use_table(reading, say, unit, system, row, rests),
    )


def _use_table(
    reading: Reading, say: Speaker, unit: str, system: str, row: Mapping[str, Any], rests: Mapping[str, float]
) -> Table:
    language, rows = say.language, []
    for name, value in rests.items():
        figure = _figure(reading, name, value, unit, system, say)
        against = say("against_ready", least=figures.percent(READY, language))
        if name in USE:
            if row["low"] is not None and name == next(indicator_id for indicator_id in USE if indicator_id in rests):
                interval = f"{number(row['low'], '', language)}–{number(row['high'], 'percent', language)}"
                figure += f" ({interval})"
            figure += f", {say('over_quarter')}"
            aim = target(reading, name, unit, system)
            share = figures.percent(USED, language)
            against = say("against_use", least=share, target=figures.percent(100 if aim is None else aim, language))
        title = _name(reading, name, say)
        is_defined = name in reading.definitions
        cell: Cell = Link(title, f"/indicators/{name}?system={system}&unit={unit}") if is_defined else title
        rows.append((cell, figure, against))
    columns = tuple(say(f"col_{column}") for column in ("indicator", "figure", "against"))
    return Table(say("rests_caption"), columns, tuple(rows), (1,))


def exploited(reading: Reading, language: str, unit: str, system: str) -> Exploited | None:
    """Case types of a unit in a system, in the registry's order; None where nothing is told of any."""
    say = Speaker(language)
    registered = reading.registry.system(system)
    order = {case_type.id: number for number, case_type in enumerate(registered.case_types)} if registered else {}
    told_rows = reading.told("exploitation", unit, system)
    told_rows.sort(key=lambda row: (order.get(row["case_type"], len(order)), row["case_type"]))
    if not told_rows:
        return None

    def name(row: Mapping[str, Any]) -> str:
        registered = reading.registry.case_type(system, row["case_type"])
        return registered.names.text(language) if registered else str(row["case_type"])

    left = [name(row) for row in told_rows if row["state"] == Exploitation.NOT_EXPLOITED]
    number_of = Counter(row["state"] for row in told_rows)
    sentences = []
    if left:
        key = "exploited_some_alone" if len(told_rows) == 1 else "exploited_some"
        sentences.append(say(key, n=len(left), all=len(told_rows), list=", ".join(left)))
    elif number_of[Exploitation.EXPLOITED]:
        sentences.append(say("exploited_none", n=number_of[Exploitation.EXPLOITED]))
    elif not number_of[Exploitation.UNCLEAR]:
        sentences.append(say("exploited_not_digital", all=len(told_rows)))
    if number_of[Exploitation.UNCLEAR]:
        sentences.append(say("exploited_unclear", n=number_of[Exploitation.UNCLEAR]))
    rows: list[tuple[Cell, ...]] = []
    for row in told_rows:
        rests, state = row["figures"], Exploitation(row["state"])
        rows.append(
            (
                name(row),
                Link(say(f"case_{state}"), icon=_DIGITAL_ICONS[state]),
                _percent(rests.get("digital-intake"), language),
                _turn(rests, "lead-time", "days", language),
                _turn(rests, "rework", "percent", language),
                _percent(rests.get("realised"), language),
            )
        )
    heads = [_name(reading, indicator_id, say) for indicator_id in ("digital-intake", "lead-time", "rework")]
    columns = (
        say("col_case_type"),
        say("col_state"),
        heads[0],
        *(say("from_to", what=heading) for heading in heads[1:]),
    )
    return Exploited(
        tuple(left),
        " ".join(sentences),
        Table(say("exploited_caption"), (*columns, say("col_benefit_realised")), tuple(rows), (2, 3, 4, 5)),
    )


def case_type_matrix(reading: Reading, language: str, system: str, places: Sequence[str]) -> CaseTypeMatrix | None:
    """Units in tree order by case types in the registry's order; None without two units or two case types."""
    say = Speaker(language)
    by_place = {place: rows for place in places if (rows := _by_case_type(reading, place, system))}
    order = (
        [case_type.id for case_type in registered.case_types] if (registered := reading.registry.system(system)) else []
    )
    present = {case_type for rows in by_place.values() for case_type in rows}
    case_types = [*(case_type for case_type in order if case_type in present), *sorted(present - set(order))]
    if len(by_place) < 2 and len(case_types) < 2:
        return None
    cells = tuple(
        (
            Link(reading.unit_names(place).text(language), f"/units/{place}"),
            *(_stands(rows.get(case_type), say) for case_type in case_types),
        )
        for place, rows in by_place.items()
    )
    heads = (say("col_unit"), *(_case_type(reading, system, case_type, language) for case_type in case_types))
    title = say("matrix_title", system=reading.system_names(system).text(language))
    friction = _friction(reading, say, system, by_place)
    return CaseTypeMatrix(
        system, title, Table(say("matrix_caption"), heads, cells, tuple(range(1, len(heads)))), friction
    )


def _by_case_type(reading: Reading, place: str, system: str) -> dict[str, Mapping[str, Any]]:
    return {row["case_type"]: row for row in reading.told("exploitation", place, system)}


def _case_type(reading: Reading, system: str, case_type: str, language: str) -> str:
    registered = reading.registry.case_type(system, case_type)
    return registered.names.text(language) if registered else case_type


def _stands(row: Mapping[str, Any] | None, say: Speaker) -> Cell:
    """The state of a case type in a unit, with its digital intake; a dash where no figure of it is shown."""
    if row is None:
        return "–"
    state = Exploitation(row["state"])
    words = say(f"cell_{state}")
    intake = row["figures"].get("digital-intake")
    if intake is None:
        return Link(words, icon=_DIGITAL_ICONS[state])
    return Link(figures.percent(intake, say.language), icon=_DIGITAL_ICONS[state], note=words)


def _friction(
    reading: Reading, say: Speaker, system: str, by_place: Mapping[str, Mapping[str, Mapping[str, Any]]]
) -> Table | None:
    """Time, rework and handovers of what is digital and not exploited, in single units, the least benefit first."""
    language, parents = say.language, {unit.parent for unit in reading.registry.units_at(reading.day).values()}
    stuck = [
        (place, case_type, row["figures"])
        for place, rows in by_place.items()
        for case_type, row in rows.items()
        if row["state"] == Exploitation.NOT_EXPLOITED and place not in parents
    ]
    stuck.sort(key=lambda item: item[2].get("realised", 100.0))
    stuck_shown = stuck[:_MOST_ROWS]
    if not stuck_shown:
        return None
    # a column in which nothing ever happens says nothing
    measures = {name: measure for name, measure in _FRICTION.items() if any(rests.get(name) for _, _, rests in stuck)}
    rows: list[tuple[Cell, ...]] = [
        (
            Link(reading.unit_names(place).text(language), f"/units/{place}"),
            _case_type(reading, system, case_type, language),
            *(_turn(rests, name, measure, language) for name, measure in measures.items()),
            _percent(rests.get("realised"), language),
        )
        for place, case_type, rests in stuck_shown
    ]
    turns = (say("from_to", what=_name(reading, name, say)) for name in measures)
    columns = (say("col_unit"), say("col_case_type"), *turns, say("col_benefit_realised"))
    caption = say("friction_caption", shown=len(rows), n=len(stuck))
    return Table(caption, columns, tuple(rows), tuple(range(2, len(columns))))


def pulse(reading: Reading, language: str, unit: str) -> Pulse | None:
    """What managers and staff of a unit answered, side by side by system; None where not both are shown."""
    say = Speaker(language)
    rows: list[tuple[Cell, ...]] = []
    apart: list[str] = []
    gaps = [row for row in reading.states if (row["what"], row["unit"]) == ("level-gap", unit)]
    # in the order of the survey's own elements, items of an organisation's own behind them
    elements = reading.definitions["pulse-staff"].parts if "pulse-staff" in reading.definitions else ()
    order = {part: place for place, part in enumerate(elements)}
    for row in sorted(gaps, key=lambda row: (row["system"], order.get(row["part"], len(order)), row["part"])):
        # surveys may hold items of their own, which have no words here
        element = say(f"element_{row['part']}") if has_words(f"element_{row['part']}") else str(row["part"])
        if row["state"] != "unclear":
            apart.append(element)
        rests = row["figures"]
        rows.append(
            (
                element,
                reading.system_names(row["system"]).text(language),
                number(rests["managers"], "", language),
                number(rests["staff"], "", language),
                Link(say(f"pulse_{row['state']}"), icon=_GAP_ICONS[row["state"]]),
            )
        )
    if not rows:
        return None
    sentence = say("pulse_apart", n=len(apart), list=", ".join(apart)) if apart else say("pulse_together")
    columns = tuple(say(f"col_{column}") for column in ("pulse_element", "system", "managers", "staff", "gap"))
    return Pulse(sentence, Table(say("pulse_caption"), columns, tuple(rows), (2, 3)))


def steps(reading: Reading, language: str, visible: Collection[str]) -> Steps | None:
    """Gates of the places in `visible` that are large enough to tell any, in tree order; None without any."""
    say = Speaker(language)
    gates_by_place: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in reading.states:
        if row["what"] == "cascade" and row["unit"] in visible:
            gates_by_place.setdefault((row["unit"], row["system"]), {})[row["part"]] = row
    order = {place: number for number, place in enumerate(reading.published.places(reading.day))}
    rows: list[tuple[Cell, ...]] = []
    sentences, waiting = [], []
    for (unit, system), tiers in sorted(
        gates_by_place.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0])
    ):
        if all(tiers[tier]["state"] == Gate.UNCLEAR for tier in TIERS[1:] if tier in tiers):
            continue
        cells = [_gate(tiers.get(tier), say) for tier in TIERS]
        name, system_name = reading.unit_names(unit).text(language), reading.system_names(system).text(language)
        rows.append((Link(name, f"/units/{unit}"), system_name, *cells))
        if unit == reading.root:
            sentences.append(_way(tiers, system_name, say))
            waiting += sentences[-1:] if any(row["state"] == Gate.CLOSED for row in tiers.values()) else []
    if not rows:
        return None
    columns = (say("col_unit"), say("col_system"), *(say(_TIERS[tier]) for tier in TIERS))
    return Steps(tuple(sentences), tuple(waiting), Table(say("steps_caption"), columns, tuple(rows)))


def _way(tiers: Mapping[str, Mapping[str, Any]], system: str, say: Speaker) -> str:
    """Where a change stands on its way through the steps."""
    shut = next(
        (number for number, tier in enumerate(TIERS) if tier in tiers and tiers[tier]["state"] == Gate.CLOSED), None
    )
    if shut is None:
        return say("steps_open", system=system)
    previous_tier = TIERS[shut - 1]
    return say(
        "steps_shut",
        system=system,
        before=say(_TIERS[previous_tier]).lower(),
        figure=figures.percent(tiers[previous_tier]["value"], say.language),
        least=figures.percent(ANCHORED, say.language),
        tier=say(_TIERS[TIERS[shut]]).lower(),
    )


def _gate(row: Mapping[str, Any] | None, say: Speaker) -> Cell:
    if row is None:
        return "–"
    gate = Gate(row["state"])
    text = say(f"gate_{gate}")
    if row["value"] is not None:
        text = f"{figures.percent(row['value'], say.language)}, {text}"
    return Link(text, icon=_GATE_ICONS[gate])


def follow_up(reading: Reading, language: str) -> FollowUp | None:
    """Decisions of the organisation in the registry's order, and the ages of the open ones by level."""
    say, told_rows = Speaker(language), {(row["what"], row["part"]): row for row in reading.states}
    rows: list[tuple[Cell, ...]] = []
    for decision in reading.registry.decisions:
        received, executed = (
            told_rows.get((state_name, decision.id)) for state_name in ("received", "decided-in-time")
        )
        row = received or executed
        if row is None or row["unit"] != reading.root:
            continue
        open_ = row["state"] == "open"
        rows.append(
            (
                decision.names.text(language),
                level_names(decision.level).text(language) or "–",
                _percent(received["value"] if received else None, language),
                _percent(executed["value"] if executed else None, language),
                Link(say("decision_open" if open_ else "decision_over"), icon="open" if open_ else "closed"),
            )
        )
    ages = tuple(_ages(reading, say))
    if not rows and not ages:
        return None
    columns = tuple(say(f"col_{column}") for column in ("decision", "level", "received", "in_time", "status"))
    table = Table(say("follow_up_caption"), columns, tuple(rows), (2, 3)) if rows else None
    heads = tuple(say(f"col_{column}") for column in ("level", "open", "age_middle", "age_most"))
    return FollowUp(table, Table(say("ages_caption"), heads, ages, (1, 2, 3)) if ages else None)


def _ages(reading: Reading, say: Speaker) -> Iterator[tuple[Cell, ...]]:
    for row in reading.told("decision-age", reading.root, ""):
        weeks = (say("weeks", n=number(amount, "", say.language)) for amount in (row["value"], row["high"]))
        yield (
            level_names(row["part"]).text(say.language) or "–",
            number(row["figures"].get("open"), "", say.language),
            *weeks,
        )


def _name(reading: Reading, name: str, say: Speaker) -> str:
    definition = reading.definitions.get(name)
    return str(getattr(definition.title, say.language)) if definition else say("trained_with_access")


def _figure(reading: Reading, name: str, value: float, unit: str, system: str, say: Speaker) -> str:
    """A figure as it is published: of one that is a bound or rounded, that is said too."""
    row = reading.row(name, unit, system)
    if row is None or row["value"] != value:
        return figures.percent(value, say.language)
    return figure_text(row, reading.definitions.get(name), say.language).text


def _percent(value: float | None, language: str) -> str:
    return "–" if value is None else figures.percent(value, language)


def _turn(rests: Mapping[str, float], name: str, measure: str, language: str) -> str:
    """A figure before going live and now; a dash for what is not shown."""
    pair = (rests.get(f"{name} before"), rests.get(name))
    if pair == (None, None):
        return "–"
    return " → ".join("–" if value is None else number(value, measure, language) for value in pair)
