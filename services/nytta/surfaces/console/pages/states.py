"""Derived states as the console tells them: a sentence, and the published figures that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nytta.insight.states.cascade import ANCHORED, TIERS, Gate
from nytta.insight.states.combined import READINESS, READY, USE, USED, Exploitation, State
from nytta.registry.programme import level_names
from nytta.surfaces.console.branches import Branch
from nytta.surfaces.console.figure_texts import figure_text, number
from nytta.surfaces.console.pages.trends import target
from nytta.surfaces.console.parts import Cell, Link, Speaker, Table
from nytta.surfaces.console.readings import Reading, StateRow
from nytta.surfaces.reports import figures

_USE_ICONS = {
    State.READY_NOT_USED: "risk",
    State.IN_USE: "good",
    State.NOT_READY: "waiting",
    State.UNCLEAR: "early",
}
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
    """Gates between the steps of a change: what the organisation's own say, and the places large enough to tell.

    `waiting` are those of the sentences that say that a step should wait, `listed` says how many places are elsewhere.
    """

    sentences: tuple[str, ...]
    waiting: tuple[str, ...]
    table: Table
    listed: str


@dataclass(frozen=True, slots=True)
class CaseTypeMatrix:
    """Where the case types of units stand, unit by case type, and the figures of those that are digital in vain.

    `listed` says how many units are elsewhere.
    """

    id: str
    title: str
    table: Table
    friction: Table | None
    listed: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How decisions are received and executed in time, and how old the open ones of each level are."""

    table: Table | None
    ages: Table | None


def use_state(reading: Reading, language: str, unit: str, system: str) -> UseState | None:
    """What is told of a unit and a system in the last week; None where nothing is."""
    row = next(iter(reading.state_rows("use-state", unit, system)), None)
    if row is None:
        return None
    say, state = Speaker(language), State(row["state"])
    return UseState(
        str(state),
        Link(say(f"use_{state}"), icon=_USE_ICONS[state]),
        _use_sentence(reading, say, row),
        _use_table(reading, say, row),
    )


def _use_sentence(reading: Reading, say: Speaker, row: StateRow) -> str:
    evidence, state = row["figures"], State(row["state"])
    unit, system = row["unit"], row["system"]
    filled = {
        "unit": reading.unit_names(unit).text(say.language),
        "system": reading.system_names(system).text(say.language),
    }
    use_indicator = _use_indicator(evidence)
    if state is State.NOT_READY:
        # what most people lack is what a manager can begin with
        lacking = min(
            (name for name in READINESS if name in evidence), key=lambda name: evidence[name]
        )
        figure = _figure(reading, lacking, evidence[lacking], unit, system, say)
        return say(f"stands_{state}", **filled, what=_title(reading, lacking, say), figure=figure)
    if use_indicator is None:
        # nothing is said of use where none is shown
        return say("stands_unknown", **filled)
    figure = figures.percent(evidence[use_indicator], say.language)
    return say(f"stands_{state}", **filled, what=_title(reading, use_indicator, say), figure=figure)


def _use_indicator(evidence: Mapping[str, float]) -> str | None:
    """The indicator by which use was judged: the first that is published."""
    return next((name for name in USE if name in evidence), None)


def _use_table(reading: Reading, say: Speaker, row: StateRow) -> Table:
    """The figures that a state rests on, each with the figure from which it would be enough."""
    language, unit, system = say.language, row["unit"], row["system"]
    use_indicator = _use_indicator(row["figures"])
    rows = []
    for name, value in row["figures"].items():
        figure = _figure(reading, name, value, unit, system, say)
        if name in USE:
            if name == use_indicator and row["low"] is not None:
                low, high = (
                    number(row["low"], "", language),
                    number(row["high"], "percent", language),
                )
                figure += f" ({low}–{high})"
            figure += f", {say('over_quarter')}"
            planned = target(reading, name, unit, system)
            aim = figures.percent(100 if planned is None else planned, language)
            against = say("against_use", least=figures.percent(USED, language), target=aim)
        else:
            against = say("against_ready", least=figures.percent(READY, language))
        title = _title(reading, name, say)
        href = f"/indicators/{name}?system={system}&unit={unit}"
        # trained people with access are a fact, and have no page of their own
        cell: Cell = Link(title, href) if name in reading.definitions else title
        rows.append((cell, figure, against))
    columns = say.columns("indicator", "figure", "against")
    return Table(say("rests_caption"), columns, tuple(rows), (1,))


def exploited(reading: Reading, language: str, unit: str, system: str) -> Exploited | None:
    """Case types of a unit in a system, in the registry's order; None where nothing is told of any."""
    say = Speaker(language)
    order = {
        case_type: position
        for position, case_type in enumerate(_declared_case_types(reading, system))
    }
    state_rows = reading.state_rows("exploitation", unit, system)
    state_rows.sort(key=lambda row: (order.get(row["case_type"], len(order)), row["case_type"]))
    if not state_rows:
        return None
    left = [
        reading.case_type_name(system, row["case_type"], language)
        for row in state_rows
        if row["state"] == Exploitation.NOT_EXPLOITED
    ]
    return Exploited(
        tuple(left),
        " ".join(_exploitation_sentences(state_rows, left, say)),
        _exploitation_table(reading, state_rows, say),
    )


def _exploitation_sentences(
    state_rows: Sequence[StateRow], left: Sequence[str], say: Speaker
) -> Iterator[str]:
    """How many case types are digital and not better for it, and of how many it cannot be told."""
    number_in = Counter(row["state"] for row in state_rows)
    unclear = number_in[Exploitation.UNCLEAR]
    if left:
        key = "exploited_some_alone" if len(state_rows) == 1 else "exploited_some"
        yield say(key, n=len(left), all=len(state_rows), list=", ".join(left))
    elif number_in[Exploitation.EXPLOITED]:
        yield say("exploited_none", n=number_in[Exploitation.EXPLOITED])
    elif not unclear:
        yield say("exploited_not_digital", all=len(state_rows))
    if unclear:
        yield say("exploited_unclear", n=unclear)


def _exploitation_table(reading: Reading, state_rows: Sequence[StateRow], say: Speaker) -> Table:
    language = say.language
    rows: list[tuple[Cell, ...]] = []
    for row in state_rows:
        evidence, state = row["figures"], Exploitation(row["state"])
        rows.append(
            (
                reading.case_type_name(row["system"], row["case_type"], language),
                Link(say(f"case_{state}"), icon=_DIGITAL_ICONS[state]),
                figures.percent(evidence.get("digital-intake"), language),
                _before_and_now(evidence, "lead-time", "days", language),
                _before_and_now(evidence, "rework", "percent", language),
                figures.percent(evidence.get("realised"), language),
            )
        )
    columns = (
        *say.columns("case_type", "state"),
        _title(reading, "digital-intake", say),
        say("from_to", what=_title(reading, "lead-time", say)),
        say("from_to", what=_title(reading, "rework", say)),
        say("col_benefit_realised"),
    )
    return Table(say("exploited_caption"), columns, tuple(rows), (2, 3, 4, 5))


def case_type_matrix(
    reading: Reading, language: str, system: str, places: Sequence[str], listed: Branch
) -> CaseTypeMatrix | None:
    """Units that are listed, in tree order, by case types in the registry's order.

    None where of all `places` not two units or two case types are told.
    """
    say = Speaker(language)
    by_place: dict[str, dict[str, StateRow]] = {}
    for place in places:
        if state_rows := reading.state_rows("exploitation", place, system):
            by_place[place] = {row["case_type"]: row for row in state_rows}
    present = {case_type for by_case_type in by_place.values() for case_type in by_case_type}
    declared = _declared_case_types(reading, system)
    case_types = [case_type for case_type in declared if case_type in present]
    case_types += sorted(present - set(declared))
    if len(by_place) < 2 and len(case_types) < 2:
        return None
    rows: list[tuple[Cell, ...]] = []
    for place in listed.places:
        by_case_type = by_place.get(place)
        if by_case_type is None:
            continue
        cells = [_matrix_cell(by_case_type.get(case_type), say) for case_type in case_types]
        rows.append((reading.unit_link(place, language), *cells))
    case_type_names = [
        reading.case_type_name(system, case_type, language) for case_type in case_types
    ]
    columns = (say("col_unit"), *case_type_names)
    return CaseTypeMatrix(
        system,
        say("matrix_title", system=reading.system_names(system).text(language)),
        Table(say("matrix_caption"), columns, tuple(rows), tuple(range(1, len(columns)))),
        _friction(reading, say, system, by_place),
        listed.listed(len(rows), len(by_place), say),
    )


def _declared_case_types(reading: Reading, system: str) -> list[str]:
    registered = reading.registry.system(system)
    return [case_type.id for case_type in registered.case_types] if registered else []


def _matrix_cell(row: StateRow | None, say: Speaker) -> Cell:
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
    reading: Reading, say: Speaker, system: str, by_place: Mapping[str, Mapping[str, StateRow]]
) -> Table | None:
    """Time, rework and handovers of what is digital and not exploited, in single units, the least benefit first."""
    language = say.language
    stuck = [
        row
        for place, by_case_type in by_place.items()
        if place not in reading.parents
        for row in by_case_type.values()
        if row["state"] == Exploitation.NOT_EXPLOITED
    ]
    if not stuck:
        return None
    stuck.sort(key=lambda row: row["figures"].get("realised", 100.0))
    # a column in which nothing ever happens says nothing
    measures = {
        name: unit
        for name, unit in _FRICTION.items()
        if any(row["figures"].get(name) for row in stuck)
    }
    rows: list[tuple[Cell, ...]] = []
    for row in stuck[:_MOST_ROWS]:
        evidence = row["figures"]
        rows.append(
            (
                reading.unit_link(row["unit"], language),
                reading.case_type_name(system, row["case_type"], language),
                *(
                    _before_and_now(evidence, name, unit, language)
                    for name, unit in measures.items()
                ),
                figures.percent(evidence.get("realised"), language),
            )
        )
    changes = [say("from_to", what=_title(reading, name, say)) for name in measures]
    columns = (*say.columns("unit", "case_type"), *changes, say("col_benefit_realised"))
    caption = say("friction_caption", shown=len(rows), n=len(stuck))
    return Table(caption, columns, tuple(rows), tuple(range(2, len(columns))))


def pulse(reading: Reading, language: str, unit: str) -> Pulse | None:
    """What managers and staff of a unit answered, side by side by system; None where not both are shown."""
    say = Speaker(language)
    gaps = [row for row in reading.states if (row["what"], row["unit"]) == ("level-gap", unit)]
    if not gaps:
        return None
    # in the order of the survey's own elements, items of an organisation's own behind them
    elements = (
        reading.definitions["pulse-staff"].parts if "pulse-staff" in reading.definitions else ()
    )
    order = {element: position for position, element in enumerate(elements)}
    gaps.sort(key=lambda row: (row["system"], order.get(row["part"], len(order)), row["part"]))
    rows: list[tuple[Cell, ...]] = []
    apart: list[str] = []
    for row in gaps:
        # surveys may hold items of their own, which have no words here
        element_name = say.word_or(f"element_{row['part']}", str(row["part"]))
        if row["state"] != "unclear":
            apart.append(element_name)
        rows.append(
            (
                element_name,
                reading.system_names(row["system"]).text(language),
                number(row["figures"]["managers"], "", language),
                number(row["figures"]["staff"], "", language),
                Link(say(f"pulse_{row['state']}"), icon=_GAP_ICONS[row["state"]]),
            )
        )
    sentence = (
        say("pulse_apart", n=len(apart), list=", ".join(apart)) if apart else say("pulse_together")
    )
    columns = say.columns("pulse_element", "system", "managers", "staff", "gap")
    return Pulse(sentence, Table(say("pulse_caption"), columns, tuple(rows), (2, 3)))


def steps(
    reading: Reading, language: str, visible: Collection[str], listed: Branch
) -> Steps | None:
    """Gates of the listed places that are large enough to tell any, in tree order; None where none in `visible` is."""
    say = Speaker(language)
    rows: list[tuple[Cell, ...]] = []
    sentences, waiting = [], []
    told = {
        place: tiers
        for place, tiers in _gates_by_place(reading, visible).items()
        if any(tiers[tier]["state"] != Gate.UNCLEAR for tier in TIERS[1:] if tier in tiers)
    }
    for (unit, system), tiers in told.items():
        system_name = reading.system_names(system).text(language)
        if unit not in listed.left_out:
            cells = [_gate_cell(tiers.get(tier), say) for tier in TIERS]
            rows.append((reading.unit_link(unit, language), system_name, *cells))
        if unit == reading.root:
            sentence = _progress_sentence(tiers, system_name, say)
            sentences.append(sentence)
            if any(row["state"] == Gate.CLOSED for row in tiers.values()):
                waiting.append(sentence)
    if not told:
        return None
    columns = (*say.columns("unit", "system"), *(say(_TIERS[tier]) for tier in TIERS))
    table = Table(say("steps_caption"), columns, tuple(rows))
    return Steps(tuple(sentences), tuple(waiting), table, listed.listed(len(rows), len(told), say))


def _gates_by_place(
    reading: Reading, visible: Collection[str]
) -> dict[tuple[str, str], dict[str, StateRow]]:
    """The gates of each unit and system by tier, units in tree order."""
    gates: dict[tuple[str, str], dict[str, StateRow]] = {}
    for row in reading.states:
        if row["what"] == "cascade" and row["unit"] in visible:
            gates.setdefault((row["unit"], row["system"]), {})[row["part"]] = row
    order = reading.tree_order
    ordered = sorted(gates, key=lambda place: (order.get(place[0], len(order)), place))
    return {place: gates[place] for place in ordered}


def _progress_sentence(tiers: Mapping[str, StateRow], system: str, say: Speaker) -> str:
    """Where a change stands on its way through the steps."""
    closed = [tier for tier in TIERS if tier in tiers and tiers[tier]["state"] == Gate.CLOSED]
    if not closed:
        return say("steps_open", system=system)
    first_closed = closed[0]
    previous_tier = TIERS[TIERS.index(first_closed) - 1]
    return say(
        "steps_shut",
        system=system,
        before=say(_TIERS[previous_tier]).lower(),
        figure=figures.percent(tiers[previous_tier]["value"], say.language),
        least=figures.percent(ANCHORED, say.language),
        tier=say(_TIERS[first_closed]).lower(),
    )


def _gate_cell(row: StateRow | None, say: Speaker) -> Cell:
    if row is None:
        return "–"
    gate = Gate(row["state"])
    text = say(f"gate_{gate}")
    if row["value"] is not None:
        text = f"{figures.percent(row['value'], say.language)}, {text}"
    return Link(text, icon=_GATE_ICONS[gate])


def follow_up(reading: Reading, language: str) -> FollowUp | None:
    """Decisions of the organisation in the registry's order, and the ages of the open ones by level."""
    say = Speaker(language)
    decisions = _decision_rows(reading, say)
    ages = _age_rows(reading, say)
    if not decisions and not ages:
        return None
    decision_columns = say.columns("decision", "level", "received", "in_time", "status")
    age_columns = say.columns("level", "open", "age_middle", "age_most")
    return FollowUp(
        Table(say("follow_up_caption"), decision_columns, decisions, (2, 3)) if decisions else None,
        Table(say("ages_caption"), age_columns, ages, (1, 2, 3)) if ages else None,
    )


def _decision_rows(reading: Reading, say: Speaker) -> tuple[tuple[Cell, ...], ...]:
    language = say.language
    state_rows = {(row["what"], row["part"]): row for row in reading.states}
    rows: list[tuple[Cell, ...]] = []
    for decision in reading.registry.decisions:
        received = state_rows.get(("received", decision.id))
        executed = state_rows.get(("decided-in-time", decision.id))
        row = received or executed
        if row is None or row["unit"] != reading.root:
            continue
        is_open = row["state"] == "open"
        status = say("decision_open" if is_open else "decision_over")
        rows.append(
            (
                decision.names.text(language),
                level_names(decision.level).text(language) or "–",
                figures.percent(received["value"] if received else None, language),
                figures.percent(executed["value"] if executed else None, language),
                Link(status, icon="open" if is_open else "closed"),
            )
        )
    return tuple(rows)


def _age_rows(reading: Reading, say: Speaker) -> tuple[tuple[Cell, ...], ...]:
    """For each level the open decisions, and the middle and the greatest of their ages in weeks."""
    rows: list[tuple[Cell, ...]] = []
    for row in reading.state_rows("decision-age", reading.root, ""):
        middle, greatest = (
            number(weeks, "", say.language) for weeks in (row["value"], row["high"])
        )
        rows.append(
            (
                level_names(row["part"]).text(say.language) or "–",
                number(row["figures"].get("open"), "", say.language),
                say("weeks", n=middle),
                say("weeks", n=greatest),
            )
        )
    return tuple(rows)


def _title(reading: Reading, indicator: str, say: Speaker) -> str:
    definition = reading.definitions.get(indicator)
    return (
        str(getattr(definition.title, say.language)) if definition else say("trained_with_access")
    )


def _figure(
    reading: Reading, indicator: str, value: float, unit: str, system: str, say: Speaker
) -> str:
    """A figure as it is published: of one that is a bound or rounded, that is said too."""
    row = reading.row(indicator, unit, system)
    # it may be of an earlier week, or a quarter's mean: the last row's bounds are not its own
    if row is None or row["value"] != value:
        return figures.percent(value, say.language)
    return figure_text(row, reading.definitions.get(indicator), say.language).text


def _before_and_now(
    evidence: Mapping[str, float], indicator: str, measure: str, language: str
) -> str:
    """A figure before going live and now; a dash for what is not shown."""
    before, now = evidence.get(f"{indicator} before"), evidence.get(indicator)
    if before is None and now is None:
        return "–"
    return f"{number(before, measure, language)} → {number(now, measure, language)}"
