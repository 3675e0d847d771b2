-- The organisation as the registry says it, for joins: facts about units and systems, nothing about persons.
CREATE TABLE {open}.units
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
    timezone        LowCardinality(String),
    reporting_group LowCardinality(String),
    valid_from      Date,
    valid_to        Date
)
ENGINE = MergeTree
ORDER BY (unit, valid_from);

-- Every unit under each of its ancestors, itself at depth 0, at the dates when that was so.
CREATE TABLE {open}.unit_paths
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
CREATE TABLE {open}.steps
(
    system    LowCardinality(String),
    case_type LowCardinality(String),
    activity  LowCardinality(String),
    meaning   LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (system, case_type, activity);

-- Planned workplaces per unit and system, from the date the plan says.
CREATE TABLE {open}.planned_workplaces
(
    system     LowCardinality(String),
    unit       LowCardinality(String),
    workplaces UInt32,
    valid_from Date,
    valid_to   Date
)
ENGINE = MergeTree
ORDER BY (system, unit, valid_from);

-- Expected share of staff at work on at least one day of the period, in thousandths, from holidays and school breaks.
CREATE TABLE {open}.calendar
(
    root        LowCardinality(String),
    grain       LowCardinality(String),
    period      Date,
    present_any UInt16
)
ENGINE = MergeTree
ORDER BY (root, grain, period);

CREATE TABLE {open}.registry_loads
(
    digest String,
    loaded UInt64
)
ENGINE = MergeTree
ORDER BY loaded;
