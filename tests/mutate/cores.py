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
    # Limits are clipped to 0 and 1 on both sides, and each can leave on one only (12); a share of 0 clips nothing (2);
    # an excess of 0 is no variance either way (1); any word but `root` means exact limits (2); what lies below a count
    # of 0 is clipped to 0 again (2); a quantile always has a mass (3).
    "funnels": Core("statistics/funnels.py", ["tests/statistics/test_funnels.py"], 21),
    # An encoding has two names (1); a wider bracket and a default tolerance find the same root (2); no key lies exactly
    # at the end of a probability (1); a curvature of the other sign is found between bounds that are alike (1).
    "perturbation": Core("disclosure/perturbation.py", ["tests/disclosure/test_perturbation.py"], 5),
    # What is no class with noise has none (1); whole numbers divide like others (4); sets of equal keys are one (1);
    # below one of ten the noise reaches 0 anyway, and above all of them lies 100 (2); medians have no interval to widen
    # (1); no end of a widened interval lies on a step (1); arguments as they are by default, or within bounds (4).
    "gate": Core("disclosure/gate.py", ["tests/disclosure/test_gate.py"], 14),
    # The kind that is watched is named again by what supports it (1); a reorganisation has no rival among causes (1).
    "lifecycle": Core("insight/alerts/lifecycle.py", ["tests/insight/alerts/test_lifecycle.py"], 2),
    # No case type has a name that stands for none of them (1); a tree that is not kept is made anew, the same (4).
    "registry": Core("registry/registry.py", ["tests/registry/test_registry.py", "tests/registry/test_rules.py"], 5),
}
