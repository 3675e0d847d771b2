"""Who may read what on servers: as the files grant it, and, where a server is at hand, as it answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import clickhouse_connect
import orjson
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from nytta.ingest.stream import topics
from nytta.storage.client import Connection
from tests.ingest.http.conftest import of_unit
from tests.organisations import SMALL_COUNTY
from tests.support import acls
from tests.support.users import IMAGE, configured
from tests.support.users import USERS as USERS_FILE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
USERS = ElementTree.parse(USERS_FILE).getroot()
READERS = ("nytta_open", "nytta_console")
NAMED = ("nytta_service", "nytta_gateway", *READERS)
PRIVATE = (
    *("SELECT count() FROM nytta_private.events", "SELECT count() FROM nytta_private.cells"),
    "SELECT count() FROM nytta_private.indicator_values",
    "SELECT count() FROM merge('nytta_private', '^events$')",
    "CREATE VIEW nytta.v AS SELECT * FROM nytta_private.events",
    "CREATE TABLE nytta.t (a Int8) ENGINE = Memory",
    "INSERT INTO nytta.published_values (indicator) VALUES ('x')",
    "DROP DATABASE nytta",
)
OUTSIDE = (
    "SELECT count() FROM remote('127.0.0.1', 'nytta_private', 'events')",
    *("SELECT * FROM file('/etc/passwd', 'RawBLOB')", "SELECT * FROM url('http://127.0.0.1:1/', 'RawBLOB')"),
    *("CREATE USER another", "GRANT SELECT ON *.* TO CURRENT_USER", "CREATE DATABASE another"),
    "BACKUP DATABASE nytta_private TO File('/tmp/stolen')",
)
OPEN = ("SELECT count() FROM nytta.indicator_values", "SELECT count() FROM nytta.published_values")
LOG = "INSERT INTO nytta.access_log (reader) VALUES ('x')"


def as_user(user: str, folder: Path, *words: str | Path, code: int = 0) -> str:
    """What a process says that opens the engine with a user's rights."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.users", user, folder, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'services'}{os.pathsep}{ROOT}"},
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder into which the service's user took events, and the registry beside it."""
    folder = tmp_path_factory.mktemp("granted")
    (folder / "registry").mkdir()
    for name, content in SMALL_COUNTY.items():
        (folder / "registry" / name).write_bytes(content)
    (folder / "events.ndjson").write_bytes(b"\n".join(orjson.dumps(of_unit("north", n)) for n in range(5)))
    taken = as_user(
        *("nytta_service", folder / "data", "nytta", "import", folder / "events.ndjson"),
        *("--registry", folder / "registry", "--json"),
    )
    assert '"accepted": 5' in taken
    return folder


def allowed(user: str, folder: Path, statements: Sequence[str]) -> set[str]:
    """Those of the statements that are not refused for want of a right; what nobody may see is not there."""
    told = json.loads(as_user(user, folder / "data", "ask", *statements).strip().splitlines()[-1])
    refusal = re.compile("Not enough privileges|There are no tables satisfied")
    return {sql for sql, error in zip(statements, told, strict=True) if not refusal.search(error)}


@pytest.mark.slow
def test_the_service_may_do_all_that_it_does(filled: Path) -> None:
    as_user("nytta_service", filled / "data", "nytta", "verify")  # in databases of its own
    moved, keys = filled / "moved.tar", filled / "data" / "key.json"
    as_user("nytta_service", filled / "data", "nytta", "backup", moved, "--portable")
    restored = as_user("nytta_service", filled / "moved", "nytta", "restore", moved, "--keys", keys)
    assert ": 5 events" in restored
    assert not allowed("nytta_service", filled, OUTSIDE)


@pytest.mark.slow
def test_the_gateway_starts_and_learns_and_reads_no_event(filled: Path) -> None:
    as_user("nytta_gateway", filled / "data", "gateway", filled / "registry")
    assert not allowed("nytta_gateway", filled, (*PRIVATE, *OUTSIDE, *OPEN, LOG))


@pytest.mark.slow
@pytest.mark.parametrize("user", READERS)
def test_whoever_shows_figures_is_refused_everything_else(filled: Path, user: str) -> None:
    may = {*OPEN, LOG} if user == "nytta_console" else {*OPEN}
    assert allowed(user, filled, (*PRIVATE, *OUTSIDE, *OPEN, LOG)) == may


@pytest.mark.slow
def test_a_reader_may_ask_for_less_and_never_for_more(filled: Path) -> None:
    some = "SELECT count() FROM nytta.published_values SETTINGS "
    tries = {
        "max_execution_time = 10": "",
        "max_execution_time = 35": "",  # what Grafana's driver makes of a deadline of 30 seconds
        "max_execution_time = 3600": "max_execution_time shouldn't be greater than 60",
        "max_execution_time = 0": "max_execution_time shouldn't be less than 1",
        "max_memory_usage = 0": "max_memory_usage shouldn't be less than 1",
        "max_rows_to_read = 0": "max_rows_to_read shouldn't be less than 1",
        "readonly = 0": "readonly",
    }
    asked = as_user("nytta_open", filled / "data", "ask", *(some + setting for setting in tries))
    told = json.loads(asked.strip().splitlines()[-1])
    for (setting, refusal), error in zip(tries.items(), told, strict=True):
        assert bool(error) == bool(refusal), (setting, error)
        assert refusal in error, setting


@pytest.mark.parametrize("ours", [False, True])
def test_nobody_signs_in_as_default(tmp_path: Path, ours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine reads the image's users and ours as a server does, and signs in as `default`: with ours it cannot."""
    config = configured(tmp_path / "config", IMAGE, USERS_FILE.read_text("utf-8") if ours else "")
    for element in USERS.findall("users/*/password_sha256_hex"):
        monkeypatch.setenv(element.get("from_env", ""), sha256(element.get("from_env", "").encode()).hexdigest())
    code = "import chdb, sys; print(chdb.connect(sys.argv[1]).query('SELECT currentUser()'))"
    done = subprocess.run(
        [sys.executable, "-c", code, f"file:{tmp_path / 'store'}?config-file={config}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("AUTHENTICATION_FAILED" in done.stderr, "default" in done.stdout) == (ours, not ours), done.stderr


def test_the_users_are_four_with_grants_and_nobody_else() -> None:
    there = {user.tag: user for user in USERS.findall("users/*")}
    assert there.pop("default").get("remove") == "remove"
    assert set(there) == set(NAMED)
    assert all(grants(user) for user in NAMED)


def grants(user: str) -> list[str]:
    return [query.text or "" for query in USERS.findall(f"users/{user}/grants/query")]


def users() -> list[ElementTree.Element]:
    return [user for user in USERS.findall("users/*") if not user.get("remove")]


def test_grants_are_the_database_s_language(engine: Connection) -> None:
    for user in users():
        for grant in grants(user.tag):
            # a grant in a configuration has no receiver: it is the user's own
            assert engine.rows("SELECT formatQuery({text:String})", text=f"{grant} TO {user.tag}")


@pytest.mark.parametrize("user", READERS)
def test_whoever_shows_figures_reads_the_open_zone_alone(user: str) -> None:
    assert grants(user)
    for grant in grants(user):
        assert re.fullmatch(r"GRANT (SELECT ON nytta\.\*|INSERT ON nytta\.access_log)", grant), grant


def test_no_password_stands_in_the_file() -> None:
    for user in users():
        password = user.find("password_sha256_hex")
        assert password is not None
        assert not password.text
        assert password.get("from_env")


def test_every_user_has_a_profile_and_a_quota_that_exist() -> None:
    profiles = {p.tag for p in USERS.findall("profiles/*")} | {"default"}
    quotas = {q.tag for q in USERS.findall("quotas/*")} | {"default"}
    for user in users():
        assert user.findtext("profile") in profiles
        assert user.findtext("quota") in quotas
    assert USERS.findtext("profiles/nytta_reading/readonly") == "2"


def test_topics_of_the_private_zone_are_read_by_workers_alone(tmp_path: Path) -> None:
    rights = {(one.principal, one.operation, one.name) for one in acls.asked(tmp_path) if one.kind == "topic"}
    named = {topic.name: f"nytta.{topic.name}" for topic in topics.TOPICS}
    assert {topic for _, _, topic in rights} == set(named.values())
    reading = {(who, topic) for who, operation, topic in rights if operation == "Read"}
    assert {topic for who, topic in reading if who != "nytta-worker"} == {named[topics.VALUES], named[topics.SIGNALS]}
    assert ("nytta-open", "Write") not in {(who, operation) for who, operation, _ in rights}
    assert {operation for _, operation, _ in rights} == {"Read", "Write", "Create", "Describe", "DescribeConfigs"}


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
