"""Both readers of YAML see one tree: the one in C, and the one in Python that tells what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nytta.registry import nodes
from nytta.registry.declarations import schemas
from nytta.registry.problems import Problem

_TEXTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
    | st.sampled_from(["~", "null", "NO", "0123", "2026-02-30", "a: b", "- a", "# a", "'", '"', "å\tä", "x" * 200]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcæ é", min_size=1, max_size=6), inner),
    max_leaves=12,
)


def both(text: str) -> list[tuple[nodes.Node | None, list[Problem]]]:
    return [nodes._parse(text, "file.yaml", nodes.NULLS, loader) for loader in (nodes._FAST, yaml.BaseLoader)]


@pytest.mark.parametrize("style", [None, "'", '"', "|", ">"])
@settings(max_examples=60, deadline=None)
@given(value=_TEXTS, flow=st.booleans())
def test_trees_and_lines_are_those_of_the_reader_in_python(value: object, style: str | None, flow: bool) -> None:
    text = yaml.dump({"entry": value}, allow_unicode=True, default_style=style, default_flow_style=flow)
    fast, slow = both(text)
    # tags that a dump writes mean nothing here, and both say so
    assert fast == slow


@pytest.mark.parametrize("path", sorted(schemas().rglob("*.yaml")), ids=lambda path: path.name)
def test_declarations_that_are_shipped_are_read_alike(path: Path) -> None:
    fast, slow = both(path.read_text("utf-8"))
    assert fast == slow
    assert fast[0] is not None


def test_the_reader_in_c_is_there() -> None:
    assert nodes._FAST is not yaml.BaseLoader


def test_nothing_is_nothing_for_both() -> None:
    for root, problems in both("a:\nb: ~\nc: 'null'\nd: null\n"):
        assert not problems
        assert root is not None
        assert root.plain() == {"a": None, "b": None, "c": "null", "d": None}
