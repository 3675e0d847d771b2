"""Words: the same gaps in three languages, nothing missing, nothing left over."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

import nytta.surfaces.console
from nytta.disclosure.rules import Reason as Hidden
from nytta.indicators.detection.gates import Reason as Unjudged
from nytta.ingest.events.reasons import Reason
from nytta.insight.alerts.model import InvalidReason, SnoozeReason, State
from nytta.registry.roles import Permission, Role
from nytta.surfaces.console.words import LANGUAGES, negotiated, words

FOLDER = Path(nytta.surfaces.console.__file__).parent
SOURCE = "\n".join(
    p.read_text("utf-8") for p in sorted(FOLDER.rglob("*")) if p.suffix in (".py", ".html") and p.is_file()
)


def test_every_word_is_there_in_each_language_with_the_same_gaps() -> None:
    for key, each in words().items():
        assert set(each) == set(LANGUAGES), key
        gaps = [{name for _, name, _, _ in Formatter().parse(each[code]) if name} for code in LANGUAGES]
        assert gaps[0] == gaps[1] == gaps[2], key
        assert all(text.strip() for text in each.values()), key


def test_every_word_that_is_said_is_known() -> None:
    said = set(re.findall(r'(?<!report_words\.)\b(?:say|t)\("([a-z0-9_]+)"', SOURCE)) | {
        f"error_{k}{end}" for k in re.findall(r'(?:Refused|KeptForm)\(\d+, "([a-z_]+)"', SOURCE) for end in ("", "_do")
    }
    assert {key for key in said if not key.endswith("_")} - set(words()) == set()


def test_every_word_that_is_known_is_said() -> None:
    made = (
        re.findall(r'f"([a-z]+_)\{', SOURCE)
        + re.findall(r'"([a-z_]+_)" ~', SOURCE)
        + ["error_", "sign_", "nav_", "unjudged_", "status_"]
    )
    spoken = set(re.findall(r'"([a-z0-9_]+)"', SOURCE))
    left = {key for key in words() if key.removesuffix("_one") not in spoken and not key.startswith(tuple(made))}
    assert left == set()


def test_no_word_is_given_twice() -> None:
    """The second would silently replace the first."""
    text = (Path(nytta.surfaces.console.__file__).parent / "words.yaml").read_text()
    keys = re.findall(r"^([a-z0-9_]+):", text, re.MULTILINE)
    assert [key for key, number in Counter(keys).items() if number > 1] == []


def test_closed_lists_have_words() -> None:
    lists = {
        "reject": Reason,
        "reason": Hidden,
        "unjudged": Unjudged,
        "snooze": SnoozeReason,
        "invalid": InvalidReason,
        "role": Role,
        "what": Permission,
    }
    for prefix, members in lists.items():
        for member in members:
            assert f"{prefix}_{member.value}" in words()
    assert all(f"state_{s.value}" in words() for s in State if s is not State.OK)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "sv"),
        ("en", "en"),
        ("nn-NO,en;q=0.5", "nb"),
        ("no", "nb"),
        ("de, en;q=0.3, sv;q=0.9", "sv"),
        ("de", "sv"),
        ("en;q=0", "sv"),
        ("en;q=x, nb", "nb"),
        (";;,,", "sv"),
    ],
)
def test_the_language_that_is_asked_for(asked: str, given: str) -> None:
    assert negotiated(asked) == given
