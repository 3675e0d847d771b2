"""Events as lines of JSON, written from templates: the fixed parts once, the changing parts per event."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nytta.demo.randomness import Ints

HEAD = '{"specversion":"1.0","id":"'


@dataclass(slots=True)
class Lines:
    """Events of one source: when each happened (UTC milliseconds) and its line of JSON, in the same order."""

    at: list[Ints] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def add(self, times: Ints, text: list[str]) -> None:
        """Append events."""
        self.at.append(times)
        self.text.extend(text)

    def moments(self) -> Ints:
        """All moments as one array."""
        return np.concatenate(self.at) if self.at else np.empty(0, np.int64)


def tail(ending: str, source: str, kind: str) -> str:
    """What stands between an event's id and its time; `ending` completes the id, `kind` is such as
    'case.step'."""
    return f'{ending}","source":"{source}","type":"nytta.{kind}.v1","time":"'


@cache
def _seconds() -> NDArray[np.object_]:
    """The time of day of each second of a day, as RFC 3339 writes it behind the date."""
    texts = []
    for second_of_day in range(86_400):
        minutes, second = divmod(second_of_day, 60)
        hour, minute = divmod(minutes, 60)
        texts.append(f"T{hour:02d}:{minute:02d}:{second:02d}Z")
    return np.array(texts, dtype=object)


def stamps(times: Ints) -> list[str]:
    """RFC 3339 texts, in UTC and whole seconds, of moments in milliseconds."""
    if not len(times):
        return []
    # Looked up instead of formatted: a week's events share a few days, and all of them the seconds of a day.
    seconds = times // 1000
    day = seconds // 86_400
    second_of_day = seconds - day * 86_400
    first_day, last_day = int(day.min()), int(day.max())
    all_days = np.arange(first_day, last_day + 1).astype("M8[D]")
    date_texts = np.datetime_as_string(all_days).astype(object)
    dates: list[str] = date_texts[day - first_day].tolist()
    clocks: list[str] = _seconds()[second_of_day].tolist()
    return [date_text + clock for date_text, clock in zip(dates, clocks, strict=True)]


def table(texts: list[str]) -> NDArray[np.object_]:
    """Texts to be looked up by an array of numbers."""
    looked_up = np.empty(len(texts), dtype=object)
    looked_up[:] = texts
    return looked_up


def subject_lines(
    times: Ints,
    tails: list[str],
    bases: list[str],
    subjects: list[str],
    endings: list[str],
) -> list[str]:
    """Lines of events about a subject (case, ticket, client) whose id both the event's id and its data carry.

    `tails` come from `tail`. `bases` are the data's first fields up to and with the quote that opens the
    subject's id; `endings` are further fields, each beginning with a comma, or ''.
    """
    return [
        f'{HEAD}{subject}{end}{time}","data":{{{base}{subject}"{ending}}}}}'
        for subject, end, time, base, ending in zip(
            subjects, tails, stamps(times), bases, endings, strict=True
        )
    ]


def plain_lines(times: Ints, tail: str, event_ids: list[str], data: list[str]) -> list[str]:
    """Lines of events whose data (the fields between the braces) are ready."""
    return [
        f'{HEAD}{event_id}{tail}{time}","data":{{{event_data}}}}}'
        for event_id, time, event_data in zip(event_ids, stamps(times), data, strict=True)
    ]
