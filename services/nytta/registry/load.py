"""Read and check a registry: everything that is wrong is told at once, each with file and line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from nytta.registry.build import build
from nytta.registry.entries.contents import ORGANISATION, SECTIONS, contents
from nytta.registry.problems import Problem, nearest
from nytta.registry.registry import Registry
from nytta.registry.rules import RULES
from nytta.registry.rules.approvals import purposes_are_approved


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome of reading a registry. `registry` is None exactly when a problem is more than a warning."""

    registry: Registry | None
    problems: tuple[Problem, ...]


_ELSEWHERE = frozenset({"sources.yaml"})
"""Files of a registry that others read."""


def load(
    directory: Path,
    indicators: Collection[str] | None = None,
    purposes: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Loaded:
    """Read organisation.yaml, and systems.yaml and programme.yaml where they exist, from `directory`.

    `indicators`, `purposes` and `alerts` are the ids of indicators, purposes and kinds of alert that entries may name;
    None leaves those words unchecked. Where `indicators` gives their versions, these are checked too. Nothing is raised
    for files that are missing, unreadable or wrong: they are problems like any other.
    """
    if not directory.is_dir():
        message = (
            f"there is no directory '{directory}'; name the directory that holds {ORGANISATION}"
        )
        return Loaded(None, (Problem(ORGANISATION, 1, message),))
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    try:
        # listed rather than tried one by one, so that a file that nobody reads is told too
        present = {path.name for path in directory.iterdir()}
    except OSError as error:
        message = f"the directory '{directory}' cannot be read: {error.strerror or error}"
        return Loaded(None, (Problem(ORGANISATION, 1, message),))
    for file_name in SECTIONS:
        if file_name in present:
            try:
                files[file_name] = (directory / file_name).read_bytes()
            except OSError as error:
                problems.append(
                    Problem(file_name, 1, f"the file cannot be read: {error.strerror or error}")
                )
    for file_name in sorted(present - set(SECTIONS) - _ELSEWHERE):
        if file_name.lower().endswith((".yaml", ".yml")):
            hint = nearest(file_name, SECTIONS) or f"; the registry is {', '.join(SECTIONS)}"
            problems.append(Problem(file_name, 1, f"the file is not read{hint}", warning=True))
    if ORGANISATION not in present:
        problems.append(
            Problem(
                ORGANISATION,
                1,
                f"the file is missing in '{directory}'; it names organisations and units",
            )
        )
    return _loaded(files, indicators, purposes, alerts, problems)


def read(
    files: Mapping[str, bytes],
    indicators: Collection[str] | None = None,
    purposes: Collection[str] | None = None,
    alerts: Collection[str] | None = None,
) -> Loaded:
    """As `load`, from the bytes of the files by name; files of other names are passed over."""
    problems: list[Problem] = []
    if ORGANISATION not in files:
        problems.append(
            Problem(ORGANISATION, 1, "the file is missing; it names organisations and units")
        )
    return _loaded(files, indicators, purposes, alerts, problems)


def _loaded(
    files: Mapping[str, bytes],
    indicators: Collection[str] | None,
    purposes: Collection[str] | None,
    alerts: Collection[str] | None,
    problems: list[Problem],
) -> Loaded:
    declared_contents = contents(files, indicators, purposes, alerts)
    all_problems = {*problems, *declared_contents.problems}
    # rules are asked of whatever could be read, so that a person hears of everything at once
    for rule in RULES:
        all_problems.update(rule(declared_contents))
    all_problems.update(purposes_are_approved(declared_contents, purposes or ()))
    # a set, because an entry and its place in the tree are read one by one, and may meet the same fault
    sorted_problems = tuple(sorted(all_problems))
    has_errors = any(not problem.warning for problem in sorted_problems)
    # not built where anything is wrong: `build` relies on what the rules have checked
    return Loaded(None if has_errors else build(declared_contents), sorted_problems)
