"""Patterns of sources meet exactly when some text fits both."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from nytta.registry.codes import patterns_meet

PATTERNS = st.text(alphabet="ab*", max_size=4)
TEXTS = ["".join(letters) for n in range(7) for letters in product("ab", repeat=n)]


def fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern.replace("*", ".*"), text) is not None


@given(PATTERNS, PATTERNS)
def test_patterns_meet_where_a_text_fits_both(one: str, other: str) -> None:
    """Texts of six letters are enough for patterns of four signs."""
    both = any(fits(one, text) and fits(other, text) for text in TEXTS)
    assert patterns_meet(one, other) == both
    assert patterns_meet(other, one) == both
