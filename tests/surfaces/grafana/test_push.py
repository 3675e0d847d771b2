"""Boards into a Grafana: nothing is changed twice, nothing in a dry run, and what stands in the way is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest
from typer.testing import CliRunner

from nytta.cli import commands, load
from nytta.surfaces.grafana.catalogue import files
from nytta.surfaces.grafana.push import GrafanaError, Outcome, push
from tests.surfaces.grafana.stub import CLICKHOUSE, Grafana, served

BOARDS = files()


def told(grafana: Grafana, **options: str | bool) -> list[Outcome]:
    return [p.what for p in push(grafana.address, "secret", BOARDS, **options)]  # type: ignore[arg-type]


def test_a_second_push_changes_nothing() -> None:
    with served(Grafana()) as grafana:
        assert told(grafana) == [Outcome.CREATED] * 6
        held = orjson.dumps(grafana.boards)
        assert told(grafana) == [Outcome.UNCHANGED] * 6
        assert orjson.dumps(grafana.boards) == held
        assert grafana.writes == ["/api/folders"] + ["/api/dashboards/db"] * 5
        assert grafana.folders == {"nytta": "Nytta"}


def test_only_what_differs_is_written() -> None:
    with served(Grafana()) as grafana:
        told(grafana)
        grafana.boards["nytta-process"]["title"] = "Somebody's own"
        grafana.writes.clear()
        done = {p.title: p.what for p in push(grafana.address, "secret", BOARDS)}
        assert [w for w in done.values() if w is not Outcome.UNCHANGED] == [Outcome.CHANGED]
        assert grafana.writes == ["/api/dashboards/db"]
        assert grafana.boards["nytta-process"]["title"].startswith("Digital process")
        assert grafana.boards["nytta-process"]["version"] == 2


def test_a_dry_run_writes_nothing() -> None:
    with served(Grafana()) as grafana:
        assert told(grafana, dry_run=True) == [Outcome.CREATED] * 6
        assert not grafana.writes
        assert not grafana.boards


def test_boards_open_on_the_data_source_that_was_looked_at() -> None:
    other = {"name": "Other", "uid": "o", "type": CLICKHOUSE, "jsonData": {}}
    with served(Grafana()) as grafana:
        grafana.sources.append(other)
        with pytest.raises(GrafanaError, match="several ClickHouse data sources: name one of Nytta, Other"):
            told(grafana)
        told(grafana, datasource="Other")
        (variable,) = [v for v in grafana.boards["nytta-process"]["templating"]["list"] if v["name"] == "datasource"]
        assert variable["current"]["value"] == "o"


PRIVATE = [{"name": "Nytta", "uid": "abc", "type": CLICKHOUSE, "jsonData": {"defaultDatabase": "nytta_private"}}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda g: replace(g, version="10.4.2"), "Grafana 10.4.2 is too old .* 11.6 or later"),
        (lambda g: replace(g, version="11.5.9"), "too old"),
        (lambda g: replace(g, version=""), "does not tell its version"),
        (lambda g: replace(g, sources=[], plugin=False), "plugin grafana-clickhouse-datasource is not installed"),
        (lambda g: replace(g, sources=[]), "no ClickHouse data source: add one with the user nytta_open"),
        (lambda g: replace(g, token="another"), "does not know the token"),
        (lambda g: replace(g, role="Viewer"), "needs the role Editor"),
        (lambda g: replace(g, sources=PRIVATE), "points at the private database 'nytta_private'"),
        (lambda g: replace(g, readable=("nytta", "nytta_private")), "can read the private zone"),
        (lambda g: replace(g, readable=()), "cannot read nytta.indicator_values"),
        (lambda g: replace(g, provisioned=True, boards={"nytta-operations": {}}), "is provisioned from files"),
    ],
)
def test_what_stands_in_the_way_is_said_and_nothing_is_written(change: Callable[[Grafana], Grafana], said: str) -> None:
    with served(change(Grafana(folders={"nytta": "Nytta"}))) as grafana:
        with pytest.raises(GrafanaError, match=said):
            told(grafana)
        assert not grafana.writes


def test_nobody_there_and_wrong_addresses() -> None:
    with served(Grafana()) as grafana:
        gone = grafana.address
    with pytest.raises(GrafanaError, match="no answer"):
        push(gone, "secret", BOARDS)
    with pytest.raises(GrafanaError, match="is no address of a Grafana"):
        push("grafana.example.org", "secret", BOARDS)


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    run = CliRunner()
    load("dashboards")
    assert run.invoke(commands, ["dashboards", "push"]).exit_code == 2
    with served(Grafana()) as grafana:
        monkeypatch.setenv("NYTTA_GRAFANA", grafana.address)
        monkeypatch.setenv("NYTTA_GRAFANA_TOKEN", "secret")
        done = run.invoke(commands, ["dashboards", "push", "--dry-run", "--json"])
        assert done.exit_code == 0
        said = orjson.loads(done.stdout)
        assert said["dry_run"]
        assert [row["what"] for row in said["done"]] == ["created"] * 6
        assert run.invoke(commands, ["dashboards", "push"]).exit_code == 0
        monkeypatch.setenv("NYTTA_GRAFANA_TOKEN", "wrong")
        refused = run.invoke(commands, ["dashboards", "push"])
        assert refused.exit_code == 1
        assert "does not know the token" in refused.stderr
        assert "wrong" not in refused.stderr


def test_the_build_command_finds_drift(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr("nytta.registry.declarations.dashboards", lambda: tmp_path)
    run = CliRunner()
    load("dashboards")
    assert run.invoke(commands, ["dashboards", "build", "--check"]).exit_code == 1
    assert run.invoke(commands, ["dashboards", "build"]).exit_code == 0
    assert run.invoke(commands, ["dashboards", "build", "--check"]).exit_code == 0
