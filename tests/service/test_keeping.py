"""Backups: what comes back is equal, also when it was taken while senders sent; what cannot be right is refused."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta.registry import declarations
from nytta.storage.backup import BackupError, Manifest, check, read, unpack
from tests.ingest.http.conftest import of_unit
from tests.ingest.http.service import Service
from tests.support.commands import answer, nytta
from tests.support.processes import ROOT

SENT = 60


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A backup that was taken while a sender sent, and the key file; all of it was acknowledged."""
    folder = tmp_path_factory.mktemp("keeping")
    service = Service(folder).start()
    begun, enough = threading.Event(), threading.Event()

    def send() -> None:
        for number in range(SENT):
            assert service.post([of_unit("north", 10 * number + n) for n in range(10)]).status_code == 202
            if number == SENT // 3:
                begun.set()
        enough.set()

    sender = threading.Thread(target=send)
    sender.start()
    assert begun.wait(60)
    done = service.answer("backup", str(folder / "b.tar"))
    assert enough.wait(120)
    sender.join()
    assert 10 * SENT // 3 <= done["rows"]["private.events"] <= 10 * SENT
    assert service.answer("verify")["equal"]
    service.stop()
    return folder / "b.tar", service.data / "key.json"


@pytest.mark.slow
def test_what_comes_back_is_equal(taken: tuple[Path, Path], tmp_path: Path) -> None:
    source, keys = taken
    data = tmp_path / "restored"
    told = answer("restore", source, "--keys", keys, "--data", data)
    assert told["events"] == told["rows"]["private.events"] > 0
    verified = answer("verify", "--data", data)
    assert verified["equal"]
    assert verified["compared"] > 0
    assert (data / "key.json").read_bytes() == keys.read_bytes()
    assert (data / "key.json").stat().st_mode & 0o077 == 0
    again = nytta("restore", source, "--keys", keys, "--data", data, code=1)
    assert "is there already" in again.stderr


@pytest.mark.slow
def test_a_second_backup_of_what_came_back_holds_the_same(taken: tuple[Path, Path], tmp_path: Path) -> None:
    source, keys = taken
    data = tmp_path / "restored"
    answer("restore", source, "--keys", keys, "--data", data)
    second = answer("backup", str(tmp_path / "second.tar"), "--data", str(data))
    assert second["rows"]["private.events"] == read(source).rows["private.events"]
    assert "give another name" in nytta("backup", tmp_path / "second.tar", "--data", data, code=1).stderr
    assert not list(data.glob(".backup-*"))


@pytest.mark.slow
def test_without_the_key_or_with_another_nothing_is_restored(taken: tuple[Path, Path], tmp_path: Path) -> None:
    source, keys = taken
    data = tmp_path / "restored"
    assert "the key file is missing" in nytta("restore", source, "--data", data, code=1).stderr
    other = tmp_path / "other.json"
    other.write_bytes(orjson.dumps(orjson.loads(keys.read_bytes()) | {"secret": "00" * 32}))
    assert "is not the key file" in nytta("restore", source, "--keys", other, "--data", data, code=1).stderr
    assert not (data / "store").exists()


@pytest.mark.slow
def test_one_that_was_cut_off_or_changed_is_refused(taken: tuple[Path, Path], tmp_path: Path) -> None:
    source, _ = taken
    whole = source.read_bytes()
    short = tmp_path / "short.tar"
    short.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupError, match=r"not complete|damaged"):
        unpack(short, tmp_path / "store")
    changed = bytearray(whole)
    with tarfile.open(source) as archive:
        largest = max(archive.getmembers(), key=lambda m: m.size)
    changed[largest.offset_data + largest.size // 2] ^= 1
    bad = tmp_path / "bad.tar"
    bad.write_bytes(changed)
    with pytest.raises(BackupError, match="is not what it was"):
        unpack(bad, tmp_path / "store")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.tar", "short.tar"]


def _here() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT / "services")}


def packed(path: Path, **changes: Any) -> Path:
    """A file that begins as a backup does."""
    manifest: dict[str, Any] = {
        "format": 1,
        "taken": "2026-01-01",
        "engine": "26.9",
        "migrations": [],
        "key": "k",
        "rows": {},
    }
    manifest |= changes
    body = orjson.dumps(manifest)
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(body)
        archive.addfile(entry, io.BytesIO(body))
    return path


def test_one_from_a_newer_version_is_refused_with_the_reason(tmp_path: Path, tables: Path) -> None:
    with pytest.raises(BackupError, match=r"newer version of Nytta \(format 3\): upgrade first"):
        read(packed(tmp_path / "b.tar", format=3))
    ahead = read(packed(tmp_path / "m.tar", migrations=["open/0001_registry", "private/0999_later"]))
    with pytest.raises(BackupError, match="migration private/0999_later is unknown here"):
        check(ahead, tables, lambda: "26.9.2.1")
    newer = read(packed(tmp_path / "e.tar", engine="27.1.1"))
    with pytest.raises(BackupError, match="newer engine"):
        check(newer, tables, lambda: "26.9.2.1")
    check(
        read(packed(tmp_path / "o.tar", migrations=["open/0001_registry"], engine="25.8")), tables, lambda: "26.9.2.1"
    )


@pytest.mark.parametrize("body", [b"", b"no archive", b"\0" * 2048])
def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(body)
    with pytest.raises(BackupError, match="is no backup of Nytta"):
        read(path)
    with pytest.raises(BackupError, match="there is no such file"):
        read(tmp_path / "gone")


@pytest.mark.parametrize(
    "changes",
    [{"format": "1"}, {"format": None}, {"rows": None}, {"migrations": {"a": 1}}, {"key": 5}, {"engine": None}],
)
def test_a_backup_that_says_something_else_of_itself_is_none(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(BackupError, match="begins with something else"):
        read(packed(tmp_path / "b.tar", **changes))


@pytest.mark.slow
def test_a_store_of_fewer_migrations_is_brought_up_to_date(tmp_path: Path) -> None:
    """As a backup of an earlier release is: restored, migrated, and equal to what its raw events say."""
    earlier = tmp_path / "tables"
    script = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from nytta.storage import client, migrate\nfrom nytta.storage.backup import hold as held, pack\n"
        "c = client.embedded(Path(sys.argv[1]) / 'store'); migrate.migrate(c, Path(sys.argv[2]))\n"
        "from nytta.service.keeping import fingerprint\nfrom nytta.ingest.keys import load_or_make\n"
        "key = fingerprint(load_or_make(Path(sys.argv[1]) / 'key.json'))\n"
        "with held(c, key, datetime.now(UTC)) as (folder, told):\n"
        "    pack(folder, Path(sys.argv[3]), told)\n"
    )
    shutil.copytree(declarations.schemas() / "tables", earlier)
    last = sorted((earlier / "open").glob("*.sql"))[-1]
    last.unlink()
    arguments = [str(tmp_path / "old"), str(earlier), str(tmp_path / "old.tar")]
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, env=_here(), cwd=ROOT)
    keys = tmp_path / "old" / "key.json"
    assert f"open/{last.stem}" not in read(tmp_path / "old.tar").migrations
    answer("restore", str(tmp_path / "old.tar"), "--keys", str(keys), "--data", str(tmp_path / "new"))
    assert f"open/{last.stem}" in answer("migrate", "--data", str(tmp_path / "new"))["applied"]
    assert answer("verify", "--data", str(tmp_path / "new"))["equal"]


@pytest.mark.slow
def test_the_manifest_tells_what_it_holds(taken: tuple[Path, Path]) -> None:
    manifest = read(taken[0])
    assert isinstance(manifest, Manifest)
    assert manifest.rows["open.migrations"] + manifest.rows["private.migrations"] == len(manifest.migrations)
    assert len(manifest.key) == 16
