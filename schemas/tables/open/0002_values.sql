-- Published figures: closed weeks, whole percents, bands instead of counts. Only the gate's publication writes here.
CREATE TABLE IF NOT EXISTS {open}.published_values
(
    organisation   LowCardinality(String),
    unit           LowCardinality(String),
    system         LowCardinality(String),
    case_type      LowCardinality(String),
    part           LowCardinality(String),
    indicator      LowCardinality(String),
    version        UInt16,
    grain          LowCardinality(String),
    period         Date,
    value          Nullable(Float64),
    low            Nullable(Float64),
    high           Nullable(Float64),
    n_band         LowCardinality(String),
    status         LowCardinality(String),
    unit_of_measure LowCardinality(String),
    published_at   DateTime('UTC'),
    publication    UInt64,
    -- which window was published last, and when each week was first told, without reading all of them
    PROJECTION last (SELECT organisation, indicator, system, grain, max(version), max(period)
                     GROUP BY organisation, indicator, system, grain),
    PROJECTION told (SELECT organisation, grain, period, min(published_at) GROUP BY organisation, grain, period)
)
ENGINE = ReplacingMergeTree(publication)
PARTITION BY toStartOfQuarter(period) -- who asks for the latest figures reads one quarter
ORDER BY (indicator, version, grain, system, unit, case_type, part, period)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, deduplicate_merge_projection_mode = 'rebuild';

CREATE VIEW IF NOT EXISTS {open}.indicator_values AS
SELECT * FROM {open}.published_values FINAL;

-- What each published indicator means, in the words of its definition.
CREATE TABLE IF NOT EXISTS {open}.definitions
(
    indicator LowCardinality(String),
    version   UInt16,
    code      LowCardinality(String),
    kind      LowCardinality(String),
    title_sv  String,
    title_nb  String,
    title_en  String,
    question_sv String,
    question_nb String,
    question_en String,
    direction LowCardinality(String),
    protects  LowCardinality(String),
    window_weeks UInt16,
    loaded    UInt64
)
ENGINE = ReplacingMergeTree(loaded)
ORDER BY (indicator, version);

-- What was refused, by source and reason: position, never bytes.
CREATE TABLE IF NOT EXISTS {open}.rejected
(
    source      LowCardinality(String),
    reason      LowCardinality(String),
    position    String,
    received_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (source, reason, position, received_at);
