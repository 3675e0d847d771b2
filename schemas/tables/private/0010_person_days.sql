-- What is known of persons by day, in the order of weeks: a round reads the weeks that it touches, however many lie behind
-- them. `what` is 'act', 'earlier' (an act in the system before) or 'presence', whose `time` is its first day.
CREATE TABLE IF NOT EXISTS {private}.person_days
(
    week     Date,
    what     LowCardinality(String),
    unit     LowCardinality(String),
    system   LowCardinality(String),
    time     DateTime64(3, 'UTC'),
    actor    FixedString(16),
    days     Int32,
    quantity Int64,
    received_at DateTime64(3, 'UTC'),
    identity FixedString(16),
    snapshot UInt64,
    content  UInt64,
    import   UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (week, what, unit, system, actor, identity, snapshot, content, import)
SETTINGS index_granularity = 2048, merge_selector_base = 16, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS {private}.person_days_of_events TO {private}.person_days AS
SELECT toMonday(greatest(toDate(at), toDate('1970-01-05'))) AS week, what, unit, system, at AS time, actor, days, quantity,
       received_at, identity, snapshot, content, import
FROM (
    SELECT unit, system, actor, days, quantity, received_at, identity, snapshot, content, import,
           multiIf(kind = 'presence', 'presence', kind = 'session' AND legacy = 1, 'earlier', 'act') AS what,
           if(kind = 'presence', toDateTime64(toDate(valid_from), 3, 'UTC'), time) AS at
    FROM {private}.events
    WHERE retracted = 0 AND (kind = 'presence' OR (actor_kind = 'person' AND (kind = 'session' OR (kind = 'case' AND legacy != 1)))));

INSERT INTO {private}.person_days
SELECT toMonday(greatest(toDate(at), toDate('1970-01-05'))) AS week, what, unit, system, at AS time, actor, days, quantity,
       received_at, identity, snapshot, content, import
FROM (
    SELECT unit, system, actor, days, quantity, received_at, identity, snapshot, content, import,
           multiIf(kind = 'presence', 'presence', kind = 'session' AND legacy = 1, 'earlier', 'act') AS what,
           if(kind = 'presence', toDateTime64(toDate(valid_from), 3, 'UTC'), time) AS at
    FROM {private}.events
    WHERE retracted = 0 AND (kind = 'presence' OR (actor_kind = 'person' AND (kind = 'session' OR (kind = 'case' AND legacy != 1)))));

DROP VIEW IF EXISTS {private}.actions_of_events;

DROP TABLE IF EXISTS {private}.actions;

-- Which systems have what indicators need before they have figures: subjects of a kind, or events of persons. Kept by
-- rounds; looked for anew where the counter `feeds_doubted` is above `feeds_checked`. 'presence' and 'answer' are of no system.
CREATE TABLE IF NOT EXISTS {private}.feeds
(
    feed       LowCardinality(String),
    system     LowCardinality(String),
    version    UInt64,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (feed, system)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

INSERT INTO {private}.feeds (feed, system, version, is_deleted)
SELECT 'case', system, 0, 0 FROM {private}.cases FINAL GROUP BY system
UNION ALL
SELECT 'ticket', system, 0, 0 FROM {private}.tickets FINAL GROUP BY system
UNION ALL
SELECT 'client', system, 0, 0 FROM {private}.clients FINAL GROUP BY system
UNION ALL
SELECT transform(toString(kind), ['session', 'pulse'], ['legacy', 'answer'], toString(kind)) AS feed,
       if(kind IN ('presence', 'pulse'), '', system) AS of_system, 0, 0
FROM {private}.events
WHERE retracted = 0 AND (import = 0 OR import IN (SELECT import FROM {private}.imports FINAL WHERE state != 'open'))
  AND (kind IN ('training', 'presence', 'pulse') OR (kind = 'session' AND legacy = 1 AND actor_kind = 'person'))
GROUP BY feed, of_system;

-- The first and the last day of the events, as counters that only grow: days since 1970, the first one before 2243.
INSERT INTO {private}.counters (name, value)
SELECT 'first_day', toUInt64(100000 - toUInt16(toDate(min(time)))) FROM {private}.events WHERE retracted = 0
HAVING count() > 0
UNION ALL
SELECT 'last_day', toUInt64(toUInt16(toDate(max(time)))) FROM {private}.events WHERE retracted = 0
HAVING count() > 0;

-- Events of rare kinds are found without reading those beside them.
ALTER TABLE {private}.events ADD INDEX IF NOT EXISTS kinds kind TYPE set(0) GRANULARITY 1;
ALTER TABLE {private}.events MATERIALIZE INDEX kinds SETTINGS mutations_sync = 2;

-- Whether a touched place is computed anew: a figure that may not be processed is taken away all the same.
ALTER TABLE {private}.round_cells ADD COLUMN IF NOT EXISTS computes Bool DEFAULT true;
ALTER TABLE {private}.round_hands ADD COLUMN IF NOT EXISTS computes Bool DEFAULT true;

-- What was computed lately is found without reading what was not.
ALTER TABLE {private}.cells ADD INDEX IF NOT EXISTS newest computed TYPE minmax GRANULARITY 1;
ALTER TABLE {private}.hands ADD INDEX IF NOT EXISTS newest computed TYPE minmax GRANULARITY 1;
ALTER TABLE {private}.cells MATERIALIZE INDEX newest SETTINGS mutations_sync = 2;
ALTER TABLE {private}.hands MATERIALIZE INDEX newest SETTINGS mutations_sync = 2;
