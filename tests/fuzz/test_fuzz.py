"""Some thousand mutated inputs of each kind in continuous integration; `make fuzz` tries ten times as many."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from nytta.ingest.store.private import PrivateStore
from tests.fuzz.__main__ import SHARES, surfaces
from tests.fuzz.run import DefectError, HangError, again, run

INPUTS = 20_000
SEED = 16
PARTS = {"bodies": 20, "files": 20, "messages": 54, "mappings": 4, "registry": 2}
"""Of a hundred inputs: what is read quickly is tried more often than by `make fuzz`."""


@pytest.fixture
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARES)
@pytest.mark.usefixtures("_quiet")
def test_no_input_is_a_fault_or_a_hang(name: str, new_store: Callable[[], PrivateStore], tmp_path: Path) -> None:
    outcome = run(surfaces(new_store(), tmp_path)[name](), SEED, INPUTS * PARTS[name] // 100)
    print(outcome)
    assert not outcome.found, outcome.found[
        0
    ]  # memory is judged by `make fuzz`: so few inputs tell a leak from no peak


class Broken:
    """A surface on which inputs that are divisible fail, and one takes for ever."""

    name = "broken"
    together = 4

    def make(self, chance: Random, number: int) -> int:
        return chance.randrange(1000)

    def attempt(self, inputs: Sequence[int]) -> Iterator[str]:
        for given in inputs:
            if given % 10 == 0:
                raise ZeroDivisionError(given)
            yield "good"

    def finish(self) -> None:
        raise DefectError("the end is no good")

    def close(self) -> None:
        self.closed = True


def test_a_defect_is_found_alone_and_again() -> None:
    surface = Broken()
    outcome = run(surface, 1, 100)
    assert surface.closed
    assert 5 <= len(outcome.found) < 9
    for found in outcome.found:
        given, alone = again(surface, 1, found.number)
        assert given % 10 == 0
        assert alone == [found]
        assert f"--surface broken --seed 1 --number {found.number}" in str(found)


def test_the_end_is_checked_where_nothing_else_was_found() -> None:
    with pytest.raises(DefectError, match="the end"):
        run(Broken(), 1, 1)


def test_what_takes_too_long_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.run.CPU_SECONDS", 0.2)
    surface = Broken()
    surface.together = 1

    def attempt(inputs: list[int]) -> Iterator[str]:
        while True:
            try:
                sum(range(1000))
            except Exception:
                continue

    monkeypatch.setattr(surface, "attempt", attempt)
    (found,) = run(surface, 1, 5, most=1).found
    assert HangError.__name__ in found.told
