import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import digest, opened

Write = Callable[..., Path]


def test_a_log_has_one_digest_compressed_or_not(write: Write) -> None:
    content = b"a,b\n" * 1000
    plain, packed = write(content), write(gzip.compress(content), "log.csv.gz")
    assert digest(plain) == digest(packed) == hashlib.sha256(content).hexdigest()


def test_progress_counts_the_bytes_of_the_file(write: Write) -> None:
    path = write(gzip.compress(bytes(range(256)) * 10_000), "log.gz")
    with opened(path) as stream:
        assert stream.bytes_read == 0
        while stream.read(1 << 16):
            assert 0 < stream.bytes_read <= stream.bytes_total
        assert stream.bytes_read == stream.bytes_total == path.stat().st_size


@pytest.mark.parametrize("cut", [3, 15, 200, -9, -1])
def test_a_truncated_gzip_is_told_with_its_place(write: Write, cut: int) -> None:
    packed = gzip.compress(bytes(range(256)) * 100)
    path = write(packed[:cut], "log.gz")
    with pytest.raises(InputError, match=r"log\.gz, byte \d+: the compressed file ends too early"):
        digest(path)


def test_a_damaged_gzip_is_told(write: Write) -> None:
    packed = bytearray(gzip.compress(b"some text, long enough to hold a block of it" * 100))
    packed[20:40] = bytes(20)
    with pytest.raises(InputError, match="damaged"):
        digest(write(bytes(packed), "log.gz"))


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        digest(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is a folder"):
        digest(tmp_path)
