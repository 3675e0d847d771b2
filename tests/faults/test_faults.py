"""Each fault once and ten randomised kills, with a seed that rotates and is printed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.faults.scenarios import FAULTS, Outcome, any_killed, run
from tests.support.broker import Broker
from tests.support.installation import Installation, installation

pytestmark = pytest.mark.timeout(1800)

SEED = int(time.time())
KILLS = "10-kills"


@pytest.fixture(scope="module")
def place(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("faults"), broker, workers=2, units=10) as started:
        yield started


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_double_nothing(place: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    expect(run(place, KILLS, any_killed(10), seed=SEED, events=10_000), capsys)


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_every_acknowledged_event_is_there_once(
    place: Installation, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expect(run(place, fault, FAULTS[fault], seed=SEED, events=3000), capsys)


def expect(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    """Show the outcome with its seed in any case, and expect nothing lost, doubled or wrong."""
    with capsys.disabled():
        print(f"\n{outcome}")
    assert (outcome.lost, outcome.doubled, outcome.equal) == (0, 0, True), outcome
    assert outcome.stored >= outcome.acknowledged > 2000
