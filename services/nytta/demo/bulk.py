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
    ("h", "case.step", ',"activity":"handläggning","mode":"digital","digital_route":true,"intended":true'),
    ("p", "case.step", ',"activity":"handläggning","mode":"paper","digital_route":true,"intended":false'),
    ("c", "case.closed", ',"end_to_end":false'),
)
_TICKET = (
    ("o", "ticket.opened", ',"channel":"phone","category":"klient","how_to":false,"line":1'),
    ("r", "ticket.resolved", ',"activity":"löst","first_contact":true,"team":"servicedesk","line":1'),
)
_CLIENT = (("h", "platform.heartbeat", ""),)


def bulk(
    count: int,
    seed: int,
    *,
    start: date = date(2025, 1, 6),
    units: int = 500,
    size: int = 20_000,
    weeks: int = _WEEKS,
) -> Iterator[bytes]:
    """`count` events as NDJSON in bodies of `size` lines, over `units` units and `weeks` weeks from `start`.

    Of 20 events 10 belong to cases (each of four: opened, registered, handled digitally or on paper, closed),
    6 are sessions, 3 belong to tickets, 1 is a client's sign of life. Every event has an identity of its own.
    Units are `last-000` and on, under no organisation: they are for a service without a registry.
    """
    start_moment = round(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp() * 1000)
    cases = _Subjects("arende", "case", _CASE)
    tickets = _Subjects("samtal", "ticket", _TICKET)
    clients = _Subjects("dator", "client", _CLIENT)
    for body, first_line in enumerate(range(0, count, size)):
        rng = stream(seed, "bulk", str(body))
        lines = min(size, count - first_line)
        # a body's events lie within one day's distance of each other, as they do in a stream
        body_moment = start_moment + int(weeks * 7 * 24 * _HOUR * first_line / max(count, 1))
        text = cases.lines(rng, first_line, lines * 10 // 20, body_moment, units)
        text += tickets.lines(rng, first_line, lines * 3 // 20, body_moment, units)
        text += clients.lines(rng, first_line, lines // 20, body_moment, units)
        # sessions last: they take up what rounding has left of the body
        text += _sessions(rng, first_line, lines - len(text), body_moment, units)
        mixed = [text[line] for line in rng.permutation(len(text)).tolist()]
        yield ("\n".join(mixed) + "\n").encode()


class _Subjects:
    """Events about subjects of one kind, each subject with its few events."""

    def __init__(self, prefix: str, field: str, events: tuple[tuple[str, str, str], ...]) -> None:
        self._prefix = prefix
        self._field = field
        self._tails = table([tail(f".{short}", f"/last/{prefix}", kind) for short, kind, _ in events])
        self._rests = table([ending for _, _, ending in events])
        self._variants = len(events) > 4  # the third and fourth event exclude each other

    def lines(
        self, rng: np.random.Generator, first_number: int, count: int, start_moment: int, units: int
    ) -> list[str]:
        events_each = len(self._tails) - self._variants
        subject = np.arange(count) // events_each
        step = np.arange(count) % events_each
        subjects = int(subject[-1]) + 1 if count else 0
        unit = rng.integers(units, size=subjects)
        event = step
        if self._variants:
            is_paper = rng.random(subjects) < 0.3
            handled = 2 + is_paper[subject]
            event = np.where(step < 2, step, np.where(step == 2, handled, 4))
        subject_moments = _moments(rng, subjects, start_moment)
        moments = subject_moments[subject] + step * 600_000
        person = rng.integers(_PERSONS, size=count)
        start, end = f'","system":"{_SYSTEM}","{self._field}":"', ',"actor":"anst-'
        bases = table([f'"unit":"last-{number:03d}{start}' for number in range(units)])
        actors = table([f"{end}{number:03d}-" for number in range(units)])
        persons = table([f'{number:02d}","actor_kind":"person"' for number in range(_PERSONS)])
        units_of_events = unit[subject]
        return subject_lines(
            moments,
            self._tails[event].tolist(),
            bases[units_of_events].tolist(),
            [f"{self._prefix}-{first_number + number}" for number in subject.tolist()],
            (self._rests[event] + actors[units_of_events] + persons[person]).tolist(),
        )


def _moments(rng: np.random.Generator, count: int, start_moment: int) -> Ints:
    """Moments within 20 hours of the start, in whole seconds."""
    milliseconds = (rng.random(count) * 20 * _HOUR).astype(np.int64)
    return start_moment + milliseconds // 1000 * 1000


def _sessions(rng: np.random.Generator, start: int, count: int, start_moment: int, units: int) -> list[str]:
    unit = rng.integers(units, size=count)
    person = rng.integers(_PERSONS, size=count)
    moments = _moments(rng, count, start_moment)
    actions = rng.integers(1, 20, size=count)
    sessions = zip(unit.tolist(), person.tolist(), actions.tolist(), strict=True)
    data = [
        f'"unit":"last-{unit_number:03d}","system":"{_SYSTEM}","actor":"anst-{unit_number:03d}-{person_number:02d}","actor_kind":"person",'
        f'"app":"kontor","feature":"f{action_count % 7}","actions":{action_count}'
        for unit_number, person_number, action_count in sessions
    ]
    ids = [f"s{start + number}" for number in range(count)]
    return plain_lines(moments, tail("", "/last/bruk", "platform.session"), ids, data)
