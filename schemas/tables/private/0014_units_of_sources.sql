-- The units of which each source has told, so that nobody need read its events for them. A unit stays when its events go.
CREATE TABLE IF NOT EXISTS {private}.source_units
(
    source LowCardinality(String),
    unit   LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (source, unit)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

INSERT INTO {private}.source_units (source, unit)
SELECT DISTINCT source, unit FROM {private}.events WHERE retracted = 0;
