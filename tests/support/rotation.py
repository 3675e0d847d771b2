"""What `make slow` does a part of in each run, drawn by a seed that is printed; `make soak` does all of it."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

VARIABLE = "NYTTA_SEED"
T = TypeVar("T")


def seed() -> int:
    """The seed of this run, the same in all its workers: that of the environment, or one drawn and set there."""
    return int(os.environ.setdefault(VARIABLE, str(random.SystemRandom().randrange(1 << 32))))


def chance(name: str) -> random.Random:
    """What a test draws from; `name` is the test's own."""
    return random.Random(f"{seed()} {name}")


def drawn(name: str, values: Sequence[T], number: int = 1) -> list[T]:
    """So many of the values, in their order."""
    places = sorted(chance(name).sample(range(len(values)), number))
    return [values[place] for place in places]
