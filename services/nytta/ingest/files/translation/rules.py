"""Rules of a mapping, compiled: when each applies, which type of event it makes, and what the event holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from nytta.ingest.events.fields import LARGEST_REVISION
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.contract import Target, cloudevents_type, subject_field, targets
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.mapping import Mapping, Rule, Source
from nytta.ingest.files.rows import Row
from nytta.ingest.files.specs import Moment, Test, Value
from nytta.ingest.files.translation.conditions import Condition, Conditions
from nytta.ingest.files.translation.descriptions import described
from nytta.ingest.files.translation.moments import Instant, Moments
from nytta.ingest.files.translation.texts import Shared, Texts, folded
from nytta.ingest.files.translation.values import Getter, Values
from nytta.registry.texts import address


class FieldGetter(NamedTuple):
    """A field of an event's data."""

    field: str
    getter: Getter
    required: str | None
    """Where its value comes from, for a person, if the event cannot be without it."""


class EventType(NamedTuple):
    """A type of event, with what its data hold by a row."""

    name: str
    """As CloudEvents have it."""
    getters: list[FieldGetter]

    def data(self, row: Row) -> dict[str, Any]:
        """The event's data. RowError where a required field has no value."""
        data: dict[str, Any] = {}
        for field, getter, required in self.getters:
            value = getter(row)
            if value is not None:
                data[field] = value
            elif required is not None:
                raise RowError(Reason.MISSING_FIELD, f"{field} is empty: {required} says nothing")
        return data


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule of a mapping, as it is applied to rows."""

    also: str
    """The word of a derived event; "" for the row's own."""
    when: Condition | None
    once: int | None
    """For a rule that applies once per subject: which of the subjects."""
    time: Instant
    time_origin: str
    """Where the time comes from, for a person."""
    event_type: Callable[[Row], EventType]
    identity: Callable[[Row], str] | None
    retracted_type: str
    """The first of its types, which stands for all of them where an event is taken back."""


class RuleCompiler:
    """Compiles the rules of one mapping for one file."""

    def __init__(self, mapping: Mapping, file_name: str, shared: Shared | None = None) -> None:
        """`shared` is what rows of the file share (`within`)."""
        self._mapping = mapping
        self._texts = Texts(mapping.nulls, shared)
        self._moments = Moments(self._texts, mapping.dates, mapping.timezone)
        self._values = Values(self._texts, mapping.table.decimal, file_name)
        self._conditions = Conditions(self._texts, self._moments, mapping.table.decimal)
        self.subjects: list[Getter] = []
        """What rules that apply once are about."""
        self._subject_sources: list[Source] = []

    def rule(self, rule: Rule) -> CompiledRule:
        """One rule."""
        # of any of its types: the time is a field that all of them share
        moment = self._mapping.fields_of(rule, rule.types[0])["time"]
        assert isinstance(moment, Moment)
        return CompiledRule(
            also=rule.also,
            when=self._conditions.condition(rule.when) if rule.when is not None else None,
            once=self._subject(rule) if rule.once else None,
            time=self._moments.instant(moment),
            time_origin=described(moment),
            event_type=self._event_type(rule),
            identity=self.identity(rule.identity) if rule.identity else None,
            retracted_type=cloudevents_type(rule.types[0]),
        )

    def revision(self, moment: Moment) -> Callable[[Row], int | None]:
        """The revision of a row: a whole number as it stands, a time as milliseconds since 1970; None for none."""
        text = self._texts.of_first(moment.fields)
        instant = self._moments.instant(moment)
        description = described(moment)

        def revision(row: Row) -> int | None:
            cell = text(row)
            if cell is None:
                return None
            if cell.isascii() and cell.isdigit():
                number = int(cell)
            else:
                revision_time = instant(row)
                assert revision_time is not None
                number = int(revision_time.timestamp() * 1000)
            if not 0 <= number <= LARGEST_REVISION:
                raise RowError(
                    Reason.INVALID_FIELD, f"{description} is no revision from 0 to 2^63 - 1", cell
                )
            return number

        return revision

    def identity(self, fields: tuple[str, ...]) -> Callable[[Row], str]:
        """What names a row by these fields. RowError where one of them is empty."""
        parts = [(name, self._texts.of_field(name)) for name in fields]

        def identity(row: Row) -> str:
            texts: list[str] = []
            for name, part in parts:
                text = part(row)
                if text is None:
                    raise RowError(
                        Reason.MISSING_FIELD,
                        f"field '{name}' is empty, but rows are known by it (identity)",
                    )
                # "a|b" and "c" must not become the same as "a" and "b|c".
                texts.append(
                    text.replace("%", "%25").replace("|", "%7C")
                    if "%" in text or "|" in text
                    else text
                )
            return "|".join(texts)

        return identity

    def _subject(self, rule: Rule) -> int:
        """The place among `subjects` of what the rule's events are about; computed once per row."""
        name = rule.types[0]
        field = subject_field(name)
        source = self._mapping.fields_of(rule, name)[field]
        if source not in self._subject_sources:
            self._subject_sources.append(source)
            self.subjects.append(_without_errors(self._getter(targets()[name][field], source)))
        return self._subject_sources.index(source)

    def _event_type(self, rule: Rule) -> Callable[[Row], EventType]:
        # a rule may choose among types, whose events take different fields of the same row
        event_types = {
            name: EventType(cloudevents_type(name), self._getters(rule, name))
            for name in rule.types
        }
        if rule.choice is None:
            only_type = event_types[rule.types[0]]
            return lambda _row: only_type
        choice = self._values.text(rule.choice)
        description = described(rule.choice)

        def chosen_type(row: Row) -> EventType:
            name = choice(row)
            if name is None:
                raise RowError(
                    Reason.MISSING_FIELD, f"the event type is empty: {description} says nothing"
                )
            return event_types[name]

        return chosen_type

    def _getters(self, rule: Rule, name: str) -> list[FieldGetter]:
        getters: list[FieldGetter] = []
        for field, source in self._mapping.fields_of(rule, name).items():
            if field == "time":
                continue
            target = targets()[name][field]
            getter = self._getter(target, source)
            # a person's address is the same in capitals, unless the mapping says how it is
            if field == "actor" and isinstance(source, Value) and source.capitals is None:
                getter = folded(getter, address)
            getters.append(
                FieldGetter(field, getter, described(source) if target.required else None)
            )
        return getters

    def _getter(self, target: Target, source: Source) -> Getter:
        match source:
            case bool():
                return lambda _row: source
            case Test():
                return self._conditions.condition(source)
            case Moment():
                return self._moments.day(source)
            case Value():
                return self._values.for_target(source, target)


def _without_errors(getter: Getter) -> Getter:
    """A value that cannot be read is told where its event is made, not where rows are compared."""

    def get(row: Row) -> Any:
        try:
            return getter(row)
        except RowError:
            return None

    return get
