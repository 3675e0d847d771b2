-- What charts are marked with, as the registry says it: milestones, and the day each system went live in each unit.
CREATE TABLE IF NOT EXISTS {open}.milestones
(
    milestone LowCardinality(String),
    what      LowCardinality(String),
    date      Nullable(Date),
    system    LowCardinality(String),
    unit      LowCardinality(String),
    tier      LowCardinality(String),
    name_sv   String,
    name_nb   String,
    name_en   String
)
ENGINE = MergeTree
ORDER BY milestone;

CREATE TABLE IF NOT EXISTS {open}.go_lives
(
    system LowCardinality(String),
    unit   LowCardinality(String),
    date   Nullable(Date)
)
ENGINE = MergeTree
ORDER BY (system, unit);

-- How much each source delivered of each day, by the events' own UTC day: two significant digits, empty under ten. It
-- says how a feed does; the figures are coarse because a feed may belong to a small office.
CREATE TABLE IF NOT EXISTS {open}.published_sources
(
    source        LowCardinality(String),
    system        LowCardinality(String),
    day           Date,
    events        Nullable(UInt64),
    last_received DateTime('UTC'),
    publication   UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (source, system, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS {open}.source_days AS
SELECT source, system, day, events, last_received FROM {open}.published_sources FINAL;

-- Each source beside its own past: the last day that all feeds can have told of against the median of the eight same
-- weekdays before. Under half is `low`, over twice `high`, nothing `silent`; `learning` until four such days are known.
-- A source that has fewer than ten on such days is held against its own gaps instead: it is silent when it has been so for
-- more than twice its longest one, and a week at least; `learning` until five days with events are known.
CREATE VIEW IF NOT EXISTS {open}.sources AS
WITH (SELECT least(max(day), yesterday()) FROM {open}.source_days) AS judged
SELECT
    source, system, last_event_day, last_received, judged AS day, delivered, usual,
    multiIf(length(before) < 4 OR (usual < 10 AND known < 5), 'learning',
            usual < 10, if(judged - last_event_day > greatest(7, 2 * longest_gap), 'silent', 'ok'), delivered = 0, 'silent',
            delivered < usual / 2, 'low', delivered > 2 * usual, 'high', 'ok') AS state
FROM (
    SELECT
        source, system, last_event_day, last_received, delivered, before, longest_gap, known,
        if(empty(before), NULL, toNullable(arrayReduce('medianExact', if(empty(before), [0], before)))) AS usual
    FROM (
        SELECT
            source, system, max(day) AS last_event_day, max(source_days.last_received) AS last_received, min(day) AS first,
            sumIf(ifNull(events, 5), day = judged) AS delivered,
            mapFromArrays(groupArray(day), groupArray(ifNull(events, 5))) AS days,
            arrayMax(arrayDifference(arraySort(groupArray(toInt32(day))))) AS longest_gap,
            count() AS known,
            arrayMap(k -> days[judged - 7 * k], arrayFilter(k -> judged - 7 * k >= first, range(1, 9))) AS before
        FROM {open}.source_days GROUP BY source, system));

-- Units as they are named last, with their depth below the organisation; reporting groups come after the units.
CREATE VIEW IF NOT EXISTS {open}.unit_names AS
SELECT unit, said.1 AS name_sv, said.2 AS name_nb, said.3 AS name_en, said.4 AS organisation, said.5 AS parent,
       said.6 AS type, if(said.6 = 'reporting-group', 255, ways.below) AS depth
FROM (
    SELECT unit, argMax((name_sv, name_nb, name_en, root, parent, type), valid_to) AS said FROM {open}.units GROUP BY unit
) AS named
LEFT JOIN (SELECT unit, max(depth) AS below FROM {open}.unit_paths WHERE depth < 255 GROUP BY unit) AS ways USING (unit);

-- The window published last of each indicator and system, and the start of the one that ended where it began.
CREATE VIEW IF NOT EXISTS {open}.last_windows AS
SELECT l.organisation AS organisation, l.indicator AS indicator, l.system AS system, l.version AS version,
       l.period AS period, l.period - 7 * d.window_weeks AS before
FROM (
    SELECT organisation, indicator, system, max(version) AS version, max(period) AS period
    FROM {open}.published_values WHERE grain = 'window' GROUP BY organisation, indicator, system) AS l
LEFT JOIN (SELECT indicator, version, window_weeks FROM {open}.definitions FINAL) AS d
    ON d.indicator = l.indicator AND d.version = l.version;

-- The latest published window of each figure. The set of periods is known before figures are read, so that other quarters
-- and windows are not; names are not joined, for planning a join costs more than the figures.
CREATE VIEW IF NOT EXISTS {open}.last_values AS
SELECT * FROM {open}.indicator_values
WHERE grain = 'window' AND (indicator, version, system, organisation, period) IN (
    SELECT indicator, max(version), system, organisation, max(period)
    FROM {open}.published_values WHERE grain = 'window' GROUP BY organisation, indicator, system);

-- The same beside the window that ended where it began.
CREATE VIEW IF NOT EXISTS {open}.last_changes AS
SELECT
    n.organisation AS organisation, n.unit AS unit, n.system AS system, n.case_type AS case_type, n.part AS part,
    n.indicator AS indicator, n.version AS version, n.period AS period, n.value AS value, n.status AS status,
    b.value AS earlier, n.value - b.value AS change
FROM {open}.last_values AS n
LEFT JOIN (
    SELECT indicator, version, system, unit, case_type, part, value FROM {open}.indicator_values
    WHERE grain = 'window' AND (indicator, version, system, organisation, period) IN (
        SELECT indicator, version, system, organisation, before FROM {open}.last_windows)) AS b
    ON b.indicator = n.indicator AND b.version = n.version AND b.system = n.system AND b.unit = n.unit
       AND b.case_type = n.case_type AND b.part = n.part;

-- Closed weeks, and how long after its end each was first told.
CREATE VIEW IF NOT EXISTS {open}.publications AS
SELECT organisation, period, min(published_at) AS told_at, dateDiff('hour', toDateTime(period + 7, 'UTC'), told_at) AS hours
FROM {open}.published_values WHERE grain = 'week' GROUP BY organisation, period;

-- What became of each message on each way out; `error` is not among the columns.
CREATE VIEW IF NOT EXISTS {open}.messages AS
SELECT organisation, message, channel, state, attempts, next_at, at FROM {open}.deliveries FINAL;
