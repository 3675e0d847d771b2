-- Subjects and cells lie by years, so that a round reads those that it touches, however many lie behind them. Years before
-- 2000 lie together, and so do those after 2049: a mistaken date makes no partition of its own. One index of all moments
-- serves conditions that name several of them.
--
-- Each table is made anew in one statement, so that a migration that was broken off leaves the one or the other; nobody may
-- write into them meanwhile (docs/operations.md). On a cluster every replica copies all rows, and what is there twice is once.

-- One row per case as its events tell it today. A case that moves leaves a deleted row in its old place. `hand` is the person
-- who did most of it, the others who did the step that is measured: 16 zero bytes where nobody is named.
CREATE OR REPLACE TABLE {private}.cases
(
    system              LowCardinality(String),
    unit                LowCardinality(String),
    opened_at           DateTime64(3, 'UTC'),
    subject             FixedString(16),
    case_type           LowCardinality(String),
    closed_at           Nullable(DateTime64(3, 'UTC')),
    expires_at          DateTime64(3, 'UTC'),
    first_at            DateTime64(3, 'UTC'),
    last_at             DateTime64(3, 'UTC'),
    channel             LowCardinality(String),
    steps               UInt32,
    intended            Int8,
    returns             UInt32,
    returns_by_law      UInt32,
    route_steps         UInt32,
    route_steps_by_hand UInt32,
    end_to_end          Int8,
    handovers           UInt32,
    activities          Array(LowCardinality(String)),
    modes               Array(LowCardinality(String)),
    teams               Array(LowCardinality(String)),
    actors              Array(FixedString(16)),
    hand                FixedString(16),
    hand_intended       FixedString(16),
    hand_route          FixedString(16),
    version             UInt64,
    is_deleted          UInt8,
    INDEX moments (opened_at, closed_at, expires_at) TYPE minmax GRANULARITY 1,
    INDEX one subject TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY least(greatest(toYear(opened_at), 1999), 2050)
ORDER BY (least(greatest(toYear(opened_at), 1999), 2050), system, unit, opened_at, subject)
SETTINGS index_granularity = 1024, default_compression_codec = 'ZSTD(3)'
AS SELECT system, unit, opened_at, subject, case_type, closed_at, expires_at, first_at, last_at, channel, steps, intended,
          returns, returns_by_law, route_steps, route_steps_by_hand, end_to_end, handovers, activities, modes, teams, actors,
          hand, hand_intended, hand_route, version, is_deleted
FROM {private}.cases;

-- One row per ticket. Self-service completions are tickets that nobody had to open: selfservice = 1.
CREATE OR REPLACE TABLE {private}.tickets
(
    system        LowCardinality(String),
    unit          LowCardinality(String),
    opened_at     DateTime64(3, 'UTC'),
    subject       FixedString(16),
    case_type     LowCardinality(String),
    resolved_at   Nullable(DateTime64(3, 'UTC')),
    first_at      DateTime64(3, 'UTC'),
    last_at       DateTime64(3, 'UTC'),
    channel       LowCardinality(String),
    category      LowCardinality(String),
    how_to        Int8,
    first_contact Int8,
    selfservice   UInt8,
    assignments   UInt32,
    reopened      UInt32,
    activities    Array(LowCardinality(String)),
    units         Array(LowCardinality(String)),
    teams         Array(LowCardinality(String)),
    lines         Array(UInt8),
    actors        Array(FixedString(16)),
    hand          FixedString(16),
    hand_resolved FixedString(16),
    requester     FixedString(16),
    version       UInt64,
    is_deleted    UInt8,
    INDEX moments (opened_at, resolved_at) TYPE minmax GRANULARITY 1,
    INDEX one subject TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY least(greatest(toYear(opened_at), 1999), 2050)
ORDER BY (least(greatest(toYear(opened_at), 1999), 2050), system, unit, opened_at, subject)
SETTINGS index_granularity = 1024, default_compression_codec = 'ZSTD(3)'
AS SELECT system, unit, opened_at, subject, case_type, resolved_at, first_at, last_at, channel, category, how_to,
          first_contact, selfservice, assignments, reopened, activities, units, teams, lines, actors, hand, hand_resolved,
          requester, version, is_deleted
FROM {private}.tickets;

-- Exact figures per cell. `adds` ones hold the unit's own subjects; the others (persons, medians) hold every level of the
-- tree and every published grain, because they cannot be added. The keys are sums (modulo 2^64) of those of its records.
CREATE OR REPLACE TABLE {private}.cells
(
    indicator        LowCardinality(String),
    version          UInt16,
    grain            LowCardinality(String),
    system           LowCardinality(String),
    unit             LowCardinality(String),
    case_type        LowCardinality(String),
    part             LowCardinality(String),
    period           Date,
    numerator        Int64,
    denominator      Int64,
    subjects         UInt64,
    persons          UInt64,
    numerator_keys   UInt64,
    denominator_keys UInt64,
    computed         UInt64,
    is_deleted       UInt8,
    INDEX newest computed TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(computed, is_deleted)
PARTITION BY least(greatest(toYear(period), 1999), 2050)
ORDER BY (indicator, version, grain, system, unit, case_type, part, period)
SETTINGS index_granularity = 1024, default_compression_codec = 'ZSTD(3)'
AS SELECT indicator, version, grain, system, unit, case_type, part, period, numerator, denominator, subjects, persons,
          numerator_keys, denominator_keys, computed, is_deleted
FROM {private}.cells;

-- How many persons handled the cases or tickets of a cell, how many the busiest of them had, and how many persons asked:
-- at every level of the tree and of every published grain, because distinct persons cannot be added. Counts, no persons.
CREATE OR REPLACE TABLE {private}.hands
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
    is_deleted  UInt8,
    INDEX newest computed TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(computed, is_deleted)
PARTITION BY least(greatest(toYear(period), 1999), 2050)
ORDER BY (indicator, version, grain, system, unit, case_type, period)
SETTINGS index_granularity = 1024, default_compression_codec = 'ZSTD(3)'
AS SELECT indicator, version, grain, system, unit, case_type, period, handlers, most_by_one, requesters, computed, is_deleted
FROM {private}.hands;

-- Events of a case are looked up in every part of the table: this tells the parts that have none.
ALTER TABLE {private}.events ADD INDEX IF NOT EXISTS one subject TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE {private}.events MATERIALIZE INDEX one SETTINGS mutations_sync = 2;

-- The one place where a numerator meets its denominator, and where units roll up at the dates that were valid. Grain 'window'
-- is the trailing window of the definition, named by its last week. Places are joined as arrays and not by the function of
-- that name, before which the engine carries no condition: who asks for one indicator would read all.
CREATE OR REPLACE VIEW {private}.indicator_values AS
WITH
    (SELECT toDate(toUInt16(max(value))) FROM {private}.counters WHERE name = 'last_week') AS last_week,
    defined AS (SELECT indicator, version, kind, scale, adds, window_weeks, known, of_persons
                FROM {private}.definitions FINAL),
    spread AS
    (
        SELECT
            c.indicator AS indicator, c.version AS version, c.system AS system, c.case_type AS case_type,
            c.part AS part, c.unit AS unit, place.1 AS grain, place.2 AS period,
            c.numerator AS numerator, c.denominator AS denominator,
            c.subjects AS subjects, c.persons AS persons,
            c.numerator_keys AS numerator_keys, c.denominator_keys AS denominator_keys
        FROM {private}.cells AS c FINAL
        INNER JOIN defined AS d ON d.indicator = c.indicator AND d.version = c.version
        ARRAY JOIN if(c.grain = 'week' AND d.window_weeks > 1,
                arrayConcat([('week', c.period)], arrayMap(i -> ('window', c.period + 7 * i), range(d.window_weeks))),
                if(c.grain = 'week', [('week', c.period), ('window', c.period)], [(c.grain, c.period)])) AS place
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
               told_grain AS grain, c.period,
               c.numerator, c.denominator, c.subjects, c.persons, c.numerator_keys, c.denominator_keys
        FROM {private}.cells AS c FINAL
        INNER JOIN defined AS d ON d.indicator = c.indicator AND d.version = c.version
        ARRAY JOIN if(c.grain = 'week' AND d.window_weeks = 1, ['week', 'window'], [c.grain]) AS told_grain
        WHERE NOT d.adds
    )
SELECT r.*, d.kind AS kind,
       multiIf(d.kind = 'count', r.numerator * d.scale,
               r.denominator = 0 OR r.denominator < d.known * if(d.of_persons, r.persons, r.subjects), NULL,
               d.kind = 'median', r.numerator * d.scale,
               d.scale * r.numerator / r.denominator) AS value
FROM rolled AS r
INNER JOIN defined AS d ON d.indicator = r.indicator AND d.version = r.version;
