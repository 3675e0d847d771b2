-- Imports: rows of an import count from the moment its state is 'committed'.
CREATE TABLE IF NOT EXISTS {private}.imports
(
    import       UInt64,
    name         String,
    digest       String,
    mapping      LowCardinality(String),
    organisation LowCardinality(String),
    state        LowCardinality(String),
    snapshot     UInt64,
    read         UInt64,
    accepted     UInt64,
    duplicate    UInt64,
    conflict     UInt64,
    rejected     UInt64,
    left_out     UInt64,
    updated_at   DateTime64(3, 'UTC'),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY import
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Rejected input, whole and encrypted; the digest is of the clear body, keyed, so that a resent reject stays one row.
CREATE TABLE IF NOT EXISTS {private}.rejects
(
    digest      FixedString(16),
    source      LowCardinality(String),
    reason      LowCardinality(String),
    position    String,
    detail      String,
    import      UInt64,
    received_at DateTime64(3, 'UTC'),
    body        String
)
ENGINE = ReplacingMergeTree
ORDER BY (source, reason, digest, position)
TTL toDateTime(received_at) + INTERVAL 14 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS {private}.rejected_of_rejects TO {open}.rejected AS
SELECT source, reason, position, received_at FROM {private}.rejects;

-- What must be computed again. Written after raw and rejects, before anything is acknowledged. Subjects are marked by
-- their id, acts of persons (kind 'act') by unit and day; `hour` is the latest hour of the events behind the mark.
CREATE TABLE IF NOT EXISTS {private}.marks
(
    sequence UInt64,
    batch    UInt64,
    kind     LowCardinality(String),
    system   LowCardinality(String),
    subject  FixedString(16),
    unit     LowCardinality(String),
    hour     DateTime('UTC')
)
ENGINE = MergeTree
PARTITION BY intDiv(sequence, 1000)
ORDER BY (sequence, kind, system, subject)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Counters that only grow: batch, version, cleared (the last mark computed), last_week (Monday of the latest event's
-- week, as days since 1970: how far figures of standing subjects reach).
CREATE TABLE IF NOT EXISTS {private}.counters
(
    name  LowCardinality(String),
    value SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Working lists of one recomputation; empty between them. They outlive the engine, and `round_touched` also outlives a
-- round that died: the next one needs what had been touched, because subjects may have moved already.
CREATE TABLE IF NOT EXISTS {private}.round_marks
(
    kind    LowCardinality(String),
    system  LowCardinality(String),
    subject FixedString(16),
    unit    LowCardinality(String),
    hour    DateTime('UTC')
)
ENGINE = MergeTree ORDER BY tuple();

CREATE TABLE IF NOT EXISTS {private}.round_touched
(
    subject LowCardinality(String),
    unit    LowCardinality(String),
    system  LowCardinality(String),
    day     Date,
    onwards Bool
)
ENGINE = MergeTree ORDER BY tuple();

CREATE TABLE IF NOT EXISTS {private}.round_cells
(
    indicator LowCardinality(String),
    version   UInt16,
    grain     LowCardinality(String),
    unit      LowCardinality(String),
    system    LowCardinality(String),
    period    Date
)
ENGINE = MergeTree ORDER BY tuple();

CREATE TABLE IF NOT EXISTS {private}.round_persons
(
    grain       LowCardinality(String),
    window      UInt16,
    unit        LowCardinality(String),
    system      LowCardinality(String),
    case_type   LowCardinality(String),
    period      Date,
    person      FixedString(16),
    active      UInt8,
    eligible    UInt8,
    entitled    UInt8,
    present     Int8,
    present_any UInt16,
    legacy      UInt8,
    tier        LowCardinality(String),
    trained     UInt8,
    weeks_at_work UInt8,
    weeks_active  UInt8
)
ENGINE = MergeTree ORDER BY tuple();
