-- What cells tell before it is divided: those that add up, rolled up over units, case types and weeks at the dates that were
-- valid, and those that do not (medians, distinct persons), which exist at every level. Who knows of an indicator whether it
-- adds up reads one of the two, and its cells once. Grain 'window' is the trailing window of the definition, named by its
-- last week. Places are joined as arrays and not by the function of that name, before which the engine carries no condition:
-- who asks for one indicator would read all.
CREATE OR REPLACE VIEW {private}.added_cells AS
WITH
    (SELECT toDate(toUInt16(max(value))) FROM {private}.counters WHERE name = 'last_week') AS last_week,
    spread AS
    (
        SELECT
            c.indicator AS indicator, c.version AS version, c.system AS system, c.case_type AS case_type,
            c.part AS part, c.unit AS unit, place.1 AS grain, place.2 AS period,
            c.numerator AS numerator, c.denominator AS denominator,
            c.subjects AS subjects, c.persons AS persons,
            c.numerator_keys AS numerator_keys, c.denominator_keys AS denominator_keys
        FROM {private}.cells AS c FINAL
        INNER JOIN (SELECT indicator, version, window_weeks FROM {private}.definitions FINAL WHERE adds) AS d
            ON d.indicator = c.indicator AND d.version = c.version
        ARRAY JOIN if(c.grain = 'week' AND d.window_weeks > 1,
                arrayConcat([('week', c.period)], arrayMap(i -> ('window', c.period + 7 * i), range(d.window_weeks))),
                if(c.grain = 'week', [('week', c.period), ('window', c.period)], [(c.grain, c.period)])) AS place
        WHERE place.1 != 'window' OR place.2 <= last_week
    )
SELECT s.indicator AS indicator, s.version AS version, s.system AS system, t AS case_type, s.part AS part,
       p.ancestor AS unit, s.grain AS grain, s.period AS period,
       sum(s.numerator) AS numerator, sum(s.denominator) AS denominator,
       sum(s.subjects) AS subjects, max(s.persons) AS persons,
       sum(s.numerator_keys) AS numerator_keys, sum(s.denominator_keys) AS denominator_keys
FROM spread AS s
INNER JOIN {open}.unit_paths AS p ON p.unit = s.unit
ARRAY JOIN [s.case_type, '*'] AS t
WHERE s.period >= p.valid_from AND s.period < p.valid_to
GROUP BY s.indicator, s.version, s.system, t, s.part, p.ancestor, s.grain, s.period;

CREATE OR REPLACE VIEW {private}.other_cells AS
SELECT c.indicator AS indicator, c.version AS version, c.system AS system, c.case_type AS case_type, c.part AS part,
       c.unit AS unit, told_grain AS grain, c.period AS period,
       c.numerator AS numerator, c.denominator AS denominator, c.subjects AS subjects, c.persons AS persons,
       c.numerator_keys AS numerator_keys, c.denominator_keys AS denominator_keys
FROM {private}.cells AS c FINAL
INNER JOIN (SELECT indicator, version, window_weeks FROM {private}.definitions FINAL WHERE NOT adds) AS d
    ON d.indicator = c.indicator AND d.version = c.version
ARRAY JOIN if(c.grain = 'week' AND d.window_weeks = 1, ['week', 'window'], [c.grain]) AS told_grain;

-- The one place where a numerator meets its denominator.
CREATE OR REPLACE VIEW {private}.indicator_values AS
SELECT r.*, d.kind AS kind,
       multiIf(d.kind = 'count', r.numerator * d.scale,
               r.denominator = 0 OR r.denominator < d.known * if(d.of_persons, r.persons, r.subjects), NULL,
               d.kind = 'median', r.numerator * d.scale,
               d.scale * r.numerator / r.denominator) AS value
FROM (SELECT * FROM {private}.added_cells UNION ALL SELECT * FROM {private}.other_cells) AS r
INNER JOIN (SELECT indicator, version, kind, scale, known, of_persons FROM {private}.definitions FINAL) AS d
    ON d.indicator = r.indicator AND d.version = r.version;
