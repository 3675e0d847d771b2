-- What several published figures show together, by closed week: derived indicators, of published rows alone. `what` is
-- the derived indicator, `part` a step, an element, a decision or a level, `figures` what it was read from, by name.
CREATE TABLE IF NOT EXISTS {open}.published_states
(
    organisation LowCardinality(String),
    unit         LowCardinality(String),
    system       LowCardinality(String),
    case_type    LowCardinality(String),
    what         LowCardinality(String),
    part         LowCardinality(String),
    week         Date,
    state        LowCardinality(String),
    value        Nullable(Float64),
    low          Nullable(Float64),
    high         Nullable(Float64),
    figures      Map(LowCardinality(String), Float64),
    publication  UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (organisation, what, week, unit, system, case_type, part)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS {open}.states AS
SELECT *, arrayStringConcat(arrayMap((n, f) -> concat(n, ' ', toString(f)), mapKeys(figures), mapValues(figures)), ', ') AS rests_on
FROM {open}.published_states FINAL WHERE state != 'gone';
