from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from nytta.ingest.files.mapping import Mapping
from nytta.ingest.files.read import Chunk, read


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file and returns its path."""

    def write(content: str | bytes, name: str = "log.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def events_of() -> Callable[..., list[Any]]:
    """The events of a file; fails where a row is rejected."""

    def events_of(path: Path, mapping: Mapping, **options: Any) -> list[Any]:
        chunks: list[Chunk] = list(read(path, mapping, **options))
        assert [reject for chunk in chunks for reject in chunk.rejects] == []
        return [orjson.loads(line) for chunk in chunks for line in chunk.ndjson.splitlines()]

    return events_of
