"""One row and a mapping make events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.rows import Row
from nytta.ingest.files.translation.rules import CompiledRule, RuleCompiler
from nytta.ingest.files.translation.texts import Shared

Event = dict[str, Any]
"""A CloudEvent; its time is a `datetime` in UTC, everything else is JSON."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. A row that no rule applies to has neither events nor an error."""

    events: list[Event]
    errors: list[tuple[str, RowError]]
    """Per failed event the word of its rule ("" for the row's own event) and what is wrong."""
    retractions: list[Event]
    """What an earlier revision of the row may have said and this one does not."""
    key: str | None
    """The row's id, where it is known."""
    has_revision: bool = False
    """Whether the row says in which revision it is."""


class _Revision(NamedTuple):
    """Which revision of itself a row is."""

    number: int
    """0 where the row says none."""
    is_said: bool


_UNREVISED = _Revision(0, False)


class Translator:
    """Rows of one file into events. Knows the row before, for rules that apply once per subject."""

    def __init__(
        self,
        mapping: Mapping,
        file_name: str,
        source: str,
        conceal: Callable[[str], str] | None = None,
        shared: Shared | None = None,
    ) -> None:
        """`source` is the events' source; `conceal` makes an id out of a row's identity.

        `shared` is what rows of the file share (`within`); without it, what a row does not say itself is absent.
        """
        compiler = RuleCompiler(mapping, file_name, shared)
        self._rules = [compiler.rule(rule) for rule in mapping.rules]
        self._identity = compiler.identity(mapping.identity) if mapping.identity else None
        self._revision = compiler.revision(mapping.revision) if mapping.revision else None
        self._corrects = mapping.corrects
        self._conceal = conceal
        self._source = source
        self._subjects = compiler.subjects
        self._subjects_before: list[Any] = [None] * len(self._subjects)

    def identity(self, row: Row) -> str:
        """What names a row, as its fields have it. RowError where one of them is empty."""
        assert self._identity is not None
        return self._identity(row)

    def skip(self, row: Row) -> None:
        """Take note of a row that is not to be translated, because its events are stored already."""
        self._subjects_before = [subject(row) for subject in self._subjects]

    def translate(self, row: Row, number: int) -> Outcome:
        """The events of the row; `number` counts rows of the file from 1."""
        events: list[Event] = []
        errors: list[tuple[str, RowError]] = []
        retractions: list[Event] = []
        key: str | None = None
        revision: _Revision | None = None
        for rule in self._applying(row):
            try:
                is_due = rule.when is None or rule.when(row)
                # read once a row, but only where a rule applies: a row that says nothing need not be known
                if key is None:
                    key = self._key(row, number, needed=is_due)
                if key is None:
                    continue  # no earlier revision of the row made an event either
                if revision is None:
                    revision = self._revision_of(row)
                event = self._event(rule, row, number, key, revision.number) if is_due else None
            except RowError as error:
                # made anew: with its traceback it would hold the row, and all before it, until garbage is collected
                errors.append((rule.also, RowError(error.reason, error.detail, error.value)))
                continue
            if event is not None:
                events.append(event)
            elif self._corrects:
                retractions += self._retraction(rule, row, key, revision.number)
        return Outcome(events, errors, retractions, key, revision is not None and revision.is_said)

    def _applying(self, row: Row) -> Iterator[CompiledRule]:
        """The rules without those that apply once per subject and did so in the row before."""
        previous_subjects = self._subjects_before
        if previous_subjects:
            self.skip(row)
        for rule in self._rules:
            if rule.once is not None:
                subject = self._subjects_before[rule.once]
                if subject is not None and subject == previous_subjects[rule.once]:
                    continue
            yield rule

    def _event(
        self, rule: CompiledRule, row: Row, number: int, key: str, revision: int
    ) -> Event | None:
        """The event that a rule, which applies to the row, makes of it; None where it makes none."""
        event_type = rule.event_type(row)
        time = rule.time(row)
        if time is None:
            # a derived event without a time has not happened yet; the row's own event has
            if rule.also:
                return None
            raise RowError(Reason.MISSING_FIELD, f"time is empty: {rule.time_origin} says nothing")
        data = event_type.data(row)
        event = {
            "specversion": "1.0",
            "id": self._event_id(rule, row, key),
            "source": self._source,
            "type": event_type.name,
            "time": time,
            "sequence": number,
            "data": data,
        }
        if revision:
            event["revision"] = str(revision)
        return event

    def _retraction(self, rule: CompiledRule, row: Row, key: str, revision: int) -> list[Event]:
        """What takes an event back that the row had in an earlier revision, and now has no more."""
        try:
            event_id = self._event_id(rule, row, key)
        except RowError:  # without the fields that name the event, there was none
            return []
        return [
            {
                "specversion": "1.0",
                "id": event_id,
                "source": self._source,
                "type": rule.retracted_type,
                "revision": str(revision),
                "retracted": True,
            }
        ]

    def _event_id(self, rule: CompiledRule, row: Row, key: str) -> str:
        own_key = key if rule.identity is None else self._concealed(rule.identity(row))
        return f"{own_key}.{rule.also}" if rule.also else own_key

    def _key(self, row: Row, number: int, *, needed: bool) -> str | None:
        """The row's id; None where a field of its identity is empty and no event needs it."""
        if self._identity is None:
            return str(number)
        try:
            return self._concealed(self._identity(row))
        except RowError:
            if needed:
                raise
            return None

    def _concealed(self, key: str) -> str:
        return self._conceal(key) if self._conceal is not None else key

    def _revision_of(self, row: Row) -> _Revision:
        if self._revision is None:
            return _UNREVISED
        number = self._revision(row)
        return _UNREVISED if number is None else _Revision(number, True)
