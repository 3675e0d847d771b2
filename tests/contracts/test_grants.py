"""Who may read what on servers: as the files grant it, and, where a server is at hand, as it answers."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from nytta.broker import topics
from nytta.store.client import Connection

DEPLOY = Path(__file__).parents[2] / "deploy"
USERS = ElementTree.parse(DEPLOY / "clickhouse" / "users.xml").getroot()
READERS = ("nytta_open", "nytta_console")


def grants(user: str) -> list[str]:
    return [query.text or "" for query in USERS.findall(f"users/{user}/grants/query")]


def test_grants_are_the_database_s_language(engine: Connection) -> None:
    for user in USERS.findall("users/*"):
        for grant in grants(user.tag):
            # a grant in a configuration has no receiver: it is the user's own
            assert engine.rows("SELECT formatQuery({text:String})", text=f"{grant} TO {user.tag}")


@pytest.mark.parametrize("user", READERS)
def test_whoever_shows_figures_reads_the_open_zone_alone(user: str) -> None:
    assert grants(user)
    for grant in grants(user):
        assert re.fullmatch(r"GRANT (SELECT ON nytta\.\*|INSERT ON nytta\.access_log)", grant), grant


def test_no_password_stands_in_the_file() -> None:
    for user in USERS.findall("users/*"):
        password = user.find("password_sha256_hex")
        assert password is not None
        assert not password.text
        assert password.get("from_env")


def test_every_user_has_a_profile_and_a_quota_that_exist() -> None:
    profiles = {p.tag for p in USERS.findall("profiles/*")} | {"default"}
    quotas = {q.tag for q in USERS.findall("quotas/*")} | {"default"}
    for user in USERS.findall("users/*"):
        assert user.findtext("profile") in profiles
        assert user.findtext("quota") in quotas
    assert USERS.findtext("profiles/nytta_reading/readonly") == "2"


def acls(tmp_path: Path) -> set[tuple[str, str, str]]:
    """What the script asks of Kafka's own tool: (principal, operation, topic)."""
    heard = tmp_path / "heard"
    tool = tmp_path / "kafka-acls.sh"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {heard}\n')
    tool.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run([DEPLOY / "acls" / "kafka.sh", "broker:9092"], check=True, env=os.environ | {"PATH": path})
    pattern = re.compile(r"--allow-principal User:(\S+) --operation (\S+) --topic nytta\.(\S+)")
    return {match.groups() for match in map(pattern.search, heard.read_text().splitlines()) if match}  # type: ignore[misc]


def test_topics_of_the_private_zone_are_read_by_workers_alone(tmp_path: Path) -> None:
    asked = acls(tmp_path)
    assert {topic for _, _, topic in asked} == {t.name for t in topics.TOPICS}
    reading = {(who, topic) for who, operation, topic in asked if operation == "Read"}
    assert {topic for who, topic in reading if who != "nytta-worker"} == {topics.VALUES, topics.SIGNALS}
    assert ("nytta-open", "Write") not in {(who, operation) for who, operation, _ in asked}


@pytest.mark.server
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM nytta_private.events",
        "SELECT count() FROM nytta_private.indicator_values",
        "SELECT count() FROM merge('nytta_private', '.*')",
        "SELECT query FROM system.query_log",
        "INSERT INTO nytta.published_values (indicator) VALUES ('x')",
        "CREATE VIEW nytta.v AS SELECT * FROM nytta_private.events",
        "SELECT * FROM remote('127.0.0.1', nytta_private.events)",
        "SELECT * FROM file('/etc/passwd', 'RawBLOB')",
        "SELECT * FROM url('http://127.0.0.1/', 'RawBLOB')",
    ],
)
def test_the_open_user_is_refused_by_a_server(sql: str) -> None:
    """NYTTA_CLICKHOUSE_OPEN is the server's address with the user nytta_open and its password."""
    dsn = os.environ.get("NYTTA_CLICKHOUSE_OPEN")
    if not dsn:
        pytest.skip("no server is named by NYTTA_CLICKHOUSE_OPEN")
    client = clickhouse_connect.get_client(dsn=dsn)
    try:
        assert client.command("SELECT count() FROM nytta.indicator_values") is not None
        with pytest.raises(ClickHouseError, match=r"ACCESS_DENIED|Not enough privileges|readonly"):
            client.command(sql)
    finally:
        client.close()
