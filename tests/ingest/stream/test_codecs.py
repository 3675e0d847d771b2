"""Producers choose how their batches are compressed; a worker that lacks a codec would end at the first such batch."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

CODECS = {
    "gzip": DefaultRecordBatch.CODEC_GZIP,
    "snappy": DefaultRecordBatch.CODEC_SNAPPY,
    "lz4": DefaultRecordBatch.CODEC_LZ4,
    "zstd": DefaultRecordBatch.CODEC_ZSTD,
}


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())
def test_every_codec_of_kafka_is_read(codec: int) -> None:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for offset in range(100):
        assert builder.append(offset, timestamp=1, key=b"", value=b"{}" * 100, headers=[("content-type", None)])
    batch = MemoryRecords(bytes(builder.build())).next_batch()
    assert batch
    assert batch.validate_crc()
    first, *rest = list(batch)  # a batch is iterated once
    assert (first.value, first.headers, len(rest)) == (b"{}" * 100, [("content-type", None)], 99)
