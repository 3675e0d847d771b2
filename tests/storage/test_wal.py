"""Records are there whole or not at all: torn ends are left out, damage is told, nothing follows a failed sync."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nytta.storage.wal import WriteAheadLog


def log_of(folder: Path) -> WriteAheadLog:
    log = WriteAheadLog(folder)
    assert log.hold()
    return log


def records(log: WriteAheadLog) -> list[bytes]:
    return [record for segment in log.segments() for record in segment.records]


def test_records_lie_in_segments_of_their_owner_alone(tmp_path: Path) -> None:
    log = log_of(tmp_path / "log")
    first = log.append([b"one", b"", b"two"])
    assert log.append([b""]) == first
    log.cut()
    second = log.append([b"NYT1"])
    assert first < second
    assert records(log) == [b"onetwo", b"", b"NYT1"]
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.folder.stat().st_mode) == 0o700
    log.remove(first)
    assert records(log) == [b"NYT1"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.binary(max_size=40), min_size=1, max_size=5), data=st.data())
def test_a_torn_end_is_left_out_wherever_it_was_torn(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], data: st.DataObject
) -> None:
    log = log_of(tmp_path_factory.mktemp("log"))
    ends = []
    for body in bodies:
        path = log.append([body])
        ends.append(path.stat().st_size)
    log.close()
    kept = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, kept)
    (segment,) = log.segments()
    assert list(segment.records) == bodies[: sum(end <= kept for end in ends)]
    assert not segment.damaged


def test_what_stands_behind_damage_is_read_and_the_damage_told(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    for body in (b"first", b"second", b"third"):
        path = log.append([body])
    content = path.read_bytes()
    path.write_bytes(content.replace(b"second", b"sEcond"))
    (segment,) = log.segments()
    assert segment.records == (b"first", b"third")
    assert segment.damaged
    aside = log.put_aside(path)
    assert aside.exists()
    assert list(log.segments()) == []


def test_nothing_is_written_behind_a_sync_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(tmp_path)
    before = log.append([b"first"])

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="Input/output"):
            log.append([b"unanswered"])
    assert log.append([b"next"]) != before
    assert records(log) == [b"first", b"next"]


def test_a_record_for_which_there_is_no_room_leaves_no_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of(tmp_path)
    log.append([b"first"])
    write = os.writev

    def half(file: int, parts: list[bytes]) -> int:
        return write(file, [b"".join(parts)[:9]])

    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", half)
        with pytest.raises(OSError, match="No space"):
            log.append([b"too long"])
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [len(b"first") + 16]
    log.append([b"next"])
    assert records(log) == [b"first", b"next"]


def test_one_process_has_the_folder(tmp_path: Path) -> None:
    log, other = WriteAheadLog(tmp_path), WriteAheadLog(tmp_path)
    assert log.hold()
    assert not other.hold()
    log.close()
    assert other.hold()
