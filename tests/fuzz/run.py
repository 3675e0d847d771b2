"""Tries inputs that chance made, one surface of the product after the other, and tells what went wrong.

Input `number` of a surface comes from the seed and its number alone, so both make the same input again.
"""

from __future__ import annotations

import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from resource import getpagesize
from typing import Any, Protocol

CPU_SECONDS = 10.0
"""Of the processor, for one input: beyond, it is a hang."""
GROWTH = 150 << 20
"""Bytes by which the memory in use may grow after the warm-up: what is kept on purpose fills up slowly."""
_WARM = 0.2
"""The part of the inputs after which the memory in use is looked at for the first time."""


class HangError(BaseException):
    """An input took too long. No handler of the product may catch it."""


class DefectError(AssertionError):
    """What came of an input is not what may come of any."""


class Surface(Protocol):
    """A way by which what others wrote comes in."""

    name: str
    together: int
    """Inputs that are tried at once."""

    def make(self, chance: Random, number: int) -> Any:
        """An input."""

    def attempt(self, inputs: Sequence[Any]) -> Iterable[str]:
        """Try inputs; what became of each, in a word. Anything that it raises is a defect."""

    def finish(self) -> None:
        """Check what can only be told at the end."""

    def close(self) -> None:
        """Release what the surface holds."""


@dataclass(frozen=True, slots=True)
class Found:
    """A defect, and how to see it again."""

    surface: str
    seed: int
    number: int
    told: str

    def __str__(self) -> str:
        again = f"python -m tests.fuzz --surface {self.surface} --seed {self.seed} --number {self.number}"
        return f"{self.surface} {self.number}: {self.told.strip()}\nagain: {again}"


@dataclass(slots=True)
class Outcome:
    """What became of the inputs of one surface. Memory is in bytes, at the start, after the warm-up, at the end."""

    surface: str
    seed: int
    inputs: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    slowest: float = 0.0
    """Seconds of CPU for one input."""
    words: Counter[str] = field(default_factory=Counter)
    memory: tuple[int, int, int] = (0, 0, 0)
    found: list[Found] = field(default_factory=list)

    @property
    def grew(self) -> int:
        """Bytes since the warm-up."""
        return self.memory[2] - self.memory[1]

    def __str__(self) -> str:
        used = " → ".join(f"{size / (1 << 20):.0f}" for size in self.memory)
        words = ", ".join(f"{count} {word}" for word, count in self.words.most_common())
        return (
            f"{self.surface:9} {self.inputs:>7} inputs, seed {self.seed}, {self.seconds:.0f} s, "
            f"{self.cpu:.0f} s of CPU (slowest {self.slowest:.1f}), memory {used} MiB, {len(self.found)} defects\n"
            f"          {words}"
        )


def run(surface: Surface, seed: int, count: int, most: int = 5) -> Outcome:
    """Try `count` inputs and close the surface; ends early after `most` defects."""
    with closing(surface):
        return _run(surface, seed, count, most)


def _run(surface: Surface, seed: int, count: int, most: int) -> Outcome:
    outcome = Outcome(surface.name, seed)
    started, worked = time.monotonic(), time.process_time()
    first = warm = memory()
    for begin in range(0, count, surface.together):
        numbers = range(begin, min(begin + surface.together, count))
        before = time.process_time()
        outcome.found += _tried(surface, seed, numbers, outcome.words)
        outcome.slowest = max(outcome.slowest, (time.process_time() - before) / len(numbers))
        outcome.inputs += len(numbers)
        if begin <= count * _WARM:
            warm = memory()
        if len(outcome.found) >= most:
            break
    outcome.memory = (first, warm, memory())
    if not outcome.found:
        surface.finish()
    outcome.seconds, outcome.cpu = time.monotonic() - started, time.process_time() - worked
    return outcome


def again(surface: Surface, seed: int, number: int) -> tuple[Any, list[Found]]:
    """One input, made and tried again by itself."""
    with closing(surface):
        given = surface.make(_chance(surface, seed, number), number)
        return given, _tried(surface, seed, range(number, number + 1), Counter())


def memory() -> int:
    """Bytes of memory in use by this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * getpagesize()


def _tried(surface: Surface, seed: int, numbers: range, words: Counter[str]) -> list[Found]:
    inputs = [surface.make(_chance(surface, seed, number), number) for number in numbers]
    try:
        with _bounded(CPU_SECONDS * (1 if len(numbers) == 1 else 3)):
            words.update(surface.attempt(inputs))
    except (Exception, HangError) as error:
        if len(numbers) == 1:
            return [Found(surface.name, seed, numbers[0], _told(error))]
        alone = [found for number in numbers for found in _tried(surface, seed, range(number, number + 1), words)]
        return alone or [Found(surface.name, seed, numbers[0], f"together with {len(numbers)}: {_told(error)}")]
    return []


def _chance(surface: Surface, seed: int, number: int) -> Random:
    return Random(f"{seed} {surface.name} {number}")


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, chain=error.__cause__ is not None)[-6:])[-3000:]


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Ends what takes more than so many seconds of this process's CPU, whatever else the machine does."""

    def late(*_: object) -> None:
        raise HangError(f"more than {seconds:.0f} seconds of CPU")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
