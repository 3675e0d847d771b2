"""Many plain events, fast: load for measuring how much the service takes in. They tell no story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np

from nytta.demo.lines import plain_lines, subject_lines, table, tail
from nytta.demo.randomness import Ints, stream

_HOUR = 3_600_000
_WEEKS = 80
_PERSONS = 20  # per unit
_SYSTEM = "last"
_CASE = (
    ("o", "case.opened", ',"channel":"web"'),
    ("r", "case.step", ',"activity":"registrering","mode":"auto","digital_route":true'),
    (
        "h",
        "case.step",
        ',"activity":"handläggning","mode":"digital","digital_route":true,"intended":true',
    ),
    (
        "p",
        "case.step",
        ',"activity":"handläggning","mode":"paper","digital_route":true,"intended":false',
    ),
    ("c", "case.closed", ',"end_to_end":false'),
)
_TICKET = (
    ("o", "ticket.opened", ',"channel":"phone","category":"klient","how_to":false,"line":1'),
    (
        "r",
        "ticket.resolved",
        ',"activity":"löst","first_contact":true,"team":"servicedesk","line":1',
    ),
)
_CLIENT = (("h", "platform.heartbeat", ""),)


def bulk(
    event_count: int,
    seed: int,
    *,
    first_day: date = date(2025, 1, 6),
    units: int = 500,
    body_size: int = 20_000,
    weeks: int = _WEEKS,
) -> Iterator[bytes]:
    """`event_count` events as NDJSON in bodies of `body_size` lines, over `units` units and `weeks` weeks.

    Of 20 events 10 belong to cases (each of four: opened, registered, handled digitally or on paper, closed),
    6 are sessions, 3 belong to tickets, 1 is a client's sign of life. Every event has an identity of its own.
    Units are `last-000` and on, under no organisation: they are for a service without a registry.
    """
    start_moment = round(
        datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC).timestamp() * 1000
    )
    cases = _Subjects("arende", "case", _CASE)
    tickets = _Subjects("samtal", "ticket", _TICKET)
    clients = _Subjects("dator", "client", _CLIENT)
    for body_number, first_line in enumerate(range(0, event_count, body_size)):
        rng = stream(seed, "bulk", str(body_number))
        line_count = min(body_size, event_count - first_line)
        # a body's events lie within one day's distance of each other, as they do in a stream
        body_moment = start_moment + int(weeks * 7 * 24 * _HOUR * first_line / max(event_count, 1))
        body_lines = cases.lines(rng, first_line, line_count * 10 // 20, body_moment, units)
        body_lines += tickets.lines(rng, first_line, line_count * 3 // 20, body_moment, units)
        body_lines += clients.lines(rng, first_line, line_count // 20, body_moment, units)
        # sessions last: they take up what rounding has left of the body
        body_lines += _sessions(rng, first_line, line_count - len(body_lines), body_moment, units)
        mixed = [body_lines[line] for line in rng.permutation(len(body_lines)).tolist()]
        yield ("\n".join(mixed) + "\n").encode()


class _Subjects:
    """Events about subjects of one kind, each subject with its few events."""

    def __init__(self, prefix: str, field: str, events: tuple[tuple[str, str, str], ...]) -> None:
        self._prefix = prefix
        self._field = field
        self._tails = table(
            [tail(f".{short}", f"/last/{prefix}", kind) for short, kind, _ in events]
        )
        self._endings = table([ending for _, _, ending in events])
        # the third and fourth event exclude each other
        self._variants = len(events) > 4

    def lines(
        self,
        rng: np.random.Generator,
        first_number: int,
        event_count: int,
        start_moment: int,
        units: int,
    ) -> list[str]:
        events_each = len(self._tails) - self._variants
        subject = np.arange(event_count) // events_each
        step_number = np.arange(event_count) % events_each
        subjects = int(subject[-1]) + 1 if event_count else 0
        unit = rng.integers(units, size=subjects)
        event = step_number
        if self._variants:
            is_paper = rng.random(subjects) < 0.3
            handled = 2 + is_paper[subject]
            event = np.where(step_number < 2, step_number, np.where(step_number == 2, handled, 4))
        subject_moments = _moments(rng, subjects, start_moment)
        moments = subject_moments[subject] + step_number * 600_000
        person = rng.integers(_PERSONS, size=event_count)
        start, end = f'","system":"{_SYSTEM}","{self._field}":"', ',"actor":"anst-'
        bases = table([f'"unit":"last-{unit_number:03d}{start}' for unit_number in range(units)])
        actors = table([f"{end}{unit_number:03d}-" for unit_number in range(units)])
        persons = table(
            [f'{person_number:02d}","actor_kind":"person"' for person_number in range(_PERSONS)]
        )
        units_of_events = unit[subject]
        return subject_lines(
            moments,
            self._tails[event].tolist(),
            bases[units_of_events].tolist(),
            [
                f"{self._prefix}-{first_number + subject_number}"
                for subject_number in subject.tolist()
            ],
            (self._endings[event] + actors[units_of_events] + persons[person]).tolist(),
        )


def _moments(rng: np.random.Generator, count: int, start_moment: int) -> Ints:
    """Moments within 20 hours of the start, in whole seconds."""
    milliseconds = (rng.random(count) * 20 * _HOUR).astype(np.int64)
    return start_moment + milliseconds // 1000 * 1000


def _sessions(
    rng: np.random.Generator, first_number: int, session_count: int, start_moment: int, units: int
) -> list[str]:
    unit = rng.integers(units, size=session_count)
    person = rng.integers(_PERSONS, size=session_count)
    moments = _moments(rng, session_count, start_moment)
    actions = rng.integers(1, 20, size=session_count)
    sessions = zip(unit.tolist(), person.tolist(), actions.tolist(), strict=True)
    session_data = [
        f'"unit":"last-{unit_number:03d}","system":"{_SYSTEM}","actor":"anst-{unit_number:03d}-{person_number:02d}","actor_kind":"person",'
        f'"app":"kontor","feature":"f{action_count % 7}","actions":{action_count}'
        for unit_number, person_number, action_count in sessions
    ]
    session_ids = [f"s{first_number + session_number}" for session_number in range(session_count)]
    return plain_lines(
        moments, tail("", "/last/bruk", "platform.session"), session_ids, session_data
    )
