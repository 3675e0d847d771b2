-- Exact figures per cell. `adds` ones hold the unit's own subjects; the others (persons, medians) hold every level of
-- the tree and every published grain, because they cannot be added. The last columns serve the disclosure gate.
CREATE TABLE IF NOT EXISTS {private}.cells
(
    indicator   LowCardinality(String),
    version     UInt16,
    grain       LowCardinality(String),
    system      LowCardinality(String),
    unit        LowCardinality(String),
    case_type   LowCardinality(String),
    part        LowCardinality(String),
    period      Date,
    numerator   Int64,
    denominator Int64,
    subjects    UInt64,
    persons     UInt64,
    most_by_one UInt64,
    computed    UInt64,
    is_deleted  UInt8
)
ENGINE = ReplacingMergeTree(computed, is_deleted)
ORDER BY (indicator, version, grain, system, unit, case_type, part, period)
SETTINGS index_granularity = 1024;

-- The definitions that the cells follow, as far as the view below needs them; `body` is the whole definition.
CREATE TABLE IF NOT EXISTS {private}.definitions
(
    indicator    LowCardinality(String),
    version      UInt16,
    kind         LowCardinality(String),
    scale        Float64,
    adds         Bool,
    window_weeks UInt16,
    known        Float64,
    of_persons   Bool,
    body         String,
    loaded       UInt64
)
ENGINE = ReplacingMergeTree(loaded)
ORDER BY (indicator, version);

-- The one place where a numerator meets its denominator, and where units roll up at the dates that were valid.
-- Grain 'window' is the trailing window of the definition, named by its last week.
CREATE VIEW IF NOT EXISTS {private}.indicator_values AS
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
            c.subjects AS subjects, c.persons AS persons, c.most_by_one AS most_by_one
        FROM {private}.cells AS c FINAL
        INNER JOIN defined AS d ON d.indicator = c.indicator AND d.version = c.version
        WHERE d.adds AND (place.1 != 'window' OR place.2 <= last_week)
    ),
    rolled AS
    (
        SELECT s.indicator AS indicator, s.version AS version, s.system AS system, t AS case_type, s.part AS part,
               p.ancestor AS unit, s.grain AS grain, s.period AS period,
               sum(s.numerator) AS numerator, sum(s.denominator) AS denominator,
               sum(s.subjects) AS subjects, max(s.persons) AS persons, sum(s.most_by_one) AS most_by_one
        FROM spread AS s
        INNER JOIN {open}.unit_paths AS p ON p.unit = s.unit
        ARRAY JOIN [s.case_type, '*'] AS t
        WHERE s.period >= p.valid_from AND s.period < p.valid_to
        GROUP BY s.indicator, s.version, s.system, t, s.part, p.ancestor, s.grain, s.period
        UNION ALL
        SELECT c.indicator, c.version, c.system, c.case_type, c.part, c.unit,
               arrayJoin(if(c.grain = 'week' AND d.window_weeks = 1, ['week', 'window'], [c.grain])) AS grain, c.period,
               c.numerator, c.denominator, c.subjects, c.persons, c.most_by_one
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
