-- How far each pulled source has come. A cursor is a time or a link of the source's own; it names no person.
CREATE TABLE IF NOT EXISTS {private}.pull_cursors
(
    source   LowCardinality(String),
    cursor   String,
    saved_at DateTime64(3, 'UTC'),
    version  UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY source
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What each round of each source did. `fields` is the share of rows, in percent, in which a field said something.
CREATE TABLE IF NOT EXISTS {private}.pull_rounds
(
    source     LowCardinality(String),
    what       LowCardinality(String),
    started_at DateTime64(3, 'UTC'),
    ended_at   DateTime64(3, 'UTC'),
    state      LowCardinality(String),
    message    String,
    pages      UInt64,
    rows       UInt64,
    events     UInt64,
    rejected   UInt64,
    retracted  UInt64,
    throttled  UInt64,
    hidden     UInt64,
    fields     Map(LowCardinality(String), UInt8)
)
ENGINE = MergeTree
ORDER BY (source, started_at)
TTL toDateTime(ended_at) + INTERVAL 400 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
