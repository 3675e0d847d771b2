"""Which indicators what came in can support, and what is missing for the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nytta.indicators.definition import Definition

Evidence = Mapping[str, float]
"""What a source gives: a type of event, its family, or a field of either ("case.step:mode"), with the share of the
events that have it, 0 to 1; what the registry says ("registry:intended") with 1."""

_REGISTRY = {
    "registry:intended": "steps that mean intended use in the registry",
    "registry:route": "steps with a digital route in the registry",
    "registry:workplaces": "planned workplaces in the registry",
}


@dataclass(frozen=True, slots=True)
class Support:
    """Whether an indicator has what it needs; `missing` says in words what is not there."""

    indicator: str
    missing: tuple[str, ...]


def support(definition: Definition, evidence: Evidence) -> Support:
    """What the indicator lacks in the evidence; a share that must be known must be there that often."""
    missing: dict[str, None] = {}
    needs = [need for side in definition.reads for need in side.needs]
    if definition.tells_of_access:
        needs.append(("people.eligibility:access",))
    for alternatives in dict.fromkeys(needs):
        strength = max(evidence.get(alternative, 0.0) for alternative in alternatives)
        least = definition.known if any(":" in alternative for alternative in alternatives) else 0.0
        families = {_family(alternative) for alternative in alternatives}
        if strength <= 0 and not families & evidence.keys():
            missing[" or ".join(sorted(map(_named, families)))] = None
        elif strength <= 0:
            missing[" or ".join(_named(alternative) for alternative in alternatives)] = None
        elif strength < least:
            missing[f"{_named(alternatives[0])} on more than {strength:.0%}"] = None
    # what is missing by itself need not be named again as one of two ways
    named = [need for need in missing if " or " not in need or not set(need.split(" or ")) & missing.keys()]
    return Support(definition.id, tuple(named))


def _family(need: str) -> str:
    """What of a need says most when all of it is missing: the family of its events."""
    family = need.partition(":")[0].partition(".")[0]
    return need if need in _REGISTRY or family == "change" else family


def _named(need: str) -> str:
    if need in _REGISTRY:
        return _REGISTRY[need]
    subject, _, part = need.partition(":")
    return f"{part} of {subject}" if part else f"{subject}.*" if "." not in subject else subject
