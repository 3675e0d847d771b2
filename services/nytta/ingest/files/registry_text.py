"""The files of a first registry, as text that a person goes on writing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nytta.ingest.files.kinds import CASES, LOG
from nytta.ingest.files.listed_units import ListedUnit

PAPERS: Final = ("legal_basis", "dpia", "consulted_on")
"""What stands behind an approval, by the names of the registry."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """The organisation that a first registry is of."""

    id: str
    name: str
    timezone: str
    country: str
    language: str


@dataclass(frozen=True, slots=True)
class System:
    """A system that a list is from, and what that list is of."""

    id: str
    name: str
    kind: str


def organisation_text(
    organisation: Organisation, units: Sequence[ListedUnit], papers: Mapping[str, str]
) -> str:
    """`organisation.yaml`, with an approval where all papers are named."""
    return "\n".join(_organisation(organisation, units, papers))


def _organisation(
    organisation: Organisation, units: Sequence[ListedUnit], papers: Mapping[str, str]
) -> Iterator[str]:
    yield "# Written from the first lists: names, managers and dates are to be filled in as they become known."
    yield "organisations:"
    yield f"  - id: {organisation.id}"
    yield f"    names: {{{organisation.language}: {_text(organisation.name)}}}"
    yield f"    timezone: {organisation.timezone}"
    yield f"    country: {organisation.country}"
    yield f"    language: {organisation.language}"
    if units:
        yield "units:"
        for unit in units:
            yield f"  - {{id: {unit.id}, name: {_text(unit.name)}, parent: {unit.parent}}}"
        yield "code_maps:"
        yield '  - source: "*"'
        yield "    codes:"
        for unit in units:
            yield from (f"      - {{code: {_text(code)}, unit: {unit.id}}}" for code in unit.codes)
    if all(papers.get(paper) for paper in PAPERS):
        yield "approvals:"
        yield '  - purpose: "*"'
        yield f"    legal_basis: {_text(papers['legal_basis'])}"
        yield f"    dpia: {_text(papers['dpia'])}"
        yield f"    consulted_on: {papers['consulted_on']}"
    yield ""


def systems_text(systems: Sequence[System], language: str) -> str:
    """`systems.yaml`."""
    return "\n".join(_systems(systems, language))


def _systems(systems: Sequence[System], language: str) -> Iterator[str]:
    yield "systems:" if systems else "systems: []"
    for system in systems:
        yield f"  - id: {system.id}"
        yield f"    names: {{{language}: {_text(system.name)}}}"
        # cases are of citizens: many stand behind their figures, where staff are few
        if system.kind in (CASES, LOG):
            yield "    protects: public"
    yield ""


def _text(content: str) -> str:
    # a text of JSON is one of YAML, whatever it holds
    return json.dumps(content, ensure_ascii=False)
