"""What would show a figure has words for every reason."""

from __future__ import annotations

from nytta.disclosure.published.reach import REMEDIES
from nytta.disclosure.rules import Reason


def test_every_reason_says_what_would_show_the_figure() -> None:
    assert set(REMEDIES) == set(Reason)
    assert all(sentence and not sentence.endswith(".") for sentence in REMEDIES.values())
