-- Why a figure is not shown, and the fingerprint of the rules that it was published under.
ALTER TABLE {open}.published_values
    ADD COLUMN IF NOT EXISTS reason LowCardinality(String),
    ADD COLUMN IF NOT EXISTS rules LowCardinality(String);

CREATE OR REPLACE VIEW {open}.indicator_values AS
SELECT * FROM {open}.published_values FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1;

-- Periods that are closed and had anything to count in a system, as far up as the organisation: what is fed.
CREATE TABLE IF NOT EXISTS {open}.closed_periods
(
    organisation LowCardinality(String),
    indicator    LowCardinality(String),
    version      UInt16,
    system       LowCardinality(String),
    grain        LowCardinality(String),
    period       Date,
    publication  UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (indicator, version, grain, system, organisation, period)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Published figures, and for every unit that has none of a closed period the reason: too few, be there none or a few.
-- Rows that say no more than that are not stored, so that none betrays by being there that something happened. Reporting
-- groups have figures of staff alone, and stand for their members.
CREATE VIEW IF NOT EXISTS {open}.figures AS
SELECT
    organisation, unit, system, case_type, part, indicator, version, grain, period, value, low, high, n_band, status,
    unit_of_measure, published_at, publication, basis, reason, rules
FROM {open}.indicator_values
UNION ALL
SELECT
    c.organisation AS organisation, c.unit AS unit, c.system AS system, '*' AS case_type, '' AS part,
    c.indicator AS indicator, c.version AS version, c.grain AS grain, c.period AS period,
    NULL AS value, NULL AS low, NULL AS high, '' AS n_band,
    multiIf(c.live > c.period, 'not_enough', c.staff AND c.grouped, 'grouped', 'suppressed') AS status,
    '' AS unit_of_measure, toDateTime(0, 'UTC') AS published_at, toUInt64(0) AS publication, '' AS basis,
    multiIf(c.live > c.period, 'not_yet', c.staff, 'few_persons', 'few_cases') AS reason, '' AS rules
FROM
(
    SELECT
        p.organisation AS organisation, p.indicator AS indicator, p.version AS version, p.system AS system,
        p.grain AS grain, p.period AS period, u.unit AS unit, d.protects IN ('staff', 'official-act') AS staff,
        u.reporting_group != '' AS grouped, ifNull(g.date, toDate(0)) AS live
    FROM (SELECT * FROM {open}.closed_periods FINAL) AS p
    INNER JOIN (SELECT indicator, version, protects FROM {open}.definitions FINAL) AS d
        ON d.indicator = p.indicator AND d.version = p.version
    INNER JOIN {open}.units AS u ON u.root = p.organisation
    LEFT JOIN (SELECT system, unit, max(date) AS date FROM {open}.go_lives GROUP BY system, unit) AS g
        ON g.system = p.system AND g.unit = u.unit
    WHERE u.valid_from <= p.period AND u.valid_to > p.period AND (u.type != 'reporting-group' OR d.protects = 'staff')
) AS c
LEFT ANTI JOIN (SELECT * FROM {open}.indicator_values WHERE case_type = '*' AND part = '') AS v
    ON v.indicator = c.indicator AND v.version = c.version AND v.grain = c.grain AND v.system = c.system
       AND v.unit = c.unit AND v.period = c.period;

-- The latest published window of each figure, shown or not. The set of periods is known before figures are read, so that
-- other quarters and windows are not; names are not joined, for planning a join costs more than the figures.
CREATE OR REPLACE VIEW {open}.last_values AS
SELECT * FROM {open}.figures
WHERE grain = 'window' AND (indicator, version, system, organisation, period) IN (
    SELECT indicator, max(version), system, organisation, max(period)
    FROM {open}.published_values WHERE grain = 'window' GROUP BY organisation, indicator, system);
