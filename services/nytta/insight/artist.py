"""A process that draws: charts in, pictures out, until nobody has asked for a while. `pictures` starts it as a script.

A question is four bytes of length and JSON with `format` (svg, png), `spec` and, of a PNG, `scale`. An answer is one
byte (`+` a picture, `-` why there is none), four bytes of length, the bytes.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import Any, Final

import vl_convert

PATIENCE: Final = 60.0
"""Seconds without a question after which the process ends, and its memory with it."""


def _answer(question: dict[str, Any]) -> bytes:
    if question["format"] == "png":
        return bytes(vl_convert.vegalite_to_png(question["spec"], scale=question["scale"]))
    return str(vl_convert.vegalite_to_svg(question["spec"])).encode()


def main() -> None:
    """Answer what comes on standard input."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    # whoever asks waits for the answer before asking again: nothing is ever left in the buffer
    while select.select([questions], [], [], PATIENCE)[0]:
        size_bytes = questions.read(4)
        if not size_bytes:
            return
        outcome_sign, answer_body = b"+", b""
        try:
            answer_body = _answer(json.loads(questions.read(int.from_bytes(size_bytes, "big"))))
        except ValueError as error:
            outcome_sign, answer_body = b"-", str(error).encode()
        try:
            answers.write(outcome_sign + len(answer_body).to_bytes(4, "big") + answer_body)
            answers.flush()
        except BrokenPipeError:  # whoever asked was killed
            # what is left in the buffer goes nowhere, or the interpreter's end would fail of it once more
            os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())
            return


if __name__ == "__main__":
    main()
