"""What the documentation names exists."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
import yaml
from typer.core import TyperGroup

from nytta import cli
from nytta.registry import declarations
from nytta.service.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}
SETTING = r"\bNYTTA_[A-Z_]+\b"
FOR_TESTS = {"NYTTA_SHARED", "NYTTA_REQUIRE", "NYTTA_SEED", "NYTTA_DAMAGED"}
"""Settings that tests read, and no process of the service does."""


def test_every_command_is_in_the_readme_and_every_one_there_exists() -> None:
    cli.load()
    groups = {g.name for g in cli.commands.registered_groups}
    names = {c.name or (c.callback.__name__ if c.callback else "") for c in cli.commands.registered_commands}
    exist = {n.rstrip("_") for n in names | {g for g in groups if g}}
    assert set(re.findall(r"^\| `nytta (\w+)`", README, re.MULTILINE)) == exist


def test_every_command_is_loaded_from_its_module() -> None:
    cli.load()
    made = {c.name or (c.callback.__name__ if c.callback else ""): c for c in cli.commands.registered_commands}
    groups = [(g.name or "", g.typer_instance) for g in cli.commands.registered_groups]
    made |= {name: group.registered_commands[0] for name, group in groups if group}
    found = {name.rstrip("_"): c.callback.__module__ for name, c in made.items() if c.callback}
    assert found == {name: f"nytta.cli.{module}" for module, its in cli.MODULES.items() for name in its}


def test_every_setting_is_in_the_readme() -> None:
    told = set(re.findall(r"^\| `NYTTA_(\w+)`", README, re.MULTILINE))
    assert told == {name.upper() for name in Settings.model_fields}


def test_the_indicator_table_repeats_the_definitions() -> None:
    told = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", README, re.MULTILINE))
    for path in sorted((declarations.schemas() / "indicators").glob("*.yaml")):
        definition = yaml.safe_load(path.read_text("utf-8"))
        assert told.pop(definition["id"]) == definition["question"]["en"]
    assert told == {}


def test_every_mapping_named_is_shipped() -> None:
    shipped = {p.stem for p in (declarations.schemas() / "mappings").glob("*.yaml")}
    sentence = README[README.index("Mappings are shipped for") :].split("; their")[0]
    assert set(re.findall(r"`([a-z0-9-]+)`", sentence)) == shipped


def test_make_targets_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name, text in [*PAGES.items(), (".ci/run", (ROOT / ".ci/run").read_text("utf-8"))]:
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE):
            assert target in targets, (name, target)


def test_commands_named_exist() -> None:
    commands = {name for its in cli.MODULES.values() for name in its}
    for page, text in PAGES.items():
        for command in re.findall(r"(?:`|^)(?:\.venv/bin/)?nytta ([a-z]+)", text, re.MULTILINE):
            assert command in commands, (page, command)


def test_commands_of_operations_are_understood() -> None:
    """Every line of a block of commands, as the command line reads it; nothing is carried out."""
    cli.load()
    program = typer.main.get_command(cli.commands)
    assert isinstance(program, TyperGroup)
    read = 0
    for page in ("docs/operations.md", "docs/cluster.md"):
        for line in re.findall(
            r"^ *nytta ([^#\n]+)", "\n".join(re.findall(r"```sh\n(.*?)```", PAGES[page], re.DOTALL)), re.M
        ):
            words = shlex.split(line)
            command: Any = program
            while isinstance(command, TyperGroup):
                command = command.commands[words.pop(0)]
            command.make_context(line, words)
            read += 1
    assert read >= 10


def test_modules_named_exist() -> None:
    for page, text in PAGES.items():
        for module in re.findall(r"python -m (tests(?:\.\w+)+)", text):
            assert find_spec(module), (page, module)


def test_settings_named_exist() -> None:
    stack = ("docker-compose.yml", "deploy/clickhouse/cluster.xml")
    of_the_stack = [name for path in stack for name in re.findall(SETTING, (ROOT / path).read_text("utf-8"))]
    exist = {f"NYTTA_{name.upper()}" for name in Settings.model_fields} | FOR_TESTS | {*of_the_stack}
    for page, text in PAGES.items():
        for setting in re.findall(SETTING, text):
            assert setting in exist, (page, setting)


def test_paths_named_exist() -> None:
    for page, text in PAGES.items():
        for path in re.findall(r"`((?:schemas|services|tests|deploy|dashboards)/[\w./-]+)`", text):
            if "NNNN" not in path:
                assert (ROOT / path).exists(), (page, path)
        for link in re.findall(r"\]\(([\w./-]+)\)", text):
            assert ((ROOT / page).parent / link).exists(), (page, link)
