"""Every number a detector uses, in one place; all of them are printed with the result."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """Settings of the lag detectors. The defaults are the ones the benchmark was run with."""

    # Gates: what must hold before a week of a unit is judged.
    minimum_group: int = 10
    group_entry: int = 12
    minimum_present: int = 8
    minimum_presence: float = 0.70
    entitlement_share: float = 0.20
    entitlement_people: int = 2
    settle_weeks: int = 4
    unit_change: float = 0.25
    quiet_weeks: tuple[int, ...] = (27, 28, 29, 30, 31, 32, 52, 53, 1)
    minimum_weekly_n: int = 10
    block_weeks: int = 4

    # L1, level against peers.
    level_start: int = 12
    level_weeks: int = 4
    level_margin: float = 0.10
    level_probability: float = 0.95
    level_hits: int = 3
    level_evaluations: int = 4
    level_diffuse: float = 0.20
    level_spread: float = 3.0
    level_apart: float = 0.50
    level_apart_close: float = 0.1
    level_close: float = 0.50
    mature_age: int = 52
    minimum_peers: int = 3

    # L2, relapse and drift against the unit's own earlier distance to its peers.
    smoothing: float = 0.2
    limit: float = 3.2
    limit_without_presence: float = 3.4
    limit_own: float = 3.3
    baseline_start: int = 8
    baseline_weeks: int = 13
    baseline_weeks_own: int = 20
    baseline_rise: float = 0.06
    baseline_latest: int = 40
    recent_smoothing: float = 0.3
    recent_weeks: int = 26
    recent_gap: int = 8
    relapse_margin: float = 0.08
    close_weeks: int = 3
    persistent_weeks: int = 26
    dispersion_floor: float = 0.3

    # L3, forecast against the plan.
    plan_off: float = 0.20
    plan_on: float = 0.80
    plan_start: int = 16
    plan_near: int = 4
    plan_memory: float = 0.97
    plan_width: float = 0.45

    # L5 and what may be believed at once.
    common_share: float = 0.20
    common_system_share: float = 0.30
    common_count: int = 5
    common_drop: float = 0.10
    common_sigma: float = 4.0
    common_weeks: int = 4
    false_discovery: float = 0.10
    cap_weeks: int = 4

    def as_dict(self) -> dict[str, object]:
        """All settings by name, ready for JSON."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}
