"""The models' rules for texts, asked of many texts at once."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from nytta.ingest.events.strings import plain

Rule = Callable[[str], str | None]
"""What a text is kept as, None for nothing. Raises ValidationError where it is refused."""


class _NotListed(Exception):
    """The text is none of the choices."""


def unchanged(field_texts: pa.StringArray, rule: Rule) -> NDArray[np.bool_]:
    """Where the rule leaves a text as it is, or there is none."""
    # plain texts pass every rule, so that only the few others are looked at one by one
    unusual = ~plain(field_texts)
    if field_texts.null_count:
        unusual &= field_texts.is_valid().to_numpy(zero_copy_only=False)
    are_unchanged = np.ones(len(field_texts), np.bool_)
    for row in np.flatnonzero(unusual):
        text = field_texts[row].as_py()
        are_unchanged[row] = kept_as(rule, text) == text
    return are_unchanged


def one_of(choices: tuple[str, ...]) -> Rule:
    """The rule of a closed list: what is not in it is left to the models, as a blank would be refused by them."""

    def rule(field_text: str) -> str | None:
        if field_text not in choices:
            raise _NotListed
        return field_text

    return rule


def kept_as(rule: Rule, field_text: str) -> str | None:
    """What a text is kept as, empty where it says nothing; None where the rule refuses it."""
    try:
        return rule(field_text) or ""
    except (ValidationError, _NotListed):
        return None
