"""A store moves from the embedded engine to a server and back: rows, figures and proof are the same.

The server is the facade over the embedded engine, for none was at hand.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta.storage.backup import BackupError, read
from nytta.storage.portable import check_sums
from tests.organisations import SMALL_COUNTY
from tests.service.test_keeping import packed
from tests.support.commands import answer, nytta
from tests.support.installation import Store

WEEKS = 6
PERSONS = 20


def events() -> Iterator[bytes]:
    """Persons of a unit who begin to use a system, some earlier than others."""
    today = datetime.now(UTC)
    since = (today - timedelta(weeks=WEEKS + 1)).date().isoformat()
    envelope = {"specversion": "1.0", "source": "/desk"}
    for person in range(PERSONS):
        data = {"unit": "north", "system": "cases", "actor": f"p{person}"}
        eligibility = {"id": f"e{person}", "type": "nytta.people.eligibility.v1", "time": today.isoformat()}
        yield orjson.dumps(envelope | eligibility | {"data": data | {"valid_from": since}})
        for week in range(1 + person % 4, WEEKS):
            at = today - timedelta(weeks=WEEKS - week)
            session = {"id": f"s{person}-{week}", "type": "nytta.platform.session.v1", "time": at.isoformat()}
            yield orjson.dumps(envelope | session | {"data": data})


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an embedded store with figures."""
    folder = tmp_path_factory.mktemp("moving")
    for name, text in SMALL_COUNTY.items():
        (folder / name).write_bytes(text)
    (folder / "events.ndjson").write_bytes(b"\n".join(events()))
    told = answer("import", folder / "events.ndjson", "--registry", folder, "--data", folder / "data")
    assert told["accepted"] > WEEKS * PERSONS / 2
    return folder / "data"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """The settings of whoever uses an empty server."""
    store = Store(tmp_path)
    store.start()
    yield {"NYTTA_CLICKHOUSE": store.dsn}
    store.process.kill()


def published(data: Path, environment: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """What is published by week."""
    rows: list[dict[str, Any]] = answer("values", "--by", "week", "--data", data, environment=environment)
    return rows


@pytest.mark.slow
def test_a_store_moves_to_a_server_and_back(embedded: Path, server: Mapping[str, str], tmp_path: Path) -> None:
    keys, there, back = embedded / "key.json", tmp_path / "there", tmp_path / "back"
    before = published(embedded)
    assert any(row["value"] is not None for row in before)
    held = answer("backup", tmp_path / "a.tar", "--portable", "--data", embedded)["rows"]

    answer("restore", tmp_path / "a.tar", "--keys", keys, "--data", there, environment=server)
    assert published(there, server) == before
    verified = answer("verify", "--data", there, environment=server)
    assert verified["equal"]
    assert verified["compared"] >= held["private.cells"] > 0
    assert not (there / "store").exists()

    # what is there is never restored over
    again = nytta("restore", tmp_path / "a.tar", "--keys", keys, "--data", there, code=1, environment=server)
    assert "the store has rows already" in again.stderr

    answer("backup", tmp_path / "b.tar", "--portable", "--data", there, environment=server)
    answer("restore", tmp_path / "b.tar", "--keys", keys, "--data", back)
    assert published(back) == before
    assert answer("verify", "--data", back)["equal"]


@pytest.mark.slow
def test_a_damaged_file_of_rows_leaves_nothing(embedded: Path, tmp_path: Path) -> None:
    source, data = tmp_path / "a.tar", tmp_path / "data"
    answer("backup", source, "--portable", "--data", embedded)
    assert read(source).format == 2
    with tarfile.open(source) as archive:
        events = archive.getmember("rows/private.events.native")
    whole = bytearray(source.read_bytes())
    short = tmp_path / "short.tar"
    short.write_bytes(whole[: events.offset_data])
    with pytest.raises(BackupError, match="not complete"):
        check_sums(short)
    whole[events.offset_data + events.size // 2] ^= 1
    source.write_bytes(whole)
    done = nytta("restore", source, "--keys", embedded / "key.json", "--data", data, code=1)
    assert "rows/private.events.native is not what it was" in done.stderr
    assert not (data / "store").exists()


def test_files_of_an_engine_are_not_for_a_server(tmp_path: Path) -> None:
    source = packed(tmp_path / "a.tar")
    done = nytta("restore", source, code=2, environment={"NYTTA_CLICKHOUSE": "clickhouse://127.0.0.1:1"})
    assert "make one with nytta backup --portable" in done.stderr
