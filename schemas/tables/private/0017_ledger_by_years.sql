-- The ledger lies by years as cells do, so that a publication reads the years that it tells of, however many lie behind them.
-- What every published figure of persons or cases was computed from, and whether it was shown: `rules` is the fingerprint of
-- those in force then, `reason` why nothing was shown. Made anew in one statement, so that a migration that was broken off
-- leaves the one or the other.
CREATE OR REPLACE TABLE {private}.disclosed
(
    indicator        LowCardinality(String),
    version          UInt16,
    organisation     LowCardinality(String),
    system           LowCardinality(String),
    unit             LowCardinality(String),
    case_type        LowCardinality(String),
    part             LowCardinality(String),
    grain            LowCardinality(String),
    period           Date,
    numerator        Int64,
    denominator      Int64,
    size             Int64,
    shown            Bool,
    publication      UInt64,
    numerator_keys   UInt64,
    denominator_keys UInt64,
    handlers         UInt64,
    most_by_one      UInt64,
    requesters       UInt64,
    reason           LowCardinality(String),
    rules            LowCardinality(String)
)
ENGINE = ReplacingMergeTree(publication)
PARTITION BY least(greatest(toYear(period), 1999), 2050)
ORDER BY (indicator, version, system, grain, unit, case_type, part, period)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, default_compression_codec = 'ZSTD(3)'
AS SELECT indicator, version, organisation, system, unit, case_type, part, grain, period, numerator, denominator, size, shown,
          publication, numerator_keys, denominator_keys, handlers, most_by_one, requesters, reason, rules
FROM {private}.disclosed;

-- Where units stood once was kept for a gate that is no more.
DROP TABLE IF EXISTS {private}.disclosed_places;
