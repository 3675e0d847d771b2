-- The week from which on what a verdict says has been so: of a fall its onset, of a low level going live or the last week
-- in which it was none. Of verdicts published before, the week of opening.
ALTER TABLE {open}.published_signals
    ADD COLUMN IF NOT EXISTS since Date DEFAULT opened;

CREATE OR REPLACE VIEW {open}.signals AS
SELECT * FROM {open}.published_signals FINAL;

-- What followed the action that a unit planned: told once, when eight usable weeks have passed. Points more than like
-- units that did nothing, with the 80 % interval, or why nothing can be told.
CREATE TABLE IF NOT EXISTS {open}.published_effects
(
    organisation LowCardinality(String),
    unit         LowCardinality(String),
    system       LowCardinality(String),
    indicator    LowCardinality(String),
    alert        String,
    action       LowCardinality(String),
    day          Date,
    word         LowCardinality(String),
    points       Nullable(Int16),
    low          Nullable(Int16),
    high         Nullable(Int16),
    others       UInt16,
    told_at      DateTime('UTC')
)
ENGINE = ReplacingMergeTree(told_at)
ORDER BY (organisation, unit, system, alert)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
