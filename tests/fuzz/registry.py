"""The registry's files: reading them ends in problems with their lines, or in a registry that works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any, Final

from nytta.registry.load import read
from nytta.registry.problems import check_text
from nytta.registry.tables import tables
from tests.fuzz import mutate
from tests.fuzz.mappings import last_line, yaml_of
from tests.organisations import SMALL_COUNTY

_EXAMPLE = Path(__file__).parents[1] / "registry" / "example"
_SMALL: Final = {name: body.decode() for name, body in SMALL_COUNTY.items()}
_FILES: Final = {path.name: path.read_text("utf-8") for path in sorted(_EXAMPLE.glob("*.yaml"))}
WRONG: Final[tuple[Any, ...]] = (
    *mutate.WRONG,
    *(
        "county",
        "north",
        "SE",
        "XX",
        "sv",
        "Europe/Stockholm",
        "80 %",
        "1970-01-01",
        "2149-06-06",
        "2149-06-07",
        "2026-W53",
    ),
    *(
        {"sv": "Namn"},
        {"sv": ""},
        [{"week": "2026-W07", "value": 1}],
        {"before": 1, "after": 0},
        "0." + "1" * 400,
        "9" * 400,
    ),
)


class RegistryFiles:
    """The reader of the registry and the tables that are made of it."""

    name = "registry"
    together = 1

    def make(self, chance: Random, number: int) -> dict[str, bytes]:
        """The files, of which one or two are not what they were."""
        files = dict(_SMALL if chance.random() < 0.7 else _FILES)
        made = {name: text.encode() for name, text in files.items()}
        for name in chance.sample(sorted(files), chance.choice([1, 1, 1, 2])):
            given = yaml_of(chance, files[name], WRONG)
            made[name] = given if isinstance(given, bytes) else given.encode("utf-8", "surrogatepass")
        return made

    def attempt(self, inputs: Sequence[dict[str, bytes]]) -> Iterator[str]:
        """Read each; what is a registry becomes tables."""
        return map(_tried, inputs)

    def finish(self) -> None:
        """Nothing is left to check."""

    def close(self) -> None:
        """Nothing is held."""


def _tried(files: dict[str, bytes]) -> str:
    loaded = read(files, {"rework": 1, "intended-use": 1}, ["core"], ["lag"])
    check_text(loaded.problems).encode()
    assert (loaded.registry is None) == any(not problem.warning for problem in loaded.problems)
    for problem in loaded.problems:
        assert 1 <= problem.line <= last_line(files[problem.file].decode("utf-8", "replace"))
    if loaded.registry is None:
        return "refused"
    tables(loaded.registry, date(2026, 1, 1), date(2026, 1, 31))
    return "loaded"
