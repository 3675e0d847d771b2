-- The organisation as the registry says it, for joins: facts about units and systems, nothing about persons.
CREATE TABLE IF NOT EXISTS {open}.units
(
    unit            LowCardinality(String),
    name_sv         String,
    name_nb         String,
    name_en         String,
    parent          LowCardinality(String),
    root            LowCardinality(String),
    type            LowCardinality(String),
    peer_group      LowCardinality(String),
    country         LowCardinality(String),
    language        LowCardinality(String),
    timezone        LowCardinality(String),
    reporting_group LowCardinality(String),
    declared_size   Nullable(UInt32),
    valid_from      Date,
    valid_to        Date
)
ENGINE = MergeTree
ORDER BY (unit, valid_from);

-- Every unit under each of its ancestors, itself at depth 0, at the dates when that was so. A reporting group is an
-- ancestor of its members (depth 255), so that its figures come out like any other level's.
CREATE TABLE IF NOT EXISTS {open}.unit_paths
(
    unit       LowCardinality(String),
    ancestor   LowCardinality(String),
    depth      UInt8,
    valid_from Date,
    valid_to   Date
)
ENGINE = MergeTree
ORDER BY (unit, ancestor, valid_from);

-- Steps that mean intended use, and steps that have a digital route, per system and case type ('' = every case type).
CREATE TABLE IF NOT EXISTS {open}.steps
(
    system    LowCardinality(String),
    case_type LowCardinality(String),
    activity  LowCardinality(String),
    meaning   LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (system, case_type, activity);

-- Planned workplaces per unit and system, from the date the plan says.
CREATE TABLE IF NOT EXISTS {open}.planned_workplaces
(
    system     LowCardinality(String),
    unit       LowCardinality(String),
    workplaces UInt32,
    valid_from Date,
    valid_to   Date
)
ENGINE = MergeTree
ORDER BY (system, unit, valid_from);

-- Per organisation and week or month: the expected share of staff at work on at least one day (thousandths), working
-- days, and whether nobody is to be troubled.
CREATE TABLE IF NOT EXISTS {open}.calendar
(
    root        LowCardinality(String),
    grain       LowCardinality(String),
    period      Date,
    present_any UInt16,
    workdays    UInt16,
    quiet       Bool
)
ENGINE = MergeTree
ORDER BY (root, grain, period);

-- Units made for logs that came without a registry, in the order in which they were made.
CREATE TABLE IF NOT EXISTS {open}.created_units
(
    place         UInt64,
    root          LowCardinality(String),
    code          String,
    timezone      LowCardinality(String),
    country       LowCardinality(String),
    public_data   Bool,
    declared_size Nullable(UInt32)
)
ENGINE = MergeTree
ORDER BY (place, code)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Which registry the tables above hold; the latest row counts.
CREATE TABLE IF NOT EXISTS {open}.registry_loads
(
    digest String,
    loaded UInt64
)
ENGINE = MergeTree
ORDER BY loaded;
