-- The ledger: what every published figure of persons or cases was computed from, and whether it was shown. Rows that
-- were not shown stand here too: they are the parts of the ones that were. `changed` is the first open week of the
-- publication that last took over live figures for the period; `restated`, that the row's own late data did so after
-- it had been shown.
CREATE TABLE IF NOT EXISTS {private}.disclosed
(
    indicator   LowCardinality(String),
    version     UInt16,
    organisation LowCardinality(String),
    system      LowCardinality(String),
    unit        LowCardinality(String),
    case_type   LowCardinality(String),
    part        LowCardinality(String),
    grain       LowCardinality(String),
    period      Date,
    numerator   Int64,
    denominator Int64,
    size        Int64,
    shown       Bool,
    restated    Bool,
    changed     Date,
    publication UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (indicator, version, system, grain, unit, case_type, part, period)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Where units stood when weeks up to `until` were published: the past of the hierarchy is not told twice.
CREATE TABLE IF NOT EXISTS {private}.disclosed_places
(
    unit            LowCardinality(String),
    parent          LowCardinality(String),
    reporting_group LowCardinality(String),
    valid_from      Date,
    valid_to        Date,
    until           Date,
    publication     UInt64
)
ENGINE = MergeTree
ORDER BY (publication, unit, valid_from)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
