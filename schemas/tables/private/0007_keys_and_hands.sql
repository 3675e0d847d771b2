-- Who counts in a cell, as sums (modulo 2^64) of the keys of its records: those of the numerator, those of the
-- denominator. They tell whether two cells count the same records, and nothing about any of them.
ALTER TABLE {private}.cells
    ADD COLUMN IF NOT EXISTS numerator_keys UInt64,
    ADD COLUMN IF NOT EXISTS denominator_keys UInt64;

-- How many persons handled the cases or tickets of a cell, how many the busiest of them had, and how many persons asked:
-- at every level of the tree and of every published grain, because distinct persons cannot be added. Counts, no persons.
CREATE TABLE IF NOT EXISTS {private}.hands
(
    indicator   LowCardinality(String),
    version     UInt16,
    grain       LowCardinality(String),
    system      LowCardinality(String),
    unit        LowCardinality(String),
    case_type   LowCardinality(String),
    period      Date,
    handlers    UInt64,
    most_by_one UInt64,
    requesters  UInt64,
    computed    UInt64,
    is_deleted  UInt8
)
ENGINE = ReplacingMergeTree(computed, is_deleted)
ORDER BY (indicator, version, grain, system, unit, case_type, period)
SETTINGS index_granularity = 1024;

-- Working list of one recomputation, as `round_cells`.
CREATE TABLE IF NOT EXISTS {private}.round_hands
(
    indicator LowCardinality(String),
    version   UInt16,
    grain     LowCardinality(String),
    unit      LowCardinality(String),
    system    LowCardinality(String),
    period    Date
)
ENGINE = MergeTree ORDER BY tuple();

-- The person who did most of a case or ticket, the one who did the step that is measured, and who asked: 16 zero bytes
-- where nobody is named. Systems and robots are no persons.
ALTER TABLE {private}.cases
    ADD COLUMN IF NOT EXISTS hand FixedString(16),
    ADD COLUMN IF NOT EXISTS hand_intended FixedString(16),
    ADD COLUMN IF NOT EXISTS hand_route FixedString(16);
ALTER TABLE {private}.tickets
    ADD COLUMN IF NOT EXISTS hand FixedString(16),
    ADD COLUMN IF NOT EXISTS hand_resolved FixedString(16),
    ADD COLUMN IF NOT EXISTS requester FixedString(16);

-- The ledger keeps which records a published figure was computed from, and by whom; `rules` is the fingerprint of those in
-- force then, `reason` why nothing was shown.
ALTER TABLE {private}.disclosed
    ADD COLUMN IF NOT EXISTS numerator_keys UInt64,
    ADD COLUMN IF NOT EXISTS denominator_keys UInt64,
    ADD COLUMN IF NOT EXISTS handlers UInt64,
    ADD COLUMN IF NOT EXISTS most_by_one UInt64,
    ADD COLUMN IF NOT EXISTS requesters UInt64,
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String),
    ADD COLUMN IF NOT EXISTS rules LowCardinality(String);

-- The one place where a numerator meets its denominator, and where units roll up at the dates that were valid.
-- Grain 'window' is the trailing window of the definition, named by its last week.
CREATE OR REPLACE VIEW {private}.indicator_values AS
WITH
    (SELECT toDate(toUInt16(max(value))) FROM {private}.counters WHERE name = 'last_week') AS last_week,
    defined AS (SELECT indicator, version, kind, scale, adds, window_weeks, known, of_persons
                FROM {private}.definitions FINAL),
    spread AS
    (
        SELECT
            c.indicator AS indicator, c.version AS version, c.system AS system, c.case_type AS case_type,
            c.part AS part, c.unit AS unit, 'own' AS level,
            arrayJoin(if(c.grain = 'week' AND d.window_weeks > 1,
                arrayConcat([('week', c.period)], arrayMap(i -> ('window', c.period + 7 * i), range(d.window_weeks))),
                if(c.grain = 'week', [('week', c.period), ('window', c.period)], [(c.grain, c.period)]))) AS place,
            place.1 AS grain, place.2 AS period,
            c.numerator AS numerator, c.denominator AS denominator,
            c.subjects AS subjects, c.persons AS persons,
            c.numerator_keys AS numerator_keys, c.denominator_keys AS denominator_keys
        FROM {private}.cells AS c FINAL
        INNER JOIN defined AS d ON d.indicator = c.indicator AND d.version = c.version
        WHERE d.adds AND (place.1 != 'window' OR place.2 <= last_week)
    ),
    rolled AS
    (
        SELECT s.indicator AS indicator, s.version AS version, s.system AS system, t AS case_type, s.part AS part,
               p.ancestor AS unit, s.grain AS grain, s.period AS period,
               sum(s.numerator) AS numerator, sum(s.denominator) AS denominator,
               sum(s.subjects) AS subjects, max(s.persons) AS persons,
               sum(s.numerator_keys) AS numerator_keys, sum(s.denominator_keys) AS denominator_keys
        FROM spread AS s
        INNER JOIN {open}.unit_paths AS p ON p.unit = s.unit
        ARRAY JOIN [s.case_type, '*'] AS t
        WHERE s.period >= p.valid_from AND s.period < p.valid_to
        GROUP BY s.indicator, s.version, s.system, t, s.part, p.ancestor, s.grain, s.period
        UNION ALL
        SELECT c.indicator, c.version, c.system, c.case_type, c.part, c.unit,
               arrayJoin(if(c.grain = 'week' AND d.window_weeks = 1, ['week', 'window'], [c.grain])) AS grain, c.period,
               c.numerator, c.denominator, c.subjects, c.persons, c.numerator_keys, c.denominator_keys
        FROM {private}.cells AS c FINAL
        INNER JOIN defined AS d ON d.indicator = c.indicator AND d.version = c.version
        WHERE NOT d.adds
    )
SELECT r.*, d.kind AS kind,
       multiIf(d.kind = 'count', r.numerator * d.scale,
               r.denominator = 0 OR r.denominator < d.known * if(d.of_persons, r.persons, r.subjects), NULL,
               d.kind = 'median', r.numerator * d.scale,
               d.scale * r.numerator / r.denominator) AS value
FROM rolled AS r
INNER JOIN defined AS d ON d.indicator = r.indicator AND d.version = r.version;

-- Counts of hands whose persons were disposed of: they stay as they stand.
CREATE TABLE IF NOT EXISTS {private}.sealed_hands
(
    indicator   LowCardinality(String),
    version     UInt16,
    grain       LowCardinality(String),
    unit        LowCardinality(String),
    system      LowCardinality(String),
    period      Date,
    certificate UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (indicator, version, grain, unit, system, period)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
