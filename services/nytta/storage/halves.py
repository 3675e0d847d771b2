"""What an engine left half-written that was killed, or whose disk was full; found before it is opened.

The engine itself sets parts aside whose files are not as long as they were to be, and takes up those they were made of.
What it does not bear are small files that were begun and not written: it does not start with them.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_BLOCK: Final = 4096
"""Bytes of a file that a full disk takes whole or not at all."""


def mended(store: Path) -> list[str]:
    """Remove, below an engine's folder, what was begun and not written; the names of the files.

    Nothing is done where an engine has the folder open.
    """
    removed: list[str] = []
    with _free(store) as is_free:
        if not is_free:
            return removed
        for path in [*_mutations(store), *_definitions(store)]:
            if _half(path):
                path.unlink()
                removed.append(str(path.relative_to(store)))
        # written rather than removed: it is part of a table whose rows may be there, and holds nothing but this
        for path in store.glob("store/*/*/format_version.txt"):
            if not path.stat().st_size:
                path.write_text("1")
    return removed


@contextmanager
def _free(store: Path) -> Iterator[bool]:
    """Whether no engine has the folder open; none can open it meanwhile."""
    try:
        # the file that the engine itself locks while it is open
        with (store / "status").open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
    except FileNotFoundError:  # no engine was ever here
        yield True
    except BlockingIOError:
        yield False


def _mutations(store: Path) -> Iterator[Path]:
    """Files of changes to a table's rows: whoever wanted one that is gone wants it again."""
    for pattern in ("mutation_*.txt", "tmp_mutation_*.txt"):
        yield from store.glob(f"store/*/*/{pattern}")


def _definitions(store: Path) -> Iterator[Path]:
    """Definitions of tables and databases: of one that was to be made, and is made again."""
    for pattern in ("*.sql", "*.sql.tmp"):
        yield from store.glob(f"store/*/*/{pattern}")
        yield from store.glob(f"metadata/{pattern}")


def _half(path: Path) -> bool:
    """Whether a text file was not written to its end, which is that of a line."""
    file_size = path.stat().st_size
    # an empty file is half-written too: nothing of it found room
    if file_size % _BLOCK:
        return False
    with path.open("rb") as file:
        file.seek(max(0, file_size - 1))
        return file.read(1) != b"\n"
