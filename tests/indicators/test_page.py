"""The page of indicators lists every one, in three languages; derived ones name functions that exist."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from nytta import cli
from nytta.indicators.definition import Definition, Derived
from nytta.indicators.load import derived, load
from nytta.indicators.page import page
from nytta.insight.store.states import DERIVED
from nytta.registry import declarations

DEFINITIONS = load(declarations.schemas() / "indicators").definitions
NAMED = derived(declarations.schemas() / "derived.yaml")


def test_the_page_is_what_the_definitions_make_of_it() -> None:
    made = page(DEFINITIONS, NAMED)
    assert made == (Path(__file__).parents[2] / "docs" / "indicators.md").read_text("utf-8")
    listed: dict[str, Definition | Derived] = {**{d.id: d for d in DEFINITIONS}, **NAMED}
    for id_, about in listed.items():
        assert f"### `{id_}`" in made
        for texts in (about.title, about.question, about.pitfalls):
            assert {texts.sv, texts.nb, texts.en} <= {cell.strip() for cell in made.split("|")}


@pytest.mark.parametrize("id_", NAMED)
def test_a_derived_indicator_is_one_function_that_is_read_by_a_command(id_: str) -> None:
    module, _, name = NAMED[id_].function.rpartition(".")
    assert getattr(import_module(module), name).__doc__
    cli.load()
    assert NAMED[id_].read.split()[1] in {n for names in cli.MODULES.values() for n in names}


def test_all_derived_indicators_of_the_store_are_named() -> None:
    assert set(DERIVED) <= NAMED.keys()
    codes = [d.code for d in DEFINITIONS] + [d.code for d in NAMED.values() if d.code]
    assert len(codes) == len(set(codes))


def test_a_broken_list_of_derived_indicators_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "derived.yaml"
    path.write_text("use-state: {code: X}\n", "utf-8")
    with pytest.raises(ValueError, match=r"derived\.yaml: not a list of derived indicators"):
        derived(path)
