"""What a store refuses or cannot do, as errors that say what to do about it; and who is let finish when it stops."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from clickhouse_connect.driver.exceptions import ClickHouseError

from nytta import Mendable

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DISK_FULL = "the disk is full: what was complete stands. Free space under --data and run the same command again"

_answering: ContextVar[bool] = ContextVar("answering", default=False)


class StoreError(Mendable):
    """The store refused: what happened and what to do about it, in one sentence."""


class DiskFullError(StoreError):
    """There is no room: nothing was written, and the same may be tried again when there is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _DISK_FULL)


class DamagedError(DiskFullError):
    """Writes of the engine failed while it went on as if they had not: the process must end, and open the store anew.

    What was acknowledged is on disk, whole; whoever opens the store next finds that, and does the rest again.
    """

    def __init__(self) -> None:
        super().__init__(
            "the disk was full while the engine wrote, so it must be opened anew; nothing acknowledged is lost. Free "
            "space under --data and start again"
        )


class StoppedError(Exception):
    """The process is ending: what was under way is broken off here, and can be begun again."""

    def __init__(self) -> None:
        super().__init__("the service is stopping")


@contextmanager
def answering() -> Iterator[None]:
    """While somebody waits for an answer, or what was done is written down: a store that stops takes its statements."""
    token = _answering.set(True)
    try:
        yield
    finally:
        _answering.reset(token)


def is_answering() -> bool:
    """Whether the caller is within `answering`."""
    return _answering.get()


@contextmanager
def explaining() -> Iterator[None]:
    """Make what ClickHouse, or the disk, says of a statement a `StoreError`."""
    try:
        yield
    except ClickHouseError as error:
        explanation = explain(str(error))
        if explanation == _DISK_FULL:
            raise DiskFullError from error
        raise StoreError(explanation) from error
    except OSError as error:  # rows on their way to the engine wait in a file
        if error.errno not in _FULL:
            raise
        raise DiskFullError from error


def explain(message: str) -> str:
    """A person's sentence for what ClickHouse says."""
    if "Error initializing EmbeddedServer" in message:
        return (
            "the folder is in use by another process, or cannot be written: only one process may open it. Stop the "
            "other one, or give another --data"
        )
    if (
        "No space left on device" in message
        or "NOT_ENOUGH_SPACE" in message
        or "Cannot reserve" in message
    ):
        return _DISK_FULL
    if "MEMORY_LIMIT_EXCEEDED" in message:
        match = re.search(r"maximum: ([0-9.]+ [KMGT]iB)", message)
        limit = f" ({match[1]})" if match else ""
        return (
            f"the engine needs more memory than it may have{limit}; nothing that stood is "
            "changed. Set NYTTA_MEMORY to more bytes, such as 4294967296 for 4 GiB, on a machine that has them, and "
            "run the same command again"
        )
    if away := re.search(r"HTTPS?ConnectionPool\(host='([^']+)', port=(\d+)\)", message):
        return (
            f"no ClickHouse server answers at {away[1]}:{away[2]}, which NYTTA_CLICKHOUSE names: see whether it runs, "
            "and whether this machine may reach it"
        )
    if "AUTHENTICATION_FAILED" in message:
        return "the ClickHouse server knows no such user with this password: see NYTTA_CLICKHOUSE"
    # one line: what may follow is long, and says nothing that a person could mend
    return message.strip().splitlines()[0][:600]
