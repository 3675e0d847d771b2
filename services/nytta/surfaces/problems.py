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
_IN_FILE: Final = re.compile(
    r"(?P<place>[^:;']+\.[A-Za-z]{2,8}(?:, [^:;]+)?): (?P<detail>.+)", re.DOTALL
)
"""A derived event, or a file and a place in it, before what is wrong."""
_SHOWN: Final = re.compile(r"(?P<detail>.+) \(here: (?P<cell>.*)\)", re.DOTALL)
"""What the cell says, behind what is wrong with it."""
_HERE: Final = {"sv": "här", "nb": "her"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in all languages, and the pattern by which its English form is recognised."""

    pattern: re.Pattern[str]
    length: int
    """Signs of its own, without what fills its gaps."""
    words: dict[str, str]


def in_language(sentence_text: str, language: str) -> str:
    """The sentence, or the sentences that a semicolon parts, in `language`; as it is where it is not known."""
    return (
        sentence_text
        if language == "en"
        else _translated(sentence_text, language, _DEPTH) or sentence_text
    )


def _translated(sentence_text: str, language: str, depth: int) -> str:
    """The sentence in another language; "" where it is not known."""
    # gaps hold sentences that hold others: a text from outside must not lead on for ever
    if depth == 0:
        return ""
    if sentence := _known_sentence(sentence_text, language, depth):
        return sentence
    if _SHOWN.fullmatch(sentence_text):
        return _with_cell(sentence_text, language, depth)
    return _with_place(sentence_text, language, depth) or _several(sentence_text, language, depth)


def _known_sentence(sentence_text: str, language: str, depth: int) -> str:
    for sentence in _sentences():
        matched = sentence.pattern.fullmatch(sentence_text)
        if matched:
            gaps = {
                gap: _translated(filling, language, depth - 1) or filling
                if gap in _SENTENCES
                else filling
                for gap, filling in matched.groupdict().items()
            }
            return sentence.words[language].format(**gaps)
    return ""


def _with_cell(sentence_text: str, language: str, depth: int) -> str:
    """A sentence with what the cell says behind it."""
    matched = _SHOWN.fullmatch(sentence_text)
    detail = _translated(matched["detail"], language, depth) if matched else ""
    return f"{detail} ({_HERE[language]}: {matched['cell']})" if matched and detail else ""


def _with_place(sentence_text: str, language: str, depth: int) -> str:
    """A sentence with the place of what is wrong before it."""
    for pattern in (_DERIVED, _IN_FILE):
        matched = pattern.fullmatch(sentence_text)
        detail = _translated(matched["detail"], language, depth - 1) if matched else ""
        if matched and detail:
            return f"{matched['place']}: {detail}"
    return ""


def _several(sentence_text: str, language: str, depth: int) -> str:
    """Several sentences; a semicolon may also stand within the first."""
    parts = sentence_text.split("; ")
    for number in range(1, len(parts)):
        head, tail = "; ".join(parts[:number]), "; ".join(parts[number:])
        translated_head = _translated(head, language, depth - 1)
        translated_tail = _translated(tail, language, depth) if translated_head else ""
        if translated_tail:
            return f"{translated_head}; {translated_tail}"
    return ""


@cache
def _sentences() -> tuple[Sentence, ...]:
    listed = yaml.safe_load(Path(__file__).with_name("problems.yaml").read_text("utf-8"))
    sentences = [_sentence(words) for words in listed]
    return tuple(sorted(sentences, key=lambda sentence: -sentence.length))


def _sentence(words: dict[str, str]) -> Sentence:
    pattern, length = "", 0
    for literal, gap, _, _ in Formatter().parse(words["en"]):
        # no gap holds a part of another sentence
        filling = ".+?" if gap in _LONG else "(?:(?![;:] ).)+?"
        pattern += re.escape(literal) + (f"(?P<{gap}>{filling})" if gap else "")
        length += len(literal)
    return Sentence(re.compile(pattern, re.DOTALL), length, words)
