"""The example registry of this folder, and a way to check a few lines of YAML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from nytta.registry.load import Loaded, load, read
from nytta.registry.problems import check_text
from nytta.registry.registry import Registry

ROOT = "organisations: [{id: r, name: Root, timezone: Europe/Stockholm, country: SE}]\n"

Checked = Callable[..., list[str]]


@pytest.fixture(scope="session")
def example_directory() -> Path:
    return Path(__file__).parent / "example"


@pytest.fixture(scope="session")
def example(example_directory: Path) -> Registry:
    registry = load(example_directory).registry
    assert registry is not None
    return registry


@pytest.fixture
def read_text() -> Callable[..., Loaded]:
    """Read texts of the three files; the first gets one root unless it names its own organisations."""

    def read_text(units: str = "", *, systems: str = "", programme: str = "", **known: set[str]) -> Loaded:
        units = dedent(units)
        first = units if units.lstrip().startswith("organisations:") else ROOT + units
        files = {"organisation.yaml": first.encode()}
        if systems:
            files["systems.yaml"] = dedent(systems).encode()
        if programme:
            files["programme.yaml"] = dedent(programme).encode()
        return read(files, **known)

    return read_text


@pytest.fixture
def checked(read_text: Callable[..., Loaded]) -> Checked:
    """The lines that `nytta check` would print for YAML texts."""

    def checked(units: str = "", **rest: object) -> list[str]:
        return check_text(read_text(units, **rest).problems).splitlines()

    return checked
