-- The indexes of raw events hold no whole hash any more: what they find, rounds look at in the raw events themselves.
-- Deliveries tell resent, conflicting and first seen apart. `event` is half of the event's identity: two events may share
-- it (one pair among 10^9, in one store of forty), which costs a look into raw. `content` is half of a content's hash: it
-- is held only against other contents of the same event, so what counts is the chance of one comparison, 2^-32, and not
-- that any two of all contents are alike.
CREATE TABLE IF NOT EXISTS {private}.deliveries
(
    event     UInt64 CODEC(Delta, ZSTD(1)),
    snapshot  UInt64,
    content   UInt32,
    import    UInt64,
    batch     UInt64,
    revision  UInt64,
    retracted UInt8,
    INDEX newest batch TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (event, snapshot, content, import, batch)
SETTINGS index_granularity = 2048, merge_selector_base = 16, fsync_after_insert = 1, fsync_part_directory = 1,
         default_compression_codec = 'ZSTD(3)';

-- Before rows are copied: what comes in meanwhile is in it then, and twice is once.
CREATE MATERIALIZED VIEW IF NOT EXISTS {private}.deliveries_of_events TO {private}.deliveries AS
SELECT reinterpretAsUInt64(identity) AS event, snapshot, toUInt32(content) AS content, import, batch, revision, retracted
FROM {private}.events;

INSERT INTO {private}.deliveries
SELECT reinterpretAsUInt64(identity), snapshot, toUInt32(content), import, batch, revision, retracted
FROM {private}.events WHERE {part of events by identity};

-- What is known of persons by day, in the order of weeks: to the quarter of an hour since 1970, for every zone's day begins
-- with one. `said` is one hash of identity, snapshot and content: it tells apart what is said of an actor in
-- a week, and takes away what lost. Of 5 * 10^8 rows beside 10^7 contents that lost, one is taken away wrongly in one store
-- of 3,700.
CREATE TABLE IF NOT EXISTS {private}.persons_by_day
(
    week     Date,
    what     LowCardinality(String),
    unit     LowCardinality(String),
    system   LowCardinality(String),
    quarter  UInt32 CODEC(T64, ZSTD(1)),
    actor    FixedString(16),
    days     Int32,
    quantity Int64,
    said     UInt64,
    import   UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (week, what, unit, system, actor, said, import)
SETTINGS index_granularity = 2048, merge_selector_base = 16, fsync_after_insert = 1, fsync_part_directory = 1,
         default_compression_codec = 'ZSTD(3)';

CREATE MATERIALIZED VIEW IF NOT EXISTS {private}.persons_by_day_of_events TO {private}.persons_by_day AS
SELECT toMonday(greatest(toDate(at), toDate('1970-01-05'))) AS week, what, unit, system,
       toUInt32(intDiv(toUnixTimestamp64Milli(at), 900000)) AS quarter, actor, days, quantity, said, import
FROM (
    SELECT unit, system, actor, days, quantity, sipHash64(identity, snapshot, content) AS said, import,
           multiIf(kind = 'presence', 'presence', kind = 'session' AND legacy = 1, 'earlier', 'act') AS what,
           if(kind = 'presence', toDateTime64(toDate(valid_from), 3, 'UTC'), time) AS at
    FROM {private}.events
    WHERE retracted = 0 AND (kind = 'presence' OR (actor_kind = 'person' AND (kind = 'session' OR (kind = 'case' AND legacy != 1)))));

INSERT INTO {private}.persons_by_day
SELECT toMonday(greatest(toDate(at), toDate('1970-01-05'))) AS week, what, unit, system,
       toUInt32(intDiv(toUnixTimestamp64Milli(at), 900000)) AS quarter, actor, days, quantity, said, import
FROM (
    SELECT unit, system, actor, days, quantity, sipHash64(identity, snapshot, content) AS said, import,
           multiIf(kind = 'presence', 'presence', kind = 'session' AND legacy = 1, 'earlier', 'act') AS what,
           if(kind = 'presence', toDateTime64(toDate(valid_from), 3, 'UTC'), time) AS at
    FROM {private}.events
    WHERE retracted = 0 AND (kind = 'presence' OR (actor_kind = 'person' AND (kind = 'session' OR (kind = 'case' AND legacy != 1))))
      AND {part of events by identity});

-- At the end: until then a program that does not know the new ones finds all as it was.
DROP VIEW IF EXISTS {private}.identities_of_events;

DROP TABLE IF EXISTS {private}.identities;

DROP VIEW IF EXISTS {private}.person_days_of_events;

DROP TABLE IF EXISTS {private}.person_days;
