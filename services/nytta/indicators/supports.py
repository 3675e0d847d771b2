"""Which indicators what came in can support, and what is missing for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    needs = dict.fromkeys(needed_field for side in definition.reads for needed_field in side.needs)
    if definition.tells_of_access:
        needs[("people.eligibility:access",)] = None
    lacking_fields = dict.fromkeys(
        _lack(alternatives, definition.known, evidence) for alternatives in needs
    )
    missing = [lacking_field for lacking_field in lacking_fields if lacking_field]
    # what is missing by itself need not be named again as one of two ways
    repeated = {
        lacking_field
        for lacking_field in missing
        if " or " in lacking_field and not set(lacking_field.split(" or ")).isdisjoint(missing)
    }
    return Support(
        definition.id,
        tuple(lacking_field for lacking_field in missing if lacking_field not in repeated),
    )


def _lack(alternatives: Sequence[str], known_share: float, evidence: Evidence) -> str:
    """What is missing of a need that any of the alternatives meets; '' where it is met."""
    strength = max(evidence.get(alternative, 0.0) for alternative in alternatives)
    if strength <= 0:
        families = {_family(alternative) for alternative in alternatives}
        # of events that never came the family says it all; else the very field that lacks
        if families.isdisjoint(evidence):
            return " or ".join(sorted(map(_named, families)))
        return " or ".join(map(_named, alternatives))
    # a field may be there too seldom; an event that came at all has come
    is_field = any(":" in alternative for alternative in alternatives)
    if is_field and strength < known_share:
        return f"{_named(alternatives[0])} on more than {strength:.0%}"
    return ""


def _family(needed_field: str) -> str:
    """What of a need says most when all of it is missing: the family of its events."""
    family = needed_field.partition(":")[0].partition(".")[0]
    return needed_field if needed_field in _REGISTRY or family == "change" else family


def _named(needed_field: str) -> str:
    if needed_field in _REGISTRY:
        return _REGISTRY[needed_field]
    subject, _, field = needed_field.partition(":")
    if field:
        return f"{field} of {subject}"
    return subject if "." in subject else f"{subject}.*"
