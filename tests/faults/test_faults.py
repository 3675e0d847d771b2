"""Each fault once and ten randomised kills, with a seed that rotates and is printed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.faults.scenarios import FAULTS, any_killed, run
from tests.support.broker import Broker
from tests.support.installation import Installation, installation

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

SEED = int(time.time())
ALL = FAULTS | {"10-kills": any_killed(10)}


@pytest.fixture(scope="module")
def place(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(tmp_path_factory.mktemp("faults"), broker, workers=2, units=10) as started:
        yield started


@pytest.mark.parametrize("fault", ALL)
def test_every_acknowledged_event_is_there_once(place: Installation, fault: str) -> None:
    outcome = run(place, fault, ALL[fault], seed=SEED, events=10_000 if "kills" in fault else 3000)
    print(outcome)
    assert (outcome.lost, outcome.doubled, outcome.equal) == (0, 0, True), outcome
    assert outcome.stored >= outcome.acknowledged > 2000
