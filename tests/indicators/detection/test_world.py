"""The detector on one world of the benchmark: the goals are kept from being lost between benchmarks."""

from tests.bench.detection import Ours, score
from tests.bench.worlds import Settings, make


def test_one_world_of_the_benchmark() -> None:
    ours = Ours()
    found = score(world := make(101, Settings(units=250)), ours(world))
    assert found.false <= 0.10
    assert min(found.found.values()) >= 0.85
    assert found.delay["relapse"] <= 6
    assert found.delay["drift"] <= 17
    assert found.quiet == 0
    assert found.outage == 0
    assert ours.operations == [1]
