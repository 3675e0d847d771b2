"""What one language must hold. Types make a forgotten text an error, and the tests read every one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Advice(NamedTuple):
    """What to do, and the role that does it.

    `where`: proposed only where evidence speaks for it: `untrained` staff, cases that still go by `paper`; '' anywhere.
    """

    text: str
    owner: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class KindText:
    """Texts of one kind of alert.

    `{placeholders}` are those of `placeholders.placeholders`. A sentence that begins with `?` is left out where a fact
    lacks; the others need theirs.
    """

    subject: str
    body: tuple[str, ...]
    why: str
    ruled_out: str
    suggestions: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """All texts of one language.

    Keys: `kinds` by kind, `findings` by indicator id with '' for any other and `hidden` for none that is shown, `roles`
    by role and `representatives`, `absent` and `labels` by field, `lines` by why an alert stands in a message
    (`recovery` of a fall, `reached` of a low level, `ended` of a forecast, `over` of all else), `comparison` by what is
    compared with. `matter` is the label of what an alert is about that rests on no indicator.
    """

    language: str
    kinds: Mapping[str, KindText]
    findings: Mapping[str, str]
    roles: Mapping[str, str]
    labels: Mapping[str, str]
    absent: Mapping[str, str]
    buttons: Mapping[str, str]
    lines: Mapping[str, str]
    months: tuple[str, ...]
    day: str
    thousands: str
    suggested: str
    about_unit: str
    seen_by: str
    loss: str
    loss_money: str
    value: str
    value_alone: str
    comparison: Mapping[str, str]
    indicator: str
    week: str
    weeks: str
    week_of_year: str
    going_live: str
    cost: str
    cost_money: str
    cost_until: str
    follow_up: str
    further: str
    matter: str
    heading: str
