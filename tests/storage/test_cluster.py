"""Tables of a cluster: made of every migration, read by the engine's parser, asked by every board across two shards."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nytta.storage.client import Connection, Zones
from nytta.storage.cluster import across, replicated
from nytta.storage.migrate import migrations
from nytta.surfaces.grafana.catalogue import files
from nytta.surfaces.grafana.push import across as board_across
from tests.deploy.tools import DEPLOY

ROOT = DEPLOY.parent


def statements(tables: Path) -> list[str]:
    return [statement for migration in migrations(tables) for statement in migration.statements]


def as_one_server(text: str) -> str:
    """What a statement of a cluster was made of."""
    text = text.replace(" ON CLUSTER 'nytta_1'", "").replace("ENGINE = Replicated", "ENGINE = ")
    place = re.escape("'/clickhouse/tables/{uuid}/{shard}', '{replica}'")
    return re.sub(rf"\({place}(?:, )?([^()]*)\)", lambda match: f"({match[1]})" if match[1] else "", text)


def test_every_statement_of_every_migration_has_its_form(engine: Connection, tables: Path) -> None:
    for statement in statements(tables):
        given = replicated(statement, "nytta_1")
        assert " ".join(as_one_server(given).split()) == " ".join(statement.split())
        assert (" ON CLUSTER 'nytta_1'" in given) is not statement.startswith("INSERT")
        assert given.count("Replicated") == len(re.findall(r"ENGINE = \w*MergeTree", statement))
        # as it is carried out on a table that is copied in one part
        whole = re.sub(r"\{part of \w+ by \w+\}", "1", given)
        assert engine.value("SELECT formatQuery({text:String})", text=Zones().fill(whole))


def test_arguments_of_an_engine_follow_those_of_its_replicas() -> None:
    made = replicated(
        "CREATE TABLE IF NOT EXISTS {open}.a (n UInt8)\nENGINE = ReplacingMergeTree(v, d)\nORDER BY n", "c"
    )
    assert made == (
        "CREATE TABLE IF NOT EXISTS {open}.a ON CLUSTER 'c' (n UInt8)\n"
        "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', v, d)\nORDER BY n"
    )
    with pytest.raises(ValueError, match="not known how a cluster carries this out: RENAME"):
        replicated("RENAME TABLE a TO b", "c")


def test_grants_of_the_page_are_the_database_s_language(engine: Connection) -> None:
    page = (ROOT / "docs" / "cluster.md").read_text("utf-8")
    grants = re.findall(r"\| (nytta_\w+) \| `(GRANT [^`]+)` \|", page)
    assert {user for user, _ in grants} == {"nytta_service", "nytta_open"}
    for user, grant in grants:
        assert engine.value("SELECT formatQuery({text:String})", text=f"{grant} TO {user}")


def test_clusters_of_the_configuration_are_those_of_the_page() -> None:
    servers = ElementTree.parse(DEPLOY / "clickhouse" / "cluster.xml").getroot().find("remote_servers")
    assert servers is not None
    hosts = {cluster.tag: [host.text for host in cluster.iter("host")] for cluster in servers}
    page = (ROOT / "docs" / "cluster.md").read_text("utf-8")
    assert set(re.findall(r"NYTTA_CLICKHOUSE_(?:CLUSTER|SHARDS)=(\w+)", page)) <= set(hosts)
    assert hosts["nytta_1"] + hosts["nytta_2"] == hosts["nytta_shards"]


ASKED = """
import json, sys
from pathlib import Path
from nytta.registry import declarations
from nytta.storage import client
from nytta.storage.cluster import across
from nytta.storage.errors import StoreError
from nytta.storage.migrate import migrate
import clickhouse_connect
real = clickhouse_connect.get_client
config = f"file:{sys.argv[1]}/store?config-file={sys.argv[1]}/config.xml"
clickhouse_connect.get_client = lambda path, **others: real(path=config, **others)
connection = client.embedded(Path(sys.argv[1]) / "store")
migrate(connection, declarations.schemas() / "tables")
names = [name for (name,) in connection.rows("SELECT name FROM system.tables WHERE database = 'nytta'")]
for statement in across(names, "two"):
    connection.run(statement.replace(" ON CLUSTER 'two'", ""))  # the embedded engine has no Keeper
connection.run("INSERT INTO nytta.go_lives (system, unit) VALUES ('cases', 'county')")
connection.run("SET distributed_product_mode = 'local'")
asked = json.loads(Path(sys.argv[1], "asked.json").read_text())
failed = {}
for sql in asked:
    try:
        connection.rows(sql)
    except StoreError as error:
        failed[sql] = str(error)
print(json.dumps([failed, connection.value("SELECT count() FROM nytta_all.go_lives")]))
"""
TWO = """<clickhouse><tcp_port>9000</tcp_port><remote_servers><two>
<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>
<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>
</two></remote_servers></clickhouse>"""


@pytest.mark.soak
def test_every_board_asks_across_two_shards(tmp_path: Path) -> None:
    """Both shards are the embedded engine itself, which it asks without a network."""
    from tests.surfaces.grafana.expander import ALL, expand
    from tests.surfaces.grafana.filled import OVER

    chosen = {"organisation": ("county",), "system": ("cases",), "period": ("window",), "unit": ALL}
    chosen |= {"case_type": ALL, "source": ALL}
    asked = []
    for body in files().values():
        board = json.loads(board_across(body))
        targets = [target for panel in board["panels"] for target in panel.get("targets", [])]
        asked += [expand(target["rawSql"], chosen, OVER, {}) for target in targets if "rawSql" in target]
    assert len(asked) > 50
    assert all("nytta_all." in sql for sql in asked)
    (tmp_path / "config.xml").write_text(TWO, "utf-8")
    (tmp_path / "asked.json").write_text(json.dumps(asked), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    failed, rows = json.loads(done.stdout)
    assert failed == {}
    assert rows == 2  # one of each shard


def test_tables_across_shards_hold_nothing_themselves(engine: Connection) -> None:
    first, *others = across(["units", "alerts"], "nytta_shards")
    assert first == "CREATE DATABASE IF NOT EXISTS {open}_all ON CLUSTER 'nytta_shards'"
    assert [re.search(r"_all\.(\w+)", statement)[1] for statement in others] == ["alerts", "units"]  # type: ignore[index]
    for statement in (first, *others):
        assert engine.value("SELECT formatQuery({text:String})", text=Zones().fill(statement))


@pytest.mark.parametrize("name", files())
def test_a_board_across_shards_asks_no_shard_alone(name: str) -> None:
    body = files()[name]
    made = board_across(body)
    assert not re.search(rb"(?:FROM|JOIN|IN) nytta\.", made)
    assert made.count(b"nytta_all.") == len(re.findall(rb"nytta\.[a-z_]+\b", body))
    assert made.replace(b"nytta_all.", b"nytta.") == body
