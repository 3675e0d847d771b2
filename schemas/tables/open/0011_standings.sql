-- Plans as the registry says them: a target of an indicator on a day, in thousandths, for a unit and all below it.
CREATE TABLE IF NOT EXISTS {open}.plans
(
    system     LowCardinality(String),
    indicator  LowCardinality(String),
    unit       LowCardinality(String),
    start      Nullable(Date),
    due        Date,
    target     Int64,
    valid_from Date,
    valid_to   Date
)
ENGINE = MergeTree
ORDER BY (unit, system, indicator, due);

-- The registry is loaded anew, plans among it.
TRUNCATE TABLE {open}.registry_loads;

-- The target that each unit is under today: of its own plan, else of the nearest above it; the next to be reached, else the
-- last. Shares in percent, all else in its own measure.
CREATE VIEW IF NOT EXISTS {open}.unit_targets AS
SELECT
    p.unit AS unit, l.system AS system, l.indicator AS indicator,
    argMin(l.due, (p.depth, l.due < today(), abs(l.due - today()))) AS due,
    argMin(l.target, (p.depth, l.due < today(), abs(l.due - today()))) / if(d.kind = 'share', 10, 1000) AS target
FROM {open}.unit_paths AS p
INNER JOIN {open}.plans AS l ON l.unit = p.ancestor
INNER JOIN (SELECT indicator, argMax(said.kind, said.version) AS kind
            FROM {open}.definitions AS said FINAL GROUP BY indicator) AS d ON d.indicator = l.indicator
WHERE p.depth < 255 AND p.valid_from <= today() AND p.valid_to > today() AND l.valid_from <= today() AND l.valid_to > today()
GROUP BY p.unit, l.system, l.indicator, d.kind;

-- Alerts that stand now, the most urgent first wherever they are sorted by `urgency`.
CREATE VIEW IF NOT EXISTS {open}.live_alerts AS
SELECT
    organisation, unit, system, kind, state, id,
    JSONExtractString(body, 'key', 'family') AS family,
    JSONExtractString(body, 'indicator') AS indicator,
    JSONExtractFloat(body, 'urgency') AS urgency,
    toDateOrNull(JSONExtractString(body, 'since')) AS since,
    toDateOrNull(JSONExtractString(body, 'opened')) AS opened,
    toDateOrNull(JSONExtractString(body, 'acknowledged', 'on')) AS acknowledged,
    dateDiff('day', opened, today()) AS days_open
FROM {open}.alert_records FINAL
WHERE record = 'alert' AND state IN ('open', 'acknowledged', 'snoozed', 'improving', 'escalated');

-- What happened to alerts, day by day: opened, acknowledged, closed.
CREATE VIEW IF NOT EXISTS {open}.alert_days AS
SELECT organisation, unit, system, kind, family, id, pair.1 AS what, assumeNotNull(pair.2) AS day
FROM {open}.alerts
ARRAY JOIN [('opened', opened), ('acknowledged', acknowledged), ('closed', closed)] AS pair
WHERE isNotNull(pair.2);

-- What is open of each unit in each system: how urgent, the most urgent finding, since when any of it has been so.
CREATE VIEW IF NOT EXISTS {open}.urgencies AS
SELECT organisation, system, unit, count() AS findings, max(told.urgency) AS urgency,
       argMax(told.kind, told.urgency) AS kind, argMax(told.indicator, told.urgency) AS indicator,
       toNullable(min(told.since)) AS since, argMax(tuple(told.value), told.urgency).1 AS value,
       argMax(tuple(told.peer), told.urgency).1 AS peer
FROM {open}.signals AS told WHERE NOT withdrawn AND isNull(closed) AND unit != '*'
GROUP BY organisation, system, unit;

-- Each unit in each system as it stands: what is open of it, how far it is from its target and from like units, its alert,
-- and how many of its figures may be shown. A unit can be judged where one of them may.
CREATE VIEW IF NOT EXISTS {open}.standings AS
SELECT
    f.organisation AS organisation, f.system AS system, f.unit AS unit, f.shown AS shown, f.figures AS figures,
    f.shown > 0 AS judged, s.findings AS findings, s.urgency AS urgency, s.kind AS kind, s.indicator AS indicator,
    s.since AS since, s.value AS value, s.peer AS peer, t.target AS target, s.value - t.target AS to_target,
    s.value - s.peer AS to_peer, a.alert AS alert, a.state AS alert_state
FROM (
    SELECT organisation, system, unit, countIf(isNotNull(value)) AS shown, count() AS figures
    FROM {open}.last_values WHERE case_type = '*' AND part = '' AND system != '' GROUP BY organisation, system, unit) AS f
LEFT JOIN {open}.urgencies AS s ON s.organisation = f.organisation AND s.system = f.system AND s.unit = f.unit
LEFT JOIN (SELECT unit, system, indicator, toNullable(target) AS target FROM {open}.unit_targets) AS t
    ON t.unit = f.unit AND t.system = f.system AND t.indicator = s.indicator
LEFT JOIN (
    SELECT organisation, system, unit, argMax(id, live.urgency) AS alert, argMax(live.state, live.urgency) AS state
    FROM {open}.live_alerts AS live GROUP BY organisation, system, unit) AS a
    ON a.organisation = f.organisation AND a.system = f.system AND a.unit = f.unit;

-- Organisations, and how much there is to see of each.
CREATE VIEW IF NOT EXISTS {open}.organisations AS
SELECT n.unit AS organisation, n.name_sv AS name_sv, n.name_nb AS name_nb, n.name_en AS name_en,
       v.figures AS figures, b.benefits AS benefits
FROM {open}.unit_names AS n
LEFT JOIN (SELECT organisation, countIf(isNotNull(value)) AS figures FROM {open}.published_values
           WHERE grain = 'window' GROUP BY organisation) AS v ON v.organisation = n.unit
LEFT JOIN (SELECT organisation, uniqExact(benefit) AS benefits FROM {open}.benefits GROUP BY organisation) AS b
    ON b.organisation = n.unit
WHERE n.depth = 0 AND n.parent = '';
