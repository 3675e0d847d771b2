"""The indicator part of what each story must make visible, with fixed seeds. A minute or more for each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nytta.indicators.load import load
from nytta.registry import declarations
from tests.stories.visible import PUBLISHED, VISIBLE

ROOT = Path(__file__).parents[2]


def test_the_stories_publish_every_indicator_of_the_catalogue() -> None:
    """Each story's own part is held by its run."""
    catalogue = {d.id for d in load(declarations.schemas() / "indicators").definitions}
    assert frozenset().union(*PUBLISHED.values()) == catalogue
    assert PUBLISHED.keys() == VISIBLE.keys()


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("story", VISIBLE)
def test_what_must_be_visible_is(story: str) -> None:
    """In a process of its own: an engine opens one folder."""
    command = [sys.executable, "-m", "tests.stories", "--stories", story, "--seeds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
