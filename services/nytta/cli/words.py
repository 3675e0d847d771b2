"""What the guided way says in the languages of its readers, and which of them a reader has."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final

import yaml

_SPOKEN: Final = {"sv": "sv", "nb": "nb", "no": "nb", "nn": "nb", "da": "nb"}
"""What the languages of a terminal are answered in; all others in English."""


def say(key: str, language: str, /, **filled: object) -> str:
    """The words of `key` in a language (sv, nb, en), with their gaps filled. `KeyError` where there are none."""
    return _words()[key][language].format(**filled)


def language_of_terminal() -> str:
    """The language that the environment asks for, as terminals name it (`sv_SE.UTF-8`): sv, nb or en."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    wanted = next((value for name in names if (value := os.environ.get(name))), "")
    return _SPOKEN.get(wanted.lower()[:2], "en")


@cache
def _words() -> dict[str, dict[str, str]]:
    document: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("words.yaml").read_text("utf-8")
    )
    return document
