"""What each story must make visible in published figures, read from a store that took in all of its events.

Every function takes a story that was played and gives claims: what must be so, what was found, and whether it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import hypot
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import ruptures

from nytta import service as nytta
from nytta.demo import simulate, write
from nytta.insight.states.combined import Exploitation, State
from nytta.insight.store.state_series import StateRow
from nytta.insight.store.states import states
from nytta.registry.dates import monday, parse_week
from nytta.registry.registry import Registry
from nytta.service.evaluation import publish_facts
from nytta.service.settings import Settings

ZONE = ZoneInfo("Europe/Stockholm")
UNTIL = "2026-W46"
END = parse_week(UNTIL)
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a story: what must be visible, and what is."""

    what: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Played:
    """A story in a store."""

    app: nytta.App
    truth: dict[str, Any]

    @property
    def registry(self) -> Registry:
        return self.app.intake.registry

    @property
    def root(self) -> str:
        return self.registry.organisations[0].id

    def states(self, week: date, what: str) -> list[StateRow]:
        """Derived rows of a week, with the facts that could be told then."""
        publish_facts(self.app, moment(week))
        organisation = self.registry.organisations[0]
        return [r for r in states(self.app.open.connection, self.registry, organisation, [week]) if r.what == what]

    def values(
        self, indicator: str, grain: str, part: str = "", case_type: str = "*"
    ) -> dict[str, dict[date, tuple[float, float, float]]]:
        """Published values with their intervals, by unit and period."""
        found: dict[str, dict[date, tuple[float, float, float]]] = {}
        for unit, period, *figures in self.app.open.connection.rows(
            """SELECT unit, period, value, ifNull(low, value), ifNull(high, value) FROM {open}.indicator_values
               WHERE indicator = {id:String} AND grain = {grain:String} AND part = {part:String}
                 AND case_type = {case_type:String} AND value IS NOT NULL ORDER BY unit, period""",
            id=indicator,
            grain=grain,
            part=part,
            case_type=case_type,
        ):
            found.setdefault(unit, {})[period] = tuple(figures)
        return found

    def facts(self, fact: str, week: date) -> dict[tuple[str, str], dict[str, Any]]:
        """Facts of a week by unit and part."""
        rows = self.app.open.connection.dicts(
            "SELECT * FROM {open}.published_facts FINAL WHERE fact = {fact:String} AND week = {week:Date} "
            "AND status != 'gone'",
            fact=fact,
            week=week,
        )
        return {(row["unit"], row["part"]): row for row in rows}


def moment(week: date) -> datetime:
    """When a week is published: the Monday after it."""
    day = week + WEEK
    return datetime(day.year, day.month, day.day, 7, 35, tzinfo=ZONE)


@contextmanager
def play(story: str, seed: int, folder: Path) -> Iterator[Played]:
    """Simulate the story and take all of it in."""
    world = simulate(story, seed, until=UNTIL, weeks=80)
    write(world, folder / "world")
    settings = Settings(data=folder / "data")
    with nytta.embedded(settings, folder / "world" / "registry") as app:
        app.intake.import_file(folder / "world" / "events.ndjson", None, moment(END))
        app.bring_up_to_date(moment(END))
        yield Played(app, world.truth)


def client_platform(played: Played) -> Iterator[Claim]:
    plan = monday(date.fromisoformat(played.truth["plan_date"]))
    week = plan - 9 * WEEK  # the last one closed eight weeks before
    faulty = {fault["unit"]: fault for fault in played.truth["faults"]}
    enrolled, activated = played.values("enrolment", "week"), played.values("activation", "week")
    above = {a.id for u in played.registry.units_at(week).values() for a in played.registry.ancestors(u.id, week)}
    leaves = {u for u in played.registry.units_at(week) if u not in above and week in activated.get(u, {})}
    slow = set()
    for unit in leaves:
        target = played.registry.plan(played.truth["system"], "enrolment", unit, week)
        there = enrolled.get(unit, {}).get(week - 2 * WEEK)
        if target is not None and there is not None and there[0] * activated[unit][week][0] / 100 < 60:
            slow.add(unit)
    behind = slow & set(faulty)
    begun = {u for u in slow - set(faulty) if parse_week(played.truth["begins"].get(u, UNTIL)) < week - 8 * WEEK}
    yield Claim(
        "8 weeks before the plan date, activated < 60 % of planned in ≥ 90 % of the faulty units, ≤ 1 other",
        f"{len(behind)} of {len(faulty)}, {len(begun)} other",
        len(behind) >= 0.9 * len(faulty) and len(begun) <= 1,
    )
    played.states(week, "use-state")
    named = {unit: part for unit, part in played.facts("legacy", week) if unit in faulty}
    right = sum(named.get(unit) == fault["legacy_app"] for unit, fault in faulty.items())
    yield Claim("the legacy app of each is named", f"{right} of {len(faulty)}", right >= 0.9 * len(faulty))
    residue = {
        unit: [v[0] for w, v in sorted(shown.items()) if week - 12 * WEEK < w <= week][-1:]
        for unit, shown in played.values("legacy-residue", "window").items()
    }
    stay = [value for unit in faulty for value in residue.get(unit, [])]
    others = [value for unit in leaves - set(faulty) for value in residue.get(unit, [])]
    yield Claim(
        "legacy residue: faulty units above all others",
        f"{[f'{v:.0f} %' for v in stay]}; others at most {max(others, default=0):.0f} %",
        bool(stay) and min(stay) > max(others, default=0),
    )
    decision = played.truth["decision"]
    ninth = monday(date.fromisoformat(decision["made"])) + 9 * WEEK
    received = [r for r in played.states(ninth, "received") if r.part == decision["id"]]
    age = played.states(ninth, "decision-age")
    yield Claim(
        "after 9 weeks the decision is received by 3 of 11 units and open",
        ", ".join(f"{r.value:g} % of {r.figures['units']:g} units, {r.state}" for r in received)
        + f"; {[a.value for a in age]} weeks",
        [(r.value, r.state) for r in received] == [(27, "open")] and any((a.high or 0) >= 9 for a in age),
    )


def case_system(played: Played) -> Iterator[Claim]:
    live = {unit: parse_week(week) for unit, week in played.truth["live"].items()}
    faults = played.truth["faults"]
    places = {f["reported_as"] for f in faults}
    controls = {*played.truth["control_units"], *played.truth["control_groups"]}
    seen: set[str] = set()
    wrong: set[str] = set()
    for place in sorted(places | controls):
        members = next((g.units for g in played.registry.groups if g.id == place), (place,))
        week = max(live[m] for m in members) + 20 * WEEK
        found = [r for r in played.states(week, "use-state") if r.unit == place]
        if any(r.state == State.READY_NOT_USED for r in found):
            (seen if place in places else wrong).add(place)
    yield Claim("by week 20 every faulty unit is ready, not used", f"{len(seen)} of {len(places)}", seen == places)
    yield Claim("no control unit is", f"{len(wrong)} of {len(controls)}", not wrong)
    publish_facts(played.app, moment(END))
    true: dict[str, float] = {}
    for fault in faults:
        true[fault["reported_as"]] = true.get(fault["reported_as"], 0.0) + fault["hours_at_stake_per_year"]
    told_hours = {unit: row["value"] for (unit, _), row in played.facts("unrealised_hours", END).items()}
    units_of = {group.id: group.units for group in played.registry.groups}
    # cases are told by unit, also where their persons are told as a group
    shown_hours = {place: sum(told_hours.get(unit, 0.0) for unit in units_of.get(place, (place,))) for place in true}
    off = {place: shown_hours[place] / true[place] - 1 for place in true}
    yield Claim(
        "hours within 10 % of the truth",
        f"off by {max(map(abs, off.values())):.0%} at most",
        all(abs(share) <= 0.10 for share in off.values()),
    )


def support_channels(played: Played) -> Iterator[Claim]:
    steering = parse_week(played.truth["steering_week"])
    phone, desk = (played.values("ticket-channel-mix", "week", part)[played.root] for part in ("phone", "desk"))
    weeks = sorted(phone.keys() & desk.keys())
    series = np.array([phone[w][0] + desk[w][0] for w in weeks])
    (turn, _) = ruptures.Dynp(model="l2", min_size=4, jump=1).fit(series).predict(n_bkps=1)
    yield Claim(
        "change point within ± 2 weeks of the steering",
        f"{(weeks[turn] - steering).days // 7:+d} weeks",
        abs(weeks[turn] - steering) <= 2 * WEEK,
    )
    spans = [(min(weeks), steering - WEEK), (steering + 8 * WEEK, END)]
    sums = []
    for first, last in spans:
        shown = [w for w in weeks if first <= w <= last]
        middle = float(np.mean([phone[w][0] + desk[w][0] for w in shown]))
        half = hypot(*(np.mean([s[w][2] - s[w][1] for w in shown]) / 2 for s in (phone, desk))) / len(shown) ** 0.5
        sums.append((middle, half))
    down, half = sums[0][0] - sums[1][0], hypot(sums[0][1], sums[1][1])
    yield Claim(
        "phone and desk down ≥ 15 points, interval without 0",
        f"{down:.0f} ± {half:.0f} (seeded {100 * played.truth['phone_and_desk_down']:.0f})",
        down >= 15 and down - half > 0,
    )
    kinds = {fault["unit"]: fault["kind"] for fault in played.truth["faults"]}
    load, breadth = played.values("tickets-per-100", "window"), played.values("weekly-breadth", "week")
    peers = {u for unit in kinds for u in (unit, *played.registry.peers(unit, END))}
    hits: Counter[tuple[str, str]] = Counter()
    for last in (END - n * WEEK for n in range(12)):
        here = {u: load[u][last] for u in peers if last in load.get(u, {})}
        for unit, (_, low, _) in here.items():
            others = [value for u, (value, *_) in here.items() if u != unit]
            now, then = (
                [v[0] for w, v in breadth.get(unit, {}).items() if end - 4 * WEEK < w <= end]
                for end in (last, last - 20 * WEEK)
            )
            if others and low > 1.3 * median(others) and now and then:
                hits[unit, "abandonment" if np.mean(now) < np.mean(then) else "training-need"] += 1
    # the rarest first, so that what a unit says most often is what it says
    said = {unit: kind for (unit, kind), weeks in reversed(hits.most_common()) if weeks >= 2}
    yield Claim("exactly the two seeded units: abandonment, training need", str(sorted(said.values())), said == kinds)


def digital_not_exploited(played: Played) -> Iterator[Claim]:
    rows = [r for r in played.states(END, "exploitation") if r.unit == played.root]
    marked = {r.case_type for r in rows if r.state == Exploitation.NOT_EXPLOITED}
    seeded = set(played.truth["faulty_case_types"])
    others = {r.case_type: str(r.state) for r in rows if r.case_type not in seeded}
    yield Claim(
        "exactly the seeded case types are digital, not exploited",
        f"{len(marked & seeded)} of {len(seeded)}, others: {sorted(set(others.values()))}, {len(others)}",
        marked == seeded and len(others) == len(played.truth["control_case_types"]),
    )


def anchoring(played: Played) -> Iterator[Claim]:
    (fault,) = played.truth["faults"]
    begins, closes = parse_week(fault["from_week"]), parse_week(fault["closes_week"])
    (control,) = played.truth["control_systems"]

    def gate(system: str, week: date) -> tuple[str, float | None]:
        rows = [r for r in played.states(week, "cascade") if (r.unit, r.system) == (played.root, system)]
        by = {r.part: r for r in rows}
        # the step of the staff waits for that of the managers too, which comes first
        return (str(by["key-roles"].state), by["managers"].value) if by else ("unclear", None)

    shut, share = gate(fault["system"], begins)
    yield Claim(
        "in the week of the first staff session the gate behind the managers is closed",
        f"{shut}, managers {share} % (true {100 * fault['managers_then']:.0f})",
        shut == "closed" and share is not None and abs(share - 100 * fault["managers_then"]) <= 5,
    )
    around = {n: gate(fault["system"], closes + n * WEEK)[0] for n in (-3, 3)}
    yield Claim("it opens when 80 % of the managers are there", str(around), around == {-3: "closed", 3: "open"})
    right = gate(control, parse_week(played.truth["steps"][control]["staff"]))
    yield Claim("the right order: the gate is open", f"{right[0]}, managers {right[1]} %", right[0] == "open")
    gaps = [r for r in played.states(closes, "level-gap") if r.unit == played.root]
    yield Claim(
        "managers believe, staff do not: a gap of 18 points ± 8 in each element",
        ", ".join(sorted({f"{r.part} {r.value:g}" for r in gaps})),
        len(gaps) == 5 and all(10 <= (r.value or 0) <= 26 for r in gaps),
    )


VISIBLE: dict[str, Callable[[Played], Iterator[Claim]]] = {
    "client-platform": client_platform,
    "case-system": case_system,
    "support-channels": support_channels,
    "digital-not-exploited": digital_not_exploited,
    "anchoring": anchoring,
}

_CASES = frozenset(
    {
        *("digital-intake", "digital-take-up", "lead-time", "rework", "end-to-end", "fallback", "handovers"),
        "completion",
    }
)
_STAFF = frozenset({"entitlement", "weekly-breadth", "habit"})
_TRAINED = frozenset({"trained-managers", "trained-key-roles", "trained-staff"})

PUBLISHED: dict[str, frozenset[str]] = {
    "client-platform": frozenset({"enrolment", "activation", "legacy-residue"}),
    "case-system": _CASES | _STAFF | _TRAINED | {"intended-use"},
    "support-channels": _STAFF
    | {
        *("ticket-channel-mix", "tickets-per-100", "first-contact-resolution", "reassignment", "self-service"),
        *("proactive-support", "e-service-take-up"),
    },
    "digital-not-exploited": _CASES | {"satisfaction"},
    "anchoring": _CASES
    | _STAFF
    | _TRAINED
    | {"intended-use", "pulse-managers", "pulse-key-roles", "pulse-staff", "pulse-response"},
}
"""Indicators of which each story must show values; together they are the catalogue."""


def published(story: str, played: Played) -> Claim:
    """Each indicator that the story is for has values that are shown."""
    there = {
        indicator
        for (indicator,) in played.app.open.connection.rows(
            "SELECT DISTINCT indicator FROM {open}.indicator_values WHERE value IS NOT NULL"
        )
    }
    missing = sorted(PUBLISHED[story] - there)
    return Claim(
        f"{len(PUBLISHED[story])} indicators have published values",
        f"all, of {len(there)}" if not missing else f"not {', '.join(missing)}",
        not missing,
    )
