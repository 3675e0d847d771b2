"""The fingerprint follows what the registry says, not how its files are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.registry.dates import ALWAYS
from nytta.registry.digest import digest
from nytta.registry.load import read
from nytta.registry.registry import Registry

EXAMPLE = Path(__file__).parent / "example"
FILES = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLE.glob("*.yaml")}
DIGEST = digest(read({name: text.encode() for name, text in FILES.items()}).registry or Registry((), ()))


def shuffled(value: Any, random: Random) -> Any:
    """The same content with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = random.sample(list(value), len(value))
        return {key: shuffled(value[key], random) for key in keys}
    return [shuffled(each, random) for each in value] if isinstance(value, list) else value


@settings(max_examples=20)
@given(st.randoms(use_true_random=False), st.booleans())
def test_key_order_and_layout_make_no_difference(random: Random, flow: bool) -> None:
    files = {}
    for name, text in FILES.items():
        content = shuffled(yaml.load(text, Loader=yaml.BaseLoader), random)
        files[name] = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=flow).encode()
    registry = read(files).registry
    assert registry is not None
    assert digest(registry) == DIGEST


@pytest.mark.parametrize(
    "change",
    [
        lambda r: replace(r, units=(replace(r.units[0], peer_group="x"), *r.units[1:])),
        lambda r: replace(r, units=r.units[::-1]),
        lambda r: replace(r, milestones=()),
        lambda r: replace(r, systems=(replace(r.systems[0], stops=(ALWAYS,)), *r.systems[1:])),
        lambda r: replace(r, organisations=(replace(r.organisations[0], timezone="Europe/Oslo"), r.organisations[1])),
    ],
)
def test_content_makes_a_difference(example: Registry, change: Callable[[Registry], Registry]) -> None:
    assert digest(example) == DIGEST
    assert digest(change(example)) != DIGEST
