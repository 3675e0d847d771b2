-- Boards and pages of large counties ask for the latest figures of a few indicators, and read no others for it.

-- Of each unit and closed period the figure of all case types and parts together, as it reads where none is published: too
-- few, be there none or a few. Rows that say no more than that are not stored, so that none betrays by being there that
-- something happened. Reporting groups have figures of staff alone, and stand for their members.
CREATE VIEW IF NOT EXISTS {open}.awaited AS
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
) AS c;

-- Published figures, and those of places that have none. Places are joined by all that periods are asked for by, the
-- organisation among it: only then the engine carries what is asked to both sides of the join.
CREATE OR REPLACE VIEW {open}.figures AS
SELECT
    organisation, unit, system, case_type, part, indicator, version, grain, period, value, low, high, n_band, status,
    unit_of_measure, published_at, publication, basis, reason, rules
FROM {open}.indicator_values
UNION ALL
SELECT a.*
FROM {open}.awaited AS a
LEFT ANTI JOIN (SELECT * FROM {open}.indicator_values WHERE case_type = '*' AND part = '') AS v
    ON v.organisation = a.organisation AND v.indicator = a.indicator AND v.version = a.version AND v.grain = a.grain
       AND v.system = a.system AND v.unit = a.unit AND v.period = a.period;

-- The latest published window of each figure that is stored: of case types and parts there are no others.
CREATE VIEW IF NOT EXISTS {open}.last_published AS
SELECT * FROM {open}.indicator_values
WHERE grain = 'window' AND (indicator, version, system, organisation, period) IN (
    SELECT indicator, max(version), system, organisation, max(period)
    FROM {open}.published_values WHERE grain = 'window' GROUP BY organisation, indicator, system);

-- The same beside the window that ended where it began.
CREATE OR REPLACE VIEW {open}.last_changes AS
SELECT
    n.organisation AS organisation, n.unit AS unit, n.system AS system, n.case_type AS case_type, n.part AS part,
    n.indicator AS indicator, n.version AS version, n.period AS period, n.value AS value, n.status AS status,
    b.value AS earlier, n.value - b.value AS change
FROM {open}.last_published AS n
LEFT JOIN (
    SELECT indicator, version, system, organisation, unit, case_type, part, value FROM {open}.indicator_values
    WHERE grain = 'window' AND (indicator, version, system, organisation, period) IN (
        SELECT indicator, version, system, organisation, before FROM {open}.last_windows)) AS b
    ON b.organisation = n.organisation AND b.indicator = n.indicator AND b.version = n.version AND b.system = n.system
       AND b.unit = n.unit AND b.case_type = n.case_type AND b.part = n.part;

-- How much there is to see of each organisation, and when it was told last, without reading all figures.
ALTER TABLE {open}.published_values
    ADD PROJECTION IF NOT EXISTS shown (SELECT organisation, grain, count(), countIf(isNotNull(value)), max(published_at)
                                        GROUP BY organisation, grain);
ALTER TABLE {open}.published_values MATERIALIZE PROJECTION shown SETTINGS mutations_sync = 2;

-- How many figures each unit has in each system in the latest windows, and how many of them may be shown. A unit can be
-- judged where one of them may.
CREATE VIEW IF NOT EXISTS {open}.judged_units AS
SELECT organisation, system, unit, countIf(isNotNull(value)) AS shown, uniqExact(indicator) AS figures
FROM (
    SELECT organisation, system, unit, indicator, value FROM {open}.last_published
    WHERE case_type = '*' AND part = '' AND system != ''
    UNION ALL
    SELECT organisation, system, unit, indicator, NULL FROM {open}.awaited
    WHERE grain = 'window' AND system != '' AND (indicator, version, system, organisation, period) IN (
        SELECT indicator, max(version), system, organisation, max(period)
        FROM {open}.published_values WHERE grain = 'window' GROUP BY organisation, indicator, system))
GROUP BY organisation, system, unit;

DROP VIEW IF EXISTS {open}.standings;

-- What is open of each unit in each system, how far it is from its target and from like units, and its alert.
CREATE VIEW IF NOT EXISTS {open}.findings AS
SELECT
    s.organisation AS organisation, s.system AS system, s.unit AS unit, s.findings AS findings, s.urgency AS urgency,
    s.kind AS kind, s.indicator AS indicator, s.since AS since, s.value AS value, s.peer AS peer, t.target AS target,
    s.value - t.target AS to_target, s.value - s.peer AS to_peer, a.alert AS alert, a.state AS alert_state
FROM {open}.urgencies AS s
LEFT JOIN (SELECT unit, system, indicator, toNullable(target) AS target FROM {open}.unit_targets) AS t
    ON t.unit = s.unit AND t.system = s.system AND t.indicator = s.indicator
LEFT JOIN (
    SELECT organisation, system, unit, argMax(id, live.urgency) AS alert, argMax(live.state, live.urgency) AS state
    FROM {open}.live_alerts AS live GROUP BY organisation, system, unit) AS a
    ON a.organisation = s.organisation AND a.system = s.system AND a.unit = s.unit;
