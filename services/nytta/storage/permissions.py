"""Whose the files of an installation are: their owner's alone, whatever the umask of the shell was.

Processes that write into the data folder call `restrict` first, so that what the engine and other libraries make is
private too. Secrets are made with `create` and `replace`, which do not rely on it. `close` mends a folder that an
earlier version left open, `exposure` says what is open. Both go through every file and folder below, and never through
a link: what a link leads to is not theirs.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

_OTHERS: Final = 0o077
"""All that anybody but the owner may do."""
_WORLD: Final = 0o007
"""All that anybody may do who is neither the owner nor of the group."""
_FOLDER: Final = 0o700
_FILE: Final = 0o600
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Exposure:
    """How many files and folders others can read or change, the first few of them, and how many were looked at.

    `foreign` belong to another user: this one can neither mend nor, mostly, use them.
    """

    count: int
    examples: tuple[Path, ...]
    foreign: int
    seen: int

    def named(self) -> str:
        """The first few, in words."""
        more = " …" if self.count > len(self.examples) else ""
        return ", ".join(map(str, self.examples)) + more


class _Entry(NamedTuple):
    """A file or folder by its name in the open folder `within`; without one, `name` is its whole path."""

    folder: str
    name: str
    within: int | None
    status: os.stat_result


def restrict() -> None:
    """Let whatever this process makes from now on be its owner's alone."""
    # the one way to reach what libraries and the engine make, which take no mode
    os.umask(_OTHERS)


def make_folder(path: Path) -> None:
    """Make a folder where there is none, its owner's alone, and so the folders above it that are missing."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=_FOLDER, exist_ok=True)


def create(path: Path, *, anew: bool = False) -> BinaryIO:
    """Open a new file for writing, its owner's alone. FileExistsError where it is there, unless it is made `anew`."""
    # never through a link, which somebody else may have put there; not inherited by processes that this one starts
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    if not anew:
        flags |= os.O_EXCL
    descriptor = os.open(path, flags, _FILE)
    # only now, for others who may have it open must not read what comes
    if anew:
        os.fchmod(descriptor, _FILE)
        os.ftruncate(descriptor, 0)
    return os.fdopen(descriptor, "wb")


def replace(path: Path, file_body: bytes, temporary_name: str = "") -> None:
    """Put a file, its owner's alone, in the place of another as one step, on disk when this returns.

    It is written as `temporary_name` first; under a random name where several may come at once.
    """
    temporary_path = path.with_name(temporary_name or f"{path.name}.{secrets.token_hex(4)}")
    try:
        with create(temporary_path, anew=bool(temporary_name)) as file:
            file.write(file_body)
            file.flush()
            os.fsync(file.fileno())
        temporary_path.replace(path)
    except BaseException:  # an interruption too: what was begun may be a secret
        temporary_path.unlink(missing_ok=True)
        raise
    # the new name is on disk only when its folder is
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def exposure(paths: Iterable[Path], entry_limit: int = 1_000_000) -> Exposure:
    """What of these paths and of all below them is open to others; `entry_limit` files and folders are looked at."""
    examples: list[Path] = []
    open_count = foreign = seen_count = 0
    for entry in islice(_entries(paths), entry_limit):
        seen_count += 1
        foreign += entry.status.st_uid != os.geteuid()
        if _open(entry.status):
            open_count += 1
            if len(examples) < _EXAMPLES:
                examples.append(Path(entry.folder, entry.name))
    return Exposure(open_count, tuple(examples), foreign, seen_count)


def close(paths: Iterable[Path]) -> tuple[int, int]:
    """Take from others whatever they may do with these places and all that is below: how many were open, how many are.

    What belongs to another user stays as it is, and so does a folder that all may write into: it is shared on purpose.
    """
    outcomes = [_closed(entry) for entry in _entries(paths) if _open(entry.status)]
    return outcomes.count(True), outcomes.count(False)


def _open(status: os.stat_result) -> bool:
    # root's file that a group may read is how a secret is handed to a process that is not root
    handed = stat.S_ISREG(status.st_mode) and status.st_uid == 0 != os.geteuid()
    return bool(status.st_mode & (_WORLD if handed else _OTHERS))


def _closed(entry: _Entry) -> bool:
    if not _own(entry.status):
        return False
    # opened first and changed by its descriptor: a name may become a link between a look and a change. Without
    # waiting, for a pipe in its place would wait for a writer
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(entry.name, flags, dir_fd=entry.within)
    except FileNotFoundError:  # it went meanwhile
        return True
    except OSError:  # its owner may not read it, or it became a link
        return False
    try:
        status = os.fstat(descriptor)
        if _own(status):
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~_OTHERS)
        return _own(status)
    finally:
        os.close(descriptor)


def _own(status: os.stat_result) -> bool:
    # the sticky bit: a folder such as /tmp, in which everybody may write and nobody removes what others wrote
    is_shared = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    return _counts(status) and status.st_uid == os.geteuid() and not is_shared


def _counts(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)


def _entries(places: Iterable[Path]) -> Iterator[_Entry]:
    """Regular files and folders; a place that is a link is what it leads to, for whoever named it meant that."""
    for place in places:
        resolved = place.resolve()
        try:
            status = resolved.stat()
        except OSError:  # it is not there, or lies where this process may not go
            continue
        if _counts(status):
            yield _Entry("", str(resolved), None, status)
        if stat.S_ISDIR(status.st_mode) and os.access(resolved, os.R_OK | os.X_OK):
            yield from _below(resolved)


def _below(top_folder: Path) -> Iterator[_Entry]:
    # by open folders rather than by paths: a folder that is moved or becomes a link meanwhile leads nowhere else
    for folder, folders, file_names, folder_descriptor in os.fwalk(
        top_folder, follow_symlinks=False
    ):
        for entry_name in (*folders, *file_names):
            try:
                status = os.stat(entry_name, dir_fd=folder_descriptor, follow_symlinks=False)
            except FileNotFoundError:  # the engine took it away meanwhile
                continue
            if _counts(status):
                yield _Entry(folder, entry_name, folder_descriptor, status)
