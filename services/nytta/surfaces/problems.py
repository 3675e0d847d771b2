"""What is wrong with a row or a list, in the reader's language.

Sentences are said once, in English, where they are found out, and rejects keep them so. Here each is known by its
words, and said with the same gaps in Swedish or Norwegian; one that is not known stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Final

import yaml

_SENTENCES: Final = ("what", "rest", "orders", "order", "first", "second")
"""Gaps that hold words which are said in the reader's language too."""
_LONG: Final = ("rest", "problem")
_DEPTH: Final = 4
_DERIVED: Final = re.compile(r"(?P<place>[a-z][a-z_]*): (?P<detail>.+)", re.DOTALL)
_IN_FILE: Final = re.compile(r"(?P<place>[^:;']+\.[A-Za-z]{2,8}(?:, [^:;]+)?): (?P<detail>.+)", re.DOTALL)
"""A derived event, or a file and a place in it, before what is wrong."""
_SHOWN: Final = re.compile(r"(?P<detail>.+) \(here: (?P<cell>.*)\)", re.DOTALL)
"""What the cell says, behind what is wrong with it."""
_HERE: Final = {"sv": "här", "nb": "her"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it is known, and as it is said."""

    known: re.Pattern[str]
    length: int
    """Signs of its own, without what fills its gaps."""
    words: dict[str, str]


def in_language(text: str, language: str) -> str:
    """The sentence, or the sentences that a semicolon parts, in `language`; as it is where it is not known."""
    return text if language == "en" else _said(text, language, _DEPTH) or text


def _said(text: str, language: str, depth: int) -> str:
    """The sentence in another language; "" where it is not known."""
    if depth == 0:
        return ""
    for sentence in _sentences():
        if matched := sentence.known.fullmatch(text):
            filled = {
                name: (_said(part, language, depth - 1) or part) if name in _SENTENCES else part
                for name, part in matched.groupdict().items()
            }
            return sentence.words[language].format(**filled)
    if shown := _SHOWN.fullmatch(text):
        detail = _said(shown["detail"], language, depth)
        return f"{detail} ({_HERE[language]}: {shown['cell']})" if detail else ""
    for placed in (_DERIVED, _IN_FILE):
        if (matched := placed.fullmatch(text)) and (detail := _said(matched["detail"], language, depth - 1)):
            return f"{matched['place']}: {detail}"
    first, separator, rest = text.partition("; ")
    while separator:
        if (said := _said(first, language, depth - 1)) and (others := _said(rest, language, depth)):
            return f"{said}; {others}"
        more, separator, rest = rest.partition("; ")
        first = f"{first}; {more}"
    return ""


@cache
def _sentences() -> tuple[Sentence, ...]:
    listed = yaml.safe_load(Path(__file__).with_name("problems.yaml").read_text("utf-8"))
    sentences = [_sentence(words) for words in listed]
    return tuple(sorted(sentences, key=lambda sentence: -sentence.length))


def _sentence(words: dict[str, str]) -> Sentence:
    pattern, length = "", 0
    for literal, gap, _, _ in Formatter().parse(words["en"]):
        filling = ".+?" if gap in _LONG else "(?:(?![;:] ).)+?"  # no gap holds a part of another sentence
        pattern += re.escape(literal) + (f"(?P<{gap}>{filling})" if gap else "")
        length += len(literal)
    return Sentence(re.compile(pattern, re.DOTALL), length, words)
