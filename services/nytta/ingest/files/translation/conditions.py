"""Questions that a mapping asks of a row, answered yes or no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from nytta.ingest.files.rows import Row
from nytta.ingest.files.specs import Moment, Test
from nytta.ingest.files.translation.moments import Moments
from nytta.ingest.files.translation.numbers import total_of
from nytta.ingest.files.translation.texts import Texts
from nytta.registry.texts import keyed

Condition = Callable[[Row], bool]


class Conditions:
    """What answers questions of rows."""

    def __init__(self, texts: Texts, moments: Moments, decimal: str) -> None:
        self._texts = texts
        self._moments = moments
        self._decimal = decimal

    def condition(self, test: Test) -> Condition:
        """A question with those that it depends on."""
        if test.alternative is not None:
            # what stands beside the alternative belongs to the first question alone
            first = self.condition(test.model_copy(update={"alternative": None}))
            second = self.condition(test.alternative)
            return lambda row: first(row) or second(row)
        question = self._question(test)
        if test.where is None:
            return question
        prerequisite = self.condition(test.where)
        return lambda row: prerequisite(row) and question(row)

    def _question(self, test: Test) -> Condition:
        """The one question that a test asks, which its model checks."""
        if test.at_least is not None:
            return self._enough(test.sum or (test.field or "",), test.at_least)
        assert test.field is not None
        getter = self._texts.of_field(test.field)
        if test.same_as is not None:
            other = self._texts.of_field(test.same_as)
            return lambda row: (text := getter(row)) is not None and text == other(row)
        if (bound := test.before or test.after) is not None:
            return self._ordered(test, test.field, bound)
        if test.lasts_to is not None:
            end, required_end = (
                self._moments.day(Moment(field=test.field)),
                test.lasts_to.isoformat(),
            )
            return lambda row: (day := end(row)) is None or day >= required_end
        if test.present is not None:
            required = test.present
            return lambda row: (getter(row) is not None) == required
        if test.other_texts is not None:
            other_texts = frozenset(map(keyed, test.other_texts))
            return lambda row: getter(row) not in other_texts
        texts = frozenset(map(keyed, test.texts or ()))
        return lambda row: getter(row) in texts

    def _enough(self, fields: tuple[str, ...], at_least: float) -> Condition:
        total = total_of(fields, self._texts, self._decimal)
        # by its text: the number as it is written in the mapping, not the nearest binary one
        least = Decimal(str(at_least))

        def enough(row: Row) -> bool:
            number = total(row)
            return number is not None and number >= least

        return enough

    def _ordered(self, test: Test, field: str, bound: str) -> Condition:
        instant = self._moments.instant(Moment(field=field))
        limit = self._moments.instant(Moment(field=bound))
        shift = timedelta(minutes=test.plus_minutes)
        is_before = test.before is not None

        def ordered(row: Row) -> bool:
            time, limit_time = instant(row), limit(row)
            if time is None or limit_time is None:
                return False
            return time < limit_time + shift if is_before else time > limit_time + shift

        return ordered
