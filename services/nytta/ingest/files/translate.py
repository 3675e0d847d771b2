"""One row and a mapping make events. The mapping is compiled once, for this runs for every row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from nytta.ingest.events.fields import LARGEST_REVISION, LARGEST_WHOLE
from nytta.ingest.events.reasons import Reason
from nytta.ingest.files.contract import Target, cloudevents_type, subject_field, targets
from nytta.ingest.files.errors import RowError
from nytta.ingest.files.mapping import Mapping, Rule, Source
from nytta.ingest.files.rows import Row
from nytta.ingest.files.specs import Moment, Test, Value
from nytta.ingest.files.times import AmbiguousTimeError, Order, Years, day_reader, reader
from nytta.registry.texts import address, keyed

Event = dict[str, Any]
"""A CloudEvent; its time is a `datetime` in UTC, everything else is JSON."""

_Get = Callable[[Row], Any]
_T = TypeVar("_T")
_GROUPED = {
    ".": re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"),
    ",": re.compile(r"[+-]?(?:(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?|,\d+)"),
}
_DIGITS = 100
_SPACES = str.maketrans("", "", " \u00a0\u202f")


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


class Translator:
    """Rows of one file into events. Knows the row before, for rules that apply once per subject."""

    def __init__(
        self, mapping: Mapping, file_name: str, source: str, conceal: Callable[[str], str] | None = None
    ) -> None:
        """`source` is the events' source; `conceal` makes an id out of a row's identity."""
        self._compiler = _Compiler(mapping, file_name)
        self._rules = [self._compiler.rule(rule) for rule in mapping.rules]
        self._identity = self._compiler.identity(mapping.identity) if mapping.identity else None
        self._revision = self._compiler.revision(mapping.revision) if mapping.revision else None
        self._corrects = mapping.corrects
        self._conceal = conceal
        self._source = source
        self._subjects = self._compiler.subjects
        self._before: list[Any] = [None] * len(self._subjects)

    def identity(self, row: Row) -> str:
        """What names a row, as its fields have it. RowError where one of them is empty."""
        assert self._identity is not None
        return self._identity(row)

    def skip(self, row: Row) -> None:
        """Take note of a row that is not to be translated, because its events are stored already."""
        self._before = [subject(row) for subject in self._subjects]

    def translate(self, row: Row, number: int) -> Outcome:
        """The events of the row; `number` counts rows of the file from 1."""
        events: list[Event] = []
        errors: list[tuple[str, RowError]] = []
        retractions: list[Event] = []
        key: str | None = None
        said_revision: int | None = None
        previous = self._before
        if previous:
            self.skip(row)
        for rule in self._rules:
            if (
                rule.once is not None
                and (subject := self._before[rule.once]) is not None
                and subject == previous[rule.once]
            ):
                continue
            try:
                applies = rule.when is None or rule.when(row)
                if key is None:
                    key = self._key(row, number, needed=applies)
                    if key is None:
                        continue  # no earlier revision of the row made an event either
                    said_revision = self._revision(row) if self._revision else None
                revision = said_revision or 0
                if not applies:
                    retractions += self._retraction(rule, row, key, revision)
                    continue
                name, getters = rule.fixed or rule.choose(row)
                time = rule.time(row)
                if time is None:
                    if rule.also:
                        retractions += self._retraction(rule, row, key, revision)
                        continue
                    raise RowError(Reason.MISSING_FIELD, f"time is empty: {rule.time_told} says nothing")
                data: dict[str, Any] = {}
                for field, getter, description in getters:
                    value = getter(row)
                    if value is not None:
                        data[field] = value
                    elif description is not None:
                        raise RowError(Reason.MISSING_FIELD, f"{field} is empty: {description} says nothing")
                event_id = self._id(rule, row, key)
            except RowError as error:
                # made anew: with its traceback it would hold the row, and all before it, until garbage is collected
                errors.append((rule.also, RowError(error.reason, error.detail, error.value)))
                continue
            event = {
                "specversion": "1.0",
                "id": event_id,
                "source": self._source,
                "type": name,
                "time": time,
                "sequence": number,
                "data": data,
            }
            if revision:
                event["revision"] = str(revision)
            events.append(event)
        return Outcome(events, errors, retractions, key, said_revision is not None)

    def _id(self, rule: _CompiledRule, row: Row, key: str) -> str:
        own_key = key if rule.identity is None else self._concealed(rule.identity(row))
        return f"{own_key}.{rule.also}" if rule.also else own_key

    def _retraction(self, rule: _CompiledRule, row: Row, key: str, revision: int) -> list[Event]:
        """What takes an event back that the row had in an earlier revision, and now has no more."""
        if not self._corrects:
            return []
        try:
            event_id = self._id(rule, row, key)
        except RowError:  # without the fields that name the event, there was none
            return []
        return [
            {
                "specversion": "1.0",
                "id": event_id,
                "source": self._source,
                "type": rule.first,
                "revision": str(revision),
                "retracted": True,
            }
        ]

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


_Getters = list[tuple[str, _Get, str | None]]


@dataclass(slots=True)
class _CompiledRule:
    also: str
    when: Callable[[Row], bool] | None
    once: int | None
    """For a rule that applies once per subject: which of the subjects."""
    time: Callable[[Row], datetime | None]
    time_told: str
    fixed: tuple[str, _Getters] | None
    choose: Callable[[Row], tuple[str, _Getters]]
    identity: Callable[[Row], str] | None
    first: str
    """The first of its types, which stands for all of them where an event is taken back."""


class _Compiler:
    def __init__(self, mapping: Mapping, file_name: str) -> None:
        self._mapping = mapping
        self._file_name = file_name
        self._nulls = frozenset({"", *mapping.nulls, *map(keyed, mapping.nulls)})
        self._decimal = mapping.table.decimal
        self.subjects: list[_Get] = []
        self._subject_sources: list[Source] = []

    def rule(self, rule: Rule) -> _CompiledRule:
        variants = {name: (cloudevents_type(name), self._getters(rule, name)) for name in rule.types}
        choice = self._value(rule.choice) if rule.choice is not None else None
        described = _described(rule.choice) if rule.choice is not None else ""

        def choose(row: Row) -> tuple[str, _Getters]:
            assert choice is not None
            name = choice(row)
            if name is None:
                raise RowError(Reason.MISSING_FIELD, f"the event type is empty: {described} says nothing")
            return variants[name]

        shared = self._mapping.fields_of(rule, rule.types[0])
        moment = shared["time"]
        assert isinstance(moment, Moment)
        return _CompiledRule(
            rule.also,
            self._test(rule.when) if rule.when is not None else None,
            self._subject(rule) if rule.once else None,
            self._instant(moment),
            _described(moment),
            None if choice is not None else variants[rule.types[0]],
            choose,
            self.identity(rule.identity) if rule.identity else None,
            cloudevents_type(rule.types[0]),
        )

    def revision(self, moment: Moment) -> Callable[[Row], int | None]:
        """The revision of a row: a whole number as it stands, a time as milliseconds since 1970; None for none."""
        text = self._first(moment.fields)
        instant = self._instant(moment)
        described = _described(moment)

        def get(row: Row) -> int | None:
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
                raise RowError(Reason.INVALID_FIELD, f"{described} is no revision from 0 to 2^63 - 1", cell)
            return number

        return get

    def _subject(self, rule: Rule) -> int:
        """The place among `subjects` of what the rule's events are about; computed once per row."""
        name = rule.types[0]
        field = subject_field(name)
        source = self._mapping.fields_of(rule, name)[field]
        if source not in self._subject_sources:
            getter = self._source(targets()[name][field], source)

            def quiet(row: Row) -> Any:
                try:
                    return getter(row)
                except RowError:
                    return None

            self._subject_sources.append(source)
            self.subjects.append(quiet)
        return self._subject_sources.index(source)

    def identity(self, fields: tuple[str, ...]) -> Callable[[Row], str]:
        getters_by_field = [(name, self._text(name)) for name in fields]

        def get(row: Row) -> str:
            parts: list[str] = []
            for name, part in getters_by_field:
                text = part(row)
                if text is None:
                    raise RowError(
                        Reason.MISSING_FIELD, f"field '{name}' is empty, but rows are known by it (identity)"
                    )
                # "a|b" and "c" must not become the same as "a" and "b|c".
                parts.append(text.replace("%", "%25").replace("|", "%7C") if "%" in text or "|" in text else text)
            return "|".join(parts)

        return get

    def _getters(self, rule: Rule, name: str) -> _Getters:
        getters: _Getters = []
        for field, source in self._mapping.fields_of(rule, name).items():
            if field == "time":
                continue
            target = targets()[name][field]
            getter = self._source(target, source)
            if field == "actor" and isinstance(source, Value) and source.capitals is None:
                getter = _folded(getter, address)
            getters.append((field, getter, _described(source) if target.required else None))
        return getters

    def _source(self, target: Target, source: Source) -> _Get:
        match source:
            case bool():
                return lambda _row: source
            case Test():
                return self._test(source)
            case Moment():
                return self._day(source)
            case Value():
                default = "other" if "other" in target.choices and (source.values or source.patterns) else None
                getter = self._value(source, default)
                if source.capitals == "same":
                    getter = _folded(getter, str.lower)
                if target.kind == "whole":
                    return self._whole(getter, source)
                return self._choice(getter, target, source) if target.choices and source.passes_through else getter

    def _text(self, field: str) -> Callable[[Row], str | None]:
        nulls = self._nulls

        def get(row: Row) -> str | None:
            text = row.get(field)
            if text is None or text in nulls:
                return None
            text = keyed(text)
            return None if text in nulls else text

        return get

    def _first(self, fields: tuple[str, ...]) -> Callable[[Row], str | None]:
        """The first of these fields that says something."""
        getters_in_order = [self._text(field) for field in fields]
        if len(getters_in_order) == 1:
            return getters_in_order[0]
        return lambda row: next((text for getter in getters_in_order if (text := getter(row)) is not None), None)

    def _value(self, spec: Value, default: str | None = None) -> Callable[[Row], str | None]:
        getter = self._origin(spec)
        missing = spec.missing
        if spec.values or spec.patterns:
            getter = self._looked_up(getter, spec, spec.otherwise or default)
        if missing is None:
            return getter

        def with_missing(row: Row) -> str | None:
            text = getter(row)
            return missing if text is None else text

        return with_missing

    def _origin(self, spec: Value) -> Callable[[Row], str | None]:
        if spec.field is not None:
            return self._text(spec.field)
        if spec.coalesce is not None:
            return self._first(spec.coalesce)
        if spec.constant is not None:
            constant = spec.constant
            return lambda _row: constant
        if spec.file is not None:
            text = _from_file_name(spec.file, spec.template, self._file_name)
            return lambda _row: text
        if spec.join is not None:
            parts = [self._value(part) for part in spec.join]

            def joined(row: Row) -> str | None:
                texts: list[str] = []
                for part in parts:
                    text = part(row)
                    if text is None:
                        return None
                    texts.append(text)
                return "/".join(texts)

            return joined
        assert spec.sum is not None
        total = self._sum(spec.sum)

        def summed(row: Row) -> str | None:
            number = total(row)
            return None if number is None else format(number, "f")

        return summed

    def _looked_up(
        self, getter: Callable[[Row], str | None], spec: Value, otherwise: str | None
    ) -> Callable[[Row], str | None]:
        values = {keyed(text): result for text, result in spec.values.items()}
        patterns = [(re.compile(pattern), result) for pattern, result in spec.patterns.items()]
        described = _described(spec)
        remembered: dict[str, str] = {}

        def look_up(row: Row) -> str | None:
            text = getter(row)
            if text is None:
                return None
            result = values.get(text) or remembered.get(text)
            if result is not None:
                return result
            result = next((result for pattern, result in patterns if pattern.search(text)), otherwise)
            if result is None:
                raise RowError(
                    Reason.MISSING_MAPPING_VALUE,
                    f"the mapping has no value for what {described} says; add it to values or set otherwise",
                    text,
                )
            # Bounded, so that a field with a new text in every row cannot fill the memory.
            if len(remembered) < 10_000:
                remembered[text] = result
            return result

        return look_up

    def _choice(self, getter: Callable[[Row], str | None], target: Target, spec: Value) -> _Get:
        choices = frozenset(map(str, target.choices))
        described = _described(spec)

        def checked(row: Row) -> str | None:
            text = getter(row)
            if text is None or text in choices:
                return text
            lower = text.lower()
            if lower not in choices:
                raise RowError(
                    Reason.MISSING_MAPPING_VALUE,
                    f"{described} says none of {', '.join(target.choices)}; add what it says to values",
                    text,
                )
            return lower

        return checked

    def _whole(self, getter: Callable[[Row], str | None], spec: Value) -> _Get:
        described, times, mark = _described(spec), spec.times, self._decimal
        if spec.sum is not None or not spec.passes_through:
            mark = "."  # not the file's text any more but ours

        def whole(row: Row) -> int | None:
            text = getter(row)
            if text is None:
                return None
            number = _number(text, mark, described) * times
            if abs(number) > LARGEST_WHOLE or number != number.to_integral_value():
                raise RowError(Reason.INVALID_FIELD, f"{described} is not a whole number", text)
            return int(number)

        return whole

    def _sum(self, fields: tuple[str, ...]) -> Callable[[Row], Decimal | None]:
        getters_of_parts = [(self._text(field), f"field '{field}'") for field in fields]

        def total(row: Row) -> Decimal | None:
            numbers = [
                _number(text, self._decimal, described)
                for getter, described in getters_of_parts
                if (text := getter(row)) is not None
            ]
            return sum(numbers, Decimal(0)) if numbers else None

        return total

    def _test(self, test: Test) -> Callable[[Row], bool]:
        if test.alternative is not None:
            first = self._test(test.model_copy(update={"alternative": None}))
            second = self._test(test.alternative)
            return lambda row: first(row) or second(row)
        question_holds = self._question(test)
        if test.where is None:
            return question_holds
        condition = self._test(test.where)
        return lambda row: condition(row) and question_holds(row)

    def _question(self, test: Test) -> Callable[[Row], bool]:
        if test.at_least is not None:
            total = self._sum(test.sum or (test.field or "",))
            least = Decimal(str(test.at_least))

            def enough(row: Row) -> bool:
                number = total(row)
                return number is not None and number >= least

            return enough
        assert test.field is not None
        getter = self._text(test.field)
        if test.same_as is not None:
            other = self._text(test.same_as)
            return lambda row: (text := getter(row)) is not None and text == other(row)
        if (bound := test.before or test.after) is not None:
            return self._ordered(Moment(field=test.field), Moment(field=bound), test)
        if test.lasts_to is not None:
            end, first_text = self._day(Moment(field=test.field)), test.lasts_to.isoformat()
            return lambda row: (day := end(row)) is None or day >= first_text
        if test.present is not None:
            wanted = test.present
            return lambda row: (getter(row) is not None) == wanted
        texts = frozenset(map(keyed, test.texts or ()))
        return lambda row: getter(row) in texts

    def _ordered(self, moment: Moment, bound: Moment, test: Test) -> Callable[[Row], bool]:
        own_moment, other, shift = self._instant(moment), self._instant(bound), timedelta(minutes=test.plus_minutes)
        is_before = test.before is not None

        def ordered(row: Row) -> bool:
            time, limit = own_moment(row), other(row)
            if time is None or limit is None:
                return False
            return time < limit + shift if is_before else time > limit + shift

        return ordered

    def _instant(self, moment: Moment) -> Callable[[Row], datetime | None]:
        getter, read, zone = self._moment(moment, reader)
        described = _described(moment)
        shift = timedelta(days=moment.add_days)
        day = moment.not_before
        first_instant = None if day is None else datetime.combine(day, time.min, zone).astimezone(UTC)

        def instant(row: Row) -> datetime | None:
            text = getter(row)
            if text is None:
                return None
            try:
                instant = read(text)
                shifted = instant if not shift else _shifted(instant, shift, zone)
                return shifted if first_instant is None else max(shifted, first_instant)
            except AmbiguousTimeError as error:
                raise RowError(Reason.AMBIGUOUS_TIME, f"{described} {error}", text) from error
            except (ValueError, OverflowError) as error:
                raise RowError(Reason.INVALID_FIELD, f"{described} {error}", text) from error

        return instant

    def _day(self, moment: Moment) -> Callable[[Row], str | None]:
        getter, read, _ = self._moment(moment, day_reader)
        described = _described(moment)
        shift = timedelta(days=moment.add_days)
        first_date = moment.not_before

        def day(row: Row) -> str | None:
            text = getter(row)
            if text is None:
                return None
            try:
                shifted_day: date = read(text) + shift
            except (ValueError, OverflowError) as error:
                raise RowError(Reason.INVALID_FIELD, f"{described} {error}", text) from error
            return (shifted_day if first_date is None else max(shifted_day, first_date)).isoformat()

        return day

    def _moment(
        self, moment: Moment, make_reader: Callable[[Order, Sequence[str], ZoneInfo, Years], Callable[[str], _T]]
    ) -> tuple[Callable[[Row], str | None], Callable[[str], _T], ZoneInfo]:
        """What gets the text of a moment, what reads it as `make_reader` does, and the zone of texts without an
        offset."""
        dates = self._mapping.dates
        zone = ZoneInfo(moment.zone or dates.zone or self._mapping.timezone)
        if moment.constant is not None:
            day = moment.constant.isoformat()
            return lambda _row: day, make_reader("year-first", (), zone, "four"), zone
        formats = moment.formats if moment.formats is not None else () if moment.order else dates.formats
        read = make_reader(moment.order or dates.order, formats, zone, moment.years or dates.years)
        return self._first(moment.fields), read, zone


def describe(source: Source, row: Row) -> str:
    """Where a value came from in this row: "case:department = General", for a person."""
    fields = source.fields if isinstance(source, Value | Test | Moment) else ()
    read = ", ".join(f"{name} = {row[name]!r}" if name in row else f"{name} is absent" for name in fields)
    return read or _described(source)


def _described(source: Source) -> str:
    match source:
        case bool():
            return "the same for every row"
        case Value(constant=str()) | Moment(constant=date()):
            return "constant"
        case Value(file=str() as pattern):
            return f"file name ({pattern})"
        case _:
            return ("field " if len(source.fields) == 1 else "fields ") + ", ".join(map(repr, source.fields))


def _folded(getter: Callable[[Row], str | None], fold: Callable[[str], str]) -> Callable[[Row], str | None]:
    def folded(row: Row) -> str | None:
        text = getter(row)
        return None if text is None else fold(text)

    return folded


def _from_file_name(pattern: str, template: str, file_name: str) -> str | None:
    match = re.search(pattern, file_name)
    if match is None:
        return None

    def group(place: re.Match[str]) -> str:
        name = place[1]
        return match[int(name) if name.isdigit() else name] or ""

    return re.sub(r"\{([^{}]*)\}", group, template).strip() or None


def _number(text: str, mark: str, described: str) -> Decimal:
    if len(text) > _DIGITS:
        raise RowError(Reason.INVALID_FIELD, f"{described} is no number that counts anything", text)
    if text.isascii() and text.isdigit():
        return Decimal(text)
    plain = text.translate(_SPACES)
    if not _GROUPED[mark].fullmatch(plain):
        hint = '; if its comma is a decimal mark, declare it (table: {decimal: ","})' if "," in plain else ""
        raise RowError(Reason.INVALID_FIELD, f"{described} is no number{hint}", text)
    try:
        return Decimal(plain.replace(".", "").replace(",", ".") if mark == "," else plain)
    except InvalidOperation as error:
        raise RowError(Reason.INVALID_FIELD, f"{described} is no number", text) from error


def _shifted(moment: datetime, shift: timedelta, zone: ZoneInfo) -> datetime:
    # On the local calendar: the same time of day, whatever the clocks do in between.
    return (moment.astimezone(zone) + shift).astimezone(moment.tzinfo)
