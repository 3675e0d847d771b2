"""sources.yaml: read whole, with every problem and its line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from nytta.cli import commands, load
from nytta.ingest.pull.ask import PullError
from nytta.ingest.pull.declared import Declared, SourcesError, read
from nytta.service.installation import App
from nytta.service.pull_schedule import Pulling
from nytta.service.pulls import hooks, mapping_of, secret_of
from tests.organisations import SMALL_COUNTY

GOOD = """sources:
  - id: help-desk
    kind: servicenow
    address: https://example.service-now.com
    system: desk
    account: basic
    user: nytta
    minutes: 30
    ended_on: 2027-01-01
    settings: {table: incident, page: 500}
  - {id: zammad, kind: webhook, mapping: zammad, signed: zammad, system: support}
"""


def declared(folder: Path, text: str) -> Path:
    (folder / "sources.yaml").write_text(text, "utf-8")
    return folder


def test_what_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, zammad = read(declared(tmp_path, GOOD))
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert (desk.is_asked, zammad.is_asked) == (True, False)
    assert [desk.due(last, now) for last in (None, now - timedelta(minutes=29), now - timedelta(minutes=30))] == [
        True,
        False,
        True,
    ]
    assert [desk.runs(day) for day in (date(2026, 12, 31), date(2027, 1, 1))] == [True, False]
    mapping = mapping_of(desk, tmp_path)
    assert (mapping.source, mapping.common["system"].constant) == ("help-desk", "desk")  # type: ignore[union-attr]
    with pytest.raises(PullError, match="NYTTA_SECRET_HELP_DESK"):
        secret_of(desk)
    monkeypatch.setenv("NYTTA_SECRET_ZAMMAD", "s")
    assert list(hooks((desk, zammad), tmp_path, now.date())) == ["zammad"]
    assert read(None) == read(tmp_path / "nowhere") == ()


def test_a_container_finds_its_secret_in_a_file_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nytta.service.pulls.SECRETS", tmp_path)
    desk, _ = read(declared(tmp_path, GOOD))
    (tmp_path / desk.secret_name).write_text("mounted\n")
    assert secret_of(desk) == "mounted"
    monkeypatch.setenv(desk.secret_name, "of the environment")
    assert secret_of(desk) == "of the environment"


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s\n")
    text = GOOD.replace("    user: nytta\n", f"    user: nytta\n    secret_file: {secret}\n")
    (desk, _) = read(declared(tmp_path, text))
    secret.chmod(0o644)
    with pytest.raises(PullError, match="chmod 600"):
        secret_of(desk)
    secret.chmod(0o600)
    assert secret_of(desk) == "s"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: servicenow", "kind: servicenau", "sources.yaml:3: kind: there is no kind 'servicenau'"),
        ("https://", "http://", "secrets go over https only"),
        ("https://", "https://me:secret@", "without a user"),
        ("page: 500", "page: 0", "greater than or equal to 1"),
        ("minutes: 30", "minuts: 30", "minuts"),
        ("    address: https://example.service-now.com\n", "", "where is it?"),
        (", signed: zammad", "", "whose way of signing"),
        ("id: zammad", "id: help-desk", "'help-desk' stands twice"),
        ("sources:", "source:", "list the systems that are asked"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(SourcesError) as told:
        read(declared(tmp_path, GOOD.replace(old, new)))
    assert said in str(told.value)


def test_a_check_of_the_registry_looks_at_sources_too(tmp_path: Path) -> None:
    for name, content in SMALL_COUNTY.items():
        (tmp_path / name).write_bytes(content)
    runner = CliRunner()
    load("check")
    text = GOOD.replace("system: desk", "system: cases").replace("system: support", "system: cases")
    checked = runner.invoke(commands, ["check", str(declared(tmp_path, text))])
    assert (checked.exit_code, checked.stdout) == (0, "")
    text = text.replace("mapping: zammad", "mapping: zammat").replace("    system: cases\n", "    system: case\n")
    checked = runner.invoke(commands, ["check", str(declared(tmp_path, text + "  - {id: more}\n"))])
    assert checked.exit_code == 1
    for told in (
        "sources.yaml:2: system: 'case' is not in systems.yaml; did you mean 'cases'?",
        "did you mean 'zammad'?",
        "sources.yaml:12: kind: Field required",
    ):
        assert told in checked.stdout


def test_a_directory_is_asked_before_what_its_units_are_looked_up_for() -> None:
    graph = "https://graph.microsoft.com"
    reports = Declared(id="reports", kind="m365", address=graph, system="m365")
    hook = Declared(id="hook", kind="webhook", mapping="zammad", signed="zammad", system="support")
    people = Declared(id="people", kind="entra", address=graph, system="m365")
    asked = Pulling(cast(App, None), [reports, hook, people], None, lambda: None)
    assert [declared.id for declared in asked._sources] == ["people", "reports", "hook"]


@pytest.mark.parametrize(
    ("kind", "address", "said"),
    [
        ("sql", "https://db.example", "write that of a database"),
        ("sql", "postgresql+psycopg://me:secret@db.example/x?sslmode=require", "without a user"),
        ("sql", "postgresql+psycopg://db.example/x", "sslmode=verify-full"),
        ("folder", "drop", "the whole path"),
        ("m365", "postgresql+psycopg://db.example/x", "without a user"),
    ],
)
def test_addresses_are_those_of_their_kind(kind: str, address: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Declared(id="x", kind=kind, address=address, system="s", mapping="m.yaml")


def test_kinds_without_a_mapping_of_their_own_need_one(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="name the one that reads its rows"):
        Declared(id="x", kind="folder", address=str(tmp_path), system="s")
