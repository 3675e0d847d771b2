"""In which encoding a file is written: by its mark, as declared, or as its letters tell."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream

_SINGLE: Final = ("cp1252", "cp850", "mac_roman")
"""Encodings of one byte a letter that Nordic programs write, the likeliest first."""
_LETTERS: Final = re.compile(
    r"[A-Za-zåäöæø][åäöæøéü](?=[a-zåäöæø])|\b[ÅÄÖØåø](?=[a-zåäöæø])|[a-zåäöæø]å\b"
)
"""Letters where no quotation mark or dash of another encoding would stand."""
_PIECE: Final = 1 << 20


def encoding_of(sample: bytes, declared: str | None = None) -> tuple[str, bool]:
    """The encoding's name, and whether it is a guess. `sample` is the beginning of the file.

    A mark comes before what is declared. Without either it is UTF-16 by its zeros, else UTF-8 where the sample is, else
    the encoding of one byte a letter under which most Nordic letters stand among others.
    """
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", False
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", False
    if declared is not None:
        return declared, False
    if sample[1:2] == b"\0" and sample[:1] != b"\0":
        return "utf-16-le", True
    if sample[:1] == b"\0" and sample[1:2] != b"\0":
        return "utf-16-be", True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        preceding = error.object[: error.start].decode("utf-8")
        return ("utf-8" if _is_damaged_utf8(sample, preceding) else _single(sample)), True
    return "utf-8", True


def _is_damaged_utf8(sample: bytes, preceding: str) -> bool:
    """Whether a sample is UTF-8 with damaged places: good sequences of several bytes are no accident.

    Two of them before the first bad one are enough, else more than there are bad ones in all.
    """
    if sum(not character.isascii() for character in preceding) > 1:
        return True
    signs = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    bad = signs.count("\ufffd")
    return sum(not sign.isascii() for sign in signs) - bad > bad


def _single(sample: bytes) -> str:
    return max(
        _SINGLE, key=lambda encoding: len(_LETTERS.findall(sample.decode(encoding, "replace")))
    )


def in_utf8(stream: Stream, sample: bytes) -> Iterator[bytes]:
    """The pieces of a stream in UTF-8 without a mark; `sample` was read from it already.

    Bytes of a file that is UTF-8 come as they are, good or not. `InputError` where another encoding cannot be read.
    """
    encoding, _ = encoding_of(sample)
    if encoding not in ("utf-16", "utf-16-le", "utf-16-be"):
        yield sample.removeprefix(codecs.BOM_UTF8)
        while chunk := stream.read(_PIECE):
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    chunk = sample
    try:
        while chunk:
            yield decoder.decode(chunk).encode()
            chunk = stream.read(_PIECE)
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise InputError(
            stream.name, "", f"the text is not {encoding} ({error}); save the file as UTF-8"
        ) from error
