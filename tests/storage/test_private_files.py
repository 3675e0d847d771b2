"""What processes leave is their owner's alone under any umask; what an earlier version left open is mended and said."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.ingest.http.conftest import of_unit
from tests.ingest.http.service import Service
from tests.organisations import SMALL_COUNTY
from tests.support.broker import Broker
from tests.support.commands import nytta
from tests.support.installation import Installation
from tests.support.processes import Process, answers, free_port, python, until

pytestmark = pytest.mark.slow


@pytest.fixture
def careless() -> Iterator[None]:
    """Processes are started by a shell that lets everybody read and write what they make."""
    before = os.umask(0)
    yield
    os.umask(before)


def left_open(*places: Path) -> list[str]:
    """What others may do something with, links aside, whose modes mean nothing."""
    paths = [path for place in places for path in (place, *place.rglob("*"))]
    modes = {path: mode for path in paths if (mode := mode_of(path)) is not None and not stat.S_ISLNK(mode)}
    return [f"{path} {mode:o}" for path, mode in modes.items() if mode & 0o077]


def mode_of(path: Path) -> int | None:
    """The mode of a file; None of one that a running engine has renamed or dropped since it was listed."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return None


def registry(folder: Path) -> Path:
    folder.mkdir()
    for name, content in SMALL_COUNTY.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_store_is_private_and_one_of_an_earlier_version_is_mended_and_said(careless: None, tmp_path: Path) -> None:
    declared, data = registry(tmp_path / "registry"), tmp_path / "new" / "data"
    events = tmp_path / "events.ndjson"
    events.write_bytes(b"\n".join(orjson.dumps(of_unit("north", n)) for n in range(5)))
    first = nytta("import", events, "--data", data, "--registry", declared)
    assert "other users" not in first.stderr
    assert len(list(data.rglob("*"))) > 100
    assert (data / "key.json.lock").exists()
    assert not left_open(data.parent)

    for path in (data, *data.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    doctor = nytta("doctor", "--data", data, "--json", code=1)
    (files,) = [row for row in orjson.loads(doctor.stdout) if row["what"] == "files"]
    assert files["state"] == "bad"
    assert f"can be read by others: {data}, " in files["found"]
    assert files["mend"] == f"chmod -R go= {data}"
    assert left_open(data / "store")  # the doctor changes nothing

    mended = nytta("values", "--data", data)
    assert f"{data}: other users could read " in mended.stderr
    assert mended.stderr.count("other users") == 1
    assert not left_open(data)


def test_the_service_its_backups_and_exports_are_private(careless: None, tmp_path: Path) -> None:
    elsewhere = tmp_path / "secrets"
    (tmp_path / "out").mkdir()
    environment = {"NYTTA_KEY_FILE": str(elsewhere / "key.json"), "NYTTA_TOKENS": str(elsewhere / "tokens.json")}
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        service = Service(tmp_path).start()
        assert service.post([of_unit("north", n) for n in range(20)]).status_code == 202
        assert service.post([of_unit("nowhere", 1)]).json()["rejected"]
        service.answer("backup", tmp_path / "out" / "backup.tar")
        nytta("forward", tmp_path / "out" / "forwarded.ndjson", "--data", service.data)
        assert {path.name for path in (tmp_path / "out").iterdir()} == {"backup.tar", "forwarded.ndjson"}
        assert (service.data / "service.json").exists()
        assert not left_open(service.data, elsewhere, *(tmp_path / "out").iterdir())
        service.stop()
        assert not left_open(service.data, elsewhere)

        # a backup of an earlier version holds what that version's files allowed
        loose = tmp_path / "loose.tar"
        with tarfile.open(tmp_path / "out" / "backup.tar") as source, tarfile.open(loose, "w") as target:
            for member in source:
                member.mode = 0o777 if member.isdir() else 0o666
                target.addfile(member, source.extractfile(member) if member.isreg() else None)
        os.environ.pop("NYTTA_KEY_FILE")
        restored = nytta("restore", loose, "--keys", elsewhere / "key.json", "--data", tmp_path / "restored" / "data")
        assert "other users" not in restored.stderr
        assert not left_open(tmp_path / "restored")
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def test_gateway_worker_and_alerter_leave_private_files(careless: None, broker: Broker, tmp_path: Path) -> None:
    place = Installation(tmp_path / "place", broker)
    own = tmp_path / "own"
    environment = place.environment | {"NYTTA_DATA": str(own)}
    os.environ["NYTTA_DATA"] = str(own)
    others = []
    try:
        own.mkdir()
        (place.folder / "key.json").rename(own / "key.json")
        place.start(workers=0)
        for name, path in (("gateway", "healthz"), ("worker", "readyz"), ("alerter", "readyz")):
            port = free_port()
            process = Process(python("-m", "nytta", name, "--port", str(port)), tmp_path / f"{name}.log", environment)
            process.start()
            others.append(process)
            until(lambda url=f"http://127.0.0.1:{port}/{path}": answers(url), name, process.log)  # type: ignore[misc]
        nytta("token", "add", "desk", environment=environment)
        nytta("access", environment=environment)
        assert {path.name for path in own.iterdir()} >= {"key.json", "tokens.json"}
        assert not left_open(own)
        assert "other users could read" in others[0].log.read_text()  # the folder that this test made
    finally:
        os.environ.pop("NYTTA_DATA")
        for process in others:
            process.stop()
        place.stop()


def test_what_is_for_others_to_read_follows_the_shell(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        nytta("simulate", "--story", "anchoring", "--weeks", "60", "--scale", "0.1", "--out", tmp_path / "story")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "story").rglob("*") if path.is_file()}
    assert modes == {0o644}
