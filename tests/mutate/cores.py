"""The pure cores whose tests are tried with faults, and how many faults may go unnoticed, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Core:
    """A file below `services/nytta`, the tests that are its own, and the unnoticed faults that are explained."""

    file: str
    tests: list[str]
    explained: int


NOTHING: Final = [r"np\.asarray\(", r"np\.errstate\(", r"raise \w+Error\(", r"assert_never\(", r"case _:"]
"""Lines in which no fault is put: what stands there are types, warnings, wordings and what cannot be reached."""

CORES: Final[Mapping[str, Core]] = {
    "funnels": Core("statistics/funnels.py", ["tests/statistics/test_funnels.py"], 0),
    "gate": Core("disclosure/gate.py", ["tests/disclosure/test_gate.py"], 0),
    "perturbation": Core("disclosure/perturbation.py", ["tests/disclosure/test_perturbation.py"], 0),
    "lifecycle": Core("insight/alerts/lifecycle.py", ["tests/insight/alerts/test_lifecycle.py"], 0),
    "registry": Core("registry/registry.py", ["tests/registry/test_registry.py", "tests/registry/test_rules.py"], 0),
}
