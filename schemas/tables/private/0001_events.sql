-- Raw usage events. Every content that ever came for an identity (source, id) stays; readers choose the winner:
-- the latest snapshot, then the smallest content hash, so that the order of arrival never matters. Parts are merged
-- sixteen at a time: rows are looked up by subject, so many parts cost little, and each row is rewritten less often.
CREATE TABLE IF NOT EXISTS {private}.events
(
    source        LowCardinality(String),
    id            String,
    type          LowCardinality(String),
    kind          LowCardinality(String),
    time          DateTime64(3, 'UTC'),
    received_at   DateTime64(3, 'UTC'),
    batch         UInt64,
    import        UInt64,
    snapshot      UInt64,
    sequence      UInt64,
    unit          LowCardinality(String),
    system        LowCardinality(String),
    case_type     LowCardinality(String),
    subject       FixedString(16),
    actor         FixedString(16),
    actor_key     LowCardinality(String),
    actor_kind    LowCardinality(String),
    channel       LowCardinality(String),
    mode          LowCardinality(String),
    activity      LowCardinality(String),
    team          LowCardinality(String),
    line          UInt8,
    category      LowCardinality(String),
    role          LowCardinality(String),
    tier          LowCardinality(String),
    intended      Int8 DEFAULT -1,
    digital_route Int8 DEFAULT -1,
    end_to_end    Int8 DEFAULT -1,
    first_contact Int8 DEFAULT -1,
    how_to        Int8 DEFAULT -1,
    legacy        Int8 DEFAULT -1,
    by_law        Int8 DEFAULT -1,
    follows       Int8,
    entitled      Int8 DEFAULT -1,
    quantity      Int64,
    days          Int32,
    contract_days Int32,
    valid_from    Date32 DEFAULT toDate32('1900-01-01'),
    valid_to      Date32 DEFAULT toDate32('1900-01-01'),
    attributes    Map(LowCardinality(String), String),
    identity      FixedString(16) MATERIALIZED sipHash128(source, id),
    content       UInt64 MATERIALIZED cityHash64(
        type, time, sequence, unit, system, case_type, subject, actor, actor_key, actor_kind, channel, mode, activity,
        team, line, category, role, tier, intended, digital_route, end_to_end, first_contact, how_to, legacy, by_law,
        follows, entitled, quantity, days, contract_days, valid_from, valid_to, mapKeys(attributes), mapValues(attributes))
)
ENGINE = ReplacingMergeTree
ORDER BY (kind, system, subject, identity, snapshot, content, import)
SETTINGS merge_selector_base = 16, fsync_after_insert = 1, fsync_part_directory = 1;

-- Every content of every identity, in the order of identities: tells conflicts, resent and first seen apart. `batch` is
-- part of the key: a content that came again is found by the marks of either coming, whichever of them is written.
CREATE TABLE IF NOT EXISTS {private}.identities
(
    identity FixedString(16),
    snapshot UInt64,
    content  UInt64,
    import   UInt64,
    batch    UInt64,
    INDEX newest batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (identity, snapshot, content, import, batch)
SETTINGS index_granularity = 2048, merge_selector_base = 16, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS {private}.identities_of_events TO {private}.identities AS
SELECT identity, snapshot, content, import, batch FROM {private}.events;

-- Acts of persons in a system, in the order of unit and day: who used what in which week.
CREATE TABLE IF NOT EXISTS {private}.actions
(
    unit     LowCardinality(String),
    system   LowCardinality(String),
    time     DateTime64(3, 'UTC'),
    actor    FixedString(16),
    received_at DateTime64(3, 'UTC'),
    identity FixedString(16),
    snapshot UInt64,
    content  UInt64,
    import   UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (unit, system, toDate(time), actor, identity, snapshot, content, import)
SETTINGS merge_selector_base = 16, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS {private}.actions_of_events TO {private}.actions AS
SELECT unit, system, time, actor, received_at, identity, snapshot, content, import
FROM {private}.events
WHERE kind IN ('session', 'case') AND actor_kind = 'person' AND legacy != 1;

-- Contents that lost against another content of the same identity, and the import that brought the winner.
CREATE TABLE IF NOT EXISTS {private}.superseded
(
    identity FixedString(16),
    snapshot UInt64,
    content  UInt64,
    import   UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (identity, snapshot, content, import);
