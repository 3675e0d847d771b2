"""Cases: one line of work is a unit's cases of one case type. Counts are drawn when the world is built; the
events of a week's new cases are drawn when that week is made, and reach as far ahead as the cases take."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.special import ndtri

from nytta.demo.lines import Lines, subject_lines, table, tail
from nytta.demo.randomness import Flags, Floats, Ints, first_of_each, noisy
from nytta.demo.scene import Scene
from nytta.demo.staff import Roster
from nytta.demo.weeks import Calendar

HANDLE_DIGITALLY = "digital handläggning"
HANDLE_OUTSIDE = "handläggning utanför systemet"
REGISTER = "registrering"
DECIDE = "beslut"

_OPENED, _REGISTERED, _HANDLED, _HANDED_OVER, _RETURNED, _COMPLETED, _DECIDED, _CLOSED = range(8)
_WHAT = (
    ("o", "case.opened"),
    ("r", "case.step"),
    ("h", "case.step"),
    ("t", "case.handover"),
    ("b", "case.returned"),
    ("k", "case.returned"),
    ("d", "case.step"),
    ("c", "case.closed"),
)
_SPREAD = 0.1  # noise of a week's shares, on the logit scale
# standard deviation of the logarithm of the days that a case takes
_SCATTER = 0.4
# share of cases returned because the law demands a completion: never rework
_BY_LAW = 0.05


@dataclass(frozen=True, slots=True)
class Work:
    """One unit's cases of one type over the weeks; every array has one entry per week of opening.

    `digital` and `intended` are numbers of the cases that come in digitally and that are handled as intended;
    `rework_*` the shares returned and `days_*` the median working days, for cases handled as intended and
    others. From week `live` on steps are digital or could have been; where `says_intended`, they tell which of them
    were intended.
    """

    unit: str
    case_type: str
    live: int
    cases: Ints
    digital: Ints
    intended: Ints
    rework_intended: Floats
    rework_other: Floats
    days_intended: Floats
    days_other: Floats
    handover: float = 0.08
    says_intended: bool = True

    @property
    def last_year(self) -> int:
        """Cases opened in the last 52 weeks."""
        return int(self.cases[-52:].sum())


def season(calendar: Calendar) -> Floats:
    """How many cases a week brings, relative to a full one: fewer with holidays, in July and at Christmas."""
    numbers = np.array(
        [calendar.span.monday(week).isocalendar().week for week in range(calendar.span.count)]
    )
    slow = np.where((numbers >= 27) & (numbers <= 31), 0.65, 1.0)
    return slow * (0.35 + 0.65 * calendar.working_in_week / 5)


def work(  # noqa: PLR0913 - what a story says of a line of work, by name
    scene: Scene,
    unit: str,
    case_type: str,
    *,
    per_week: float,
    live_week: int,
    digital: Floats,
    intended: Floats,
    rework_intended: Floats,
    rework_other: Floats,
    days_intended: Floats,
    days_other: Floats,
    handover: float = 0.08,
    says_intended: bool = True,
) -> Work:
    """Draw the counts of one line of work; `digital` and `intended` are shares per week, before noise.

    Counts are one draw from the expected number, so that the truth is exact: the events hold precisely these
    counts.
    """
    rng = scene.rng(unit, case_type, "counts")
    cases = rng.poisson(scene.scale * per_week * season(scene.calendar))
    digital_cases = rng.binomial(cases, noisy(digital, _SPREAD, rng))
    intended_cases = rng.binomial(cases, noisy(intended, _SPREAD, rng))
    return Work(
        unit,
        case_type,
        live_week,
        cases,
        digital_cases,
        intended_cases,
        rework_intended,
        rework_other,
        days_intended,
        days_other,
        handover,
        says_intended,
    )


def counted(
    line_of_work: Work, system: str, figure: Literal["digital", "intended"]
) -> dict[str, Any]:
    """The truth of digital intake or of intended use, per week of opening; use counts from going live on."""
    live_week = 0 if figure == "digital" else line_of_work.live
    is_live = np.arange(len(line_of_work.cases)) >= live_week
    return {
        "unit": line_of_work.unit,
        "system": system,
        "case_type": line_of_work.case_type,
        "numerator": (
            is_live * (line_of_work.digital if figure == "digital" else line_of_work.intended)
        ).tolist(),
        "denominator": (is_live * line_of_work.cases).tolist(),
    }


@dataclass(slots=True)
class _Draft:
    """Events of one week's cases before they are text; one array per column, one entry per event."""

    case: list[Ints] = field(default_factory=list)
    at: list[Ints] = field(default_factory=list)
    code: list[Ints] = field(default_factory=list)
    ending: list[Ints] = field(default_factory=list)
    actor: list[Ints] = field(default_factory=list)


class _Fates(NamedTuple):
    """What becomes of one week's cases, one entry per case."""

    digital: Flags
    intended: Flags
    is_live: Flags
    automatic: Flags
    is_reworked: Flags
    is_by_law: Flags
    is_handed_over: Flags


class _Times(NamedTuple):
    """When it happens: moments in milliseconds, and days counted from the first of the span."""

    opened: Ints
    registered: Ints
    handled_on: Ints
    returned_on: Ints
    decided: Ints


class CaseFeed:
    """The case register of one system: all lines of work, week by week.

    Handlers are persons that `roster` (its groups in the order of the organisation's staffed units) lets act
    in the week of the event.
    """

    def __init__(
        self, scene: Scene, source: str, system: str, works: list[Work], roster: Roster
    ) -> None:
        self.source = scene.source(source)
        self._works = works
        self._calendar = scene.calendar
        self._roster = roster
        units = [unit.id for unit in scene.home.staffed]
        self._unit = np.array([units.index(line_of_work.unit) for line_of_work in works])
        self._rngs = [
            scene.rng(line_of_work.unit, line_of_work.case_type, "cases") for line_of_work in works
        ]
        self._before = [
            np.concatenate(([0], np.cumsum(line_of_work.cases))) for line_of_work in works
        ]
        self._prefix = [f"{line_of_work.unit}-{line_of_work.case_type}-" for line_of_work in works]
        self._bases = table(
            [
                f'"unit":"{line_of_work.unit}","system":"{system}","case_type":"{line_of_work.case_type}","case":"'
                for line_of_work in works
            ]
        )
        self._tails = table([tail(f".{short}", self.source, kind) for short, kind in _WHAT])
        self._actors = table(
            [f',"actor":"{actor_id}","actor_kind":"person"' for actor_id in roster.ids] + [""]
        )
        self._endings = _Endings()

    def week(self, week: int) -> Lines:
        """Events of the cases opened in one week, also those that happen later."""
        case_counts = np.array([line.cases[week] for line in self._works])
        total = int(case_counts.sum())
        if total == 0:
            return Lines()
        # every line of work draws from a stream of its own: one more line shifts none of the others
        draws_by_line = zip(self._rngs, case_counts.tolist(), strict=True)
        draws = np.concatenate([rng.random((count, 18)) for rng, count in draws_by_line])
        line = np.repeat(np.arange(len(self._works)), case_counts)
        draft = self._draft(week, line, draws.T)
        first_in_week = np.cumsum(case_counts) - case_counts
        cases_before = np.array([numbers_before[week] for numbers_before in self._before])
        number_in_line = np.arange(total) - first_in_week[line] + cases_before[line]
        numbered = zip(line.tolist(), number_in_line.tolist(), strict=True)
        case_ids = [f"{self._prefix[line_number]}{number:06d}" for line_number, number in numbered]
        case = np.concatenate(draft.case)
        moments = np.concatenate(draft.at)
        # what cannot have happened by the end of the span is not worth its text
        is_within = moments < self._calendar.end
        case, moments = case[is_within], moments[is_within]
        endings = self._endings.text[np.concatenate(draft.ending)[is_within]]
        actors = self._actors[np.concatenate(draft.actor)[is_within]]
        week_lines = Lines()
        week_lines.add(
            moments,
            subject_lines(
                moments,
                self._tails[np.concatenate(draft.code)[is_within]].tolist(),
                self._bases[line[case]].tolist(),
                [case_ids[case_number] for case_number in case.tolist()],
                (endings + actors).tolist(),
            ),
        )
        return week_lines

    def _draft(self, week: int, line: Ints, draws: Floats) -> _Draft:
        works, calendar, endings = self._works, self._calendar, self._endings
        fates = self._fates(week, line, draws)
        times = self._times(week, line, draws, fates)
        says_intended = np.array([work.says_intended for work in works])[line]
        all_rows = np.arange(len(line))
        group = self._unit[line]
        draft = _Draft()

        def put(code: int, rows: Ints, moments: Ints, endings: Ints, luck: Floats | None) -> None:
            draft.case.append(rows)
            draft.at.append(moments)
            draft.code.append(np.full(len(rows), code))
            draft.ending.append(endings)
            actors = np.full(len(rows), -1)
            if luck is not None:
                actors = self._roster.choose(group[rows], calendar.week_of(moments), luck)
            draft.actor.append(actors)

        by_hand = np.where(draws[11] < 0.75, 0, 1)
        put(_OPENED, all_rows, times.opened, endings.opened(fates.digital, draws[11]), None)
        registrations = endings.registered(fates.automatic, fates.is_live)
        auto, manual = np.flatnonzero(fates.automatic), np.flatnonzero(~fates.automatic)
        # what the system registers by itself has no actor
        put(_REGISTERED, auto, times.registered[auto], registrations[auto], None)
        put(_REGISTERED, manual, times.registered[manual], registrations[manual], draws[12][manual])
        put(
            _HANDLED,
            all_rows,
            calendar.moment(times.handled_on, 11 + 2 * draws[13]),
            endings.handled(fates.intended, fates.is_live, says_intended, by_hand),
            draws[14],
        )
        moved = np.flatnonzero(fates.is_handed_over)
        moved_at = calendar.moment(times.handled_on[moved], 10 + 0.9 * draws[8][moved])
        put(_HANDED_OVER, moved, moved_at, endings.plain(moved, "team"), draws[15][moved])
        back = np.flatnonzero(fates.is_reworked)
        back_at = calendar.moment(times.returned_on[back], 13.1 + 0.8 * draws[8][back])
        put(_RETURNED, back, back_at, endings.plain(back, "back"), draws[16][back])
        completed = np.flatnonzero(fates.is_by_law)
        completed_at = calendar.moment(
            times.returned_on[completed], 13.1 + 0.8 * draws[9][completed]
        )
        put(
            _COMPLETED,
            completed,
            completed_at,
            endings.plain(completed, "law"),
            draws[16][completed],
        )
        # who decides closes, within the hour: both look their actor up by one number
        put(
            _DECIDED,
            all_rows,
            times.decided,
            endings.decided(fates.intended, fates.is_live, by_hand),
            draws[17],
        )
        closed = times.decided + 300_000 + (draws[12] * 1800).astype(np.int64) * 1000
        put(_CLOSED, all_rows, closed, endings.closed(fates.digital & fates.intended), draws[17])
        return draft

    def _fates(self, week: int, line: Ints, draws: Floats) -> _Fates:
        works = self._works
        digital_cases = np.array([line_of_work.digital[week] for line_of_work in works])
        intended_cases = np.array([line_of_work.intended[week] for line_of_work in works])
        digital = first_of_each(line, digital_cases, draws[0])
        intended = first_of_each(line, intended_cases, draws[1])
        is_live = np.array([week >= line_of_work.live for line_of_work in works])[line]
        handover = np.array([line_of_work.handover for line_of_work in works])[line]
        rework = self._by_intention(intended, week, line, "rework_intended", "rework_other")
        return _Fates(
            digital=digital,
            intended=intended,
            is_live=is_live,
            automatic=digital & is_live,
            is_reworked=draws[2] < rework,
            is_by_law=draws[3] < _BY_LAW,
            is_handed_over=draws[4] < handover,
        )

    def _times(self, week: int, line: Ints, draws: Floats, fates: _Fates) -> _Times:
        calendar = self._calendar
        median_days = self._by_intention(fates.intended, week, line, "days_intended", "days_other")
        # lognormal around the median, in working days; a return costs nothing extra, so that the median stays
        # as said
        scatter = np.exp(_SCATTER * ndtri(np.clip(draws[5], 1e-9, 1 - 1e-9)))
        days = np.clip(np.round(median_days * scatter), 4, 120).astype(np.int64)
        # digital cases come on every day, fewer of them at weekends; the others when the office is open
        upper_chances = np.cumsum([0.165] * 5 + [0.08])
        any_day = week * 7 + np.searchsorted(upper_chances, draws[6], side="right")
        opened_on = np.where(fates.digital, any_day, calendar.working_day_of(week, draws[6]))
        open_hour = np.where(fates.digital, 6.2 + 16.5 * draws[7], 8 + 7.5 * draws[7])
        opened = calendar.moment(opened_on, open_hour)
        first_day = calendar.later(opened_on + 1, np.zeros(len(line), np.int64))
        # handled within the same few days whether as intended or not, so that young cases are not biased
        # towards either
        handled_on = calendar.later(first_day, (draws[9] * 3).astype(np.int64))
        return _Times(
            opened=opened,
            registered=np.where(
                fates.automatic, opened + 30_000, calendar.moment(first_day, 8 + 2 * draws[8])
            ),
            handled_on=handled_on,
            returned_on=calendar.later(handled_on, np.maximum(1, days // 3) - 1),
            decided=calendar.moment(calendar.later(first_day, days), 14 + draws[10]),
        )

    def _by_intention(
        self, intended: Flags, week: int, line: Ints, name_intended: str, name_other: str
    ) -> Floats:
        """What a line of work has in a week for cases that are handled as intended, and what for the others."""
        of_intended = np.array([getattr(work, name_intended)[week] for work in self._works])[line]
        of_others = np.array([getattr(work, name_other)[week] for work in self._works])[line]
        return np.where(intended, of_intended, of_others)


class _Endings:
    """The fields after the case's id, one text per combination, looked up by number."""

    def __init__(self) -> None:
        event_texts: list[str] = []

        def keep(*more: str) -> int:
            event_texts.extend(more)
            return len(event_texts) - len(more)

        self._digital = keep(
            *(f',"channel":"{channel}"' for channel in ("web", "web", "web", "app"))
        )
        self._other = keep(
            *(f',"channel":"{channel}"' for channel in ("email", "phone", "desk", "post"))
        )
        step_text = ',"activity":"{}","mode":"{}","digital_route":{}{}'
        self._registered = keep(
            f',"activity":"{REGISTER}","mode":"manual"',
            step_text.format(REGISTER, "scanned", "false", ""),
            step_text.format(REGISTER, "auto", "true", ""),
        )
        self._handled = keep(
            f',"activity":"{HANDLE_OUTSIDE}","mode":"paper"',
            f',"activity":"{HANDLE_OUTSIDE}","mode":"printed"',
            step_text.format(HANDLE_OUTSIDE, "paper", "true", ',"intended":false'),
            step_text.format(HANDLE_OUTSIDE, "printed", "true", ',"intended":false'),
            step_text.format(HANDLE_DIGITALLY, "digital", "true", ',"intended":true'),
            step_text.format(HANDLE_OUTSIDE, "paper", "true", ""),
            step_text.format(HANDLE_OUTSIDE, "printed", "true", ""),
            step_text.format(HANDLE_DIGITALLY, "digital", "true", ""),
        )
        self._decided = keep(
            f',"activity":"{DECIDE}","mode":"paper"',
            f',"activity":"{DECIDE}","mode":"manual"',
            step_text.format(DECIDE, "paper", "true", ""),
            step_text.format(DECIDE, "manual", "true", ""),
            step_text.format(DECIDE, "digital", "true", ""),
        )
        self._plain = {
            "team": keep(',"team":"annan handläggargrupp"'),
            "back": keep(f',"activity":"{HANDLE_DIGITALLY}","by_law":false'),
            "law": keep(f',"activity":"{REGISTER}","by_law":true'),
        }
        self._closed = keep(
            ',"end_to_end":false,"outcome":"beslut"', ',"end_to_end":true,"outcome":"beslut"'
        )
        self.text = table(event_texts)

    def opened(self, digital: Flags, luck: Floats) -> Ints:
        return np.where(digital, self._digital, self._other) + (luck * 4).astype(np.int64)

    def registered(self, automatic: Flags, is_live: Flags) -> Ints:
        return self._registered + np.where(is_live, np.where(automatic, 2, 1), 0)

    def handled(self, intended: Flags, is_live: Flags, says_intended: Flags, by_hand: Ints) -> Ints:
        live_ending = np.where(says_intended, 2, 5) + np.where(intended, 2, by_hand)
        return self._handled + np.where(is_live, live_ending, by_hand)

    def decided(self, intended: Flags, is_live: Flags, by_hand: Ints) -> Ints:
        return self._decided + np.where(is_live, np.where(intended, 4, 2 + by_hand), by_hand)

    def plain(self, rows: Ints, code: str) -> Ints:
        return np.full(len(rows), self._plain[code])

    def closed(self, end_to_end: Flags) -> Ints:
        return self._closed + end_to_end.astype(np.int64)
