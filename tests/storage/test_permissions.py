"""Files of an installation are their owner's alone: made so, and mended where an earlier version left them open."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nytta.storage import permissions
from nytta.storage.permissions import close, create, exposure, make_folder, replace

SOMEBODY = 10001


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def opened(folder: Path) -> Path:
    """A folder as an earlier version left it."""
    for name in ("store/parts/data.bin", "store/uuid", "key.json.lock", "reads/1.lines"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def test_everything_below_is_closed_and_then_nothing_is_left(tmp_path: Path) -> None:
    data = opened(tmp_path / "data")
    seen = exposure([data])
    assert (seen.count, seen.seen, seen.foreign) == (8, 8, 0)
    assert seen.named().endswith(" …")
    assert len(seen.examples) == 3
    assert close([data]) == (8, 0)
    assert {mode(path) for path in data.rglob("*") if path.is_file()} == {0o600}
    assert {mode(path) for path in (data, *data.rglob("*")) if path.is_dir()} == {0o700}
    assert close([data]) == (0, 0)
    assert exposure([data]).count == 0


def test_a_look_is_bounded(tmp_path: Path) -> None:
    assert exposure([opened(tmp_path / "data")], entry_limit=5).seen == 5


def test_nothing_outside_is_touched_through_links(tmp_path: Path) -> None:
    data, outside = opened(tmp_path / "data"), opened(tmp_path / "outside")
    (data / "store" / "linked").symlink_to(outside)
    (data / "file").symlink_to(outside / "store" / "uuid")
    (data / "nowhere").symlink_to(tmp_path / "absent")
    assert close([data]) == (8, 0)
    assert (mode(outside), mode(outside / "store" / "uuid")) == (0o755, 0o644)
    assert exposure([data]).count == 0


def test_a_place_that_is_itself_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    opened(tmp_path / "disk")
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    assert close([tmp_path / "data", tmp_path / "absent"]) == (8, 0)
    assert mode(tmp_path / "disk") == 0o700


def test_a_second_name_of_a_file_is_the_same_file(tmp_path: Path) -> None:
    data = opened(tmp_path / "data")
    (data / ".backup-1").mkdir(mode=0o700)
    (data / ".backup-1" / "uuid").hardlink_to(data / "store" / "uuid")
    assert close([data])[1] == 0
    assert mode(data / ".backup-1" / "uuid") == 0o600


def test_pipes_and_sockets_are_left_alone(tmp_path: Path) -> None:
    data = opened(tmp_path / "data")
    os.mkfifo(data / "pipe", 0o666)
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(str(data / "socket"))
        assert close([data]) == (8, 0)


def test_a_folder_that_all_share_stays_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "file").write_text("x")
    (shared / "file").chmod(0o644)
    assert close([shared]) == (1, 1)
    assert (mode(shared), mode(shared / "file")) == (0o1777, 0o600)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_what_belongs_to_another_user_is_counted_and_stays(tmp_path: Path) -> None:
    data = opened(tmp_path / "data")
    os.chown(data / "store" / "uuid", SOMEBODY, SOMEBODY)
    assert close([data]) == (7, 1)
    assert mode(data / "store" / "uuid") == 0o644
    assert (exposure([data]).count, exposure([data]).foreign) == (1, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_s_folder_is_said_and_a_secret_that_root_hands_over_is_none(tmp_path: Path) -> None:
    """As in a container: the folder and the secret are root's, and a group makes them ours to read."""
    data, secret = tmp_path / "data", tmp_path / "key.json"
    data.mkdir()
    data.chmod(0o777)
    secret.write_text("{}")
    os.chown(secret, 0, SOMEBODY)
    secret.chmod(0o440)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    code = (
        "import os, sys; from pathlib import Path; from nytta.storage.permissions import close, exposure\n"
        f"os.setgid({SOMEBODY}); os.setuid({SOMEBODY})\n"
        "places = [Path(p) for p in sys.argv[1:]]\n"
        "print(close(places), [exposure([p]).count for p in places], places[1].read_text())"
    )
    done = subprocess.run([sys.executable, "-c", code, data, secret], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 1) [1, 0] {}\n"
    assert mode(data) == 0o777


def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_folder(tmp_path / "a" / "b")
        with create(tmp_path / "a" / "new") as file:
            file.write(b"1")
        replace(tmp_path / "a" / "random", b"2")
        replace(tmp_path / "a" / "named", b"3", temporary_name="named.new")
    finally:
        os.umask(before)
    assert {mode(tmp_path / "a" / name) for name in ("", "b")} == {0o700}
    assert {mode(tmp_path / "a" / name) for name in ("new", "random", "named")} == {0o600}
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["b", "named", "new", "random"]


def test_a_new_file_takes_no_other_s_place(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (tmp_path / "link").symlink_to(target)
    for anew in (False, True):
        with pytest.raises(OSError):
            create(tmp_path / "link", anew=anew)
    with pytest.raises(FileExistsError):
        create(target)
    assert target.read_text() == "kept"


def test_a_file_that_is_made_anew_is_closed_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "left"
    path.write_text("of a crash")
    path.chmod(0o666)
    with create(path, anew=True) as file:
        assert (mode(path), path.read_bytes()) == (0o600, b"")
        file.write(b"new")


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.json"
    replace(path, b"old")

    def full(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        replace(path, b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("key.json", b"old")]


def test_a_process_that_is_restricted_makes_private_files(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        permissions.restrict()
        (tmp_path / "file").write_text("x")
        (tmp_path / "folder").mkdir()
    finally:
        os.umask(before)
    assert (mode(tmp_path / "file"), mode(tmp_path / "folder")) == (0o600, 0o700)
