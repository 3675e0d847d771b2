-- What was said of each organisation's benefits, statement by statement: nothing here is ever changed, so that any
-- earlier report can be told again. `body` is a whole statement as JSON (nytta.benefits.statement): plans as they stood,
-- figures that may be published, decisions, maturity. Only the publication of benefits writes here.
CREATE TABLE IF NOT EXISTS {open}.benefit_statements
(
    organisation LowCardinality(String),
    published_at DateTime('UTC'),
    publication  UInt64,
    week         Date,
    body         String
)
ENGINE = MergeTree
ORDER BY (organisation, publication)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The last statement of each closed week: history for charts.
CREATE VIEW IF NOT EXISTS {open}.benefit_weeks AS
SELECT organisation, week, argMax(body, publication) AS statement, max(published_at) AS said_at
FROM {open}.benefit_statements
GROUP BY organisation, week;

-- Benefits as they stood week by week. Shares and points of percent, hours a year, money in whole units of `currency`.
CREATE VIEW IF NOT EXISTS {open}.benefits AS
SELECT
    organisation, week, JSONExtractString(statement, 'currency') AS currency,
    JSONExtractString(each, 'id') AS benefit,
    JSONExtractString(each, 'plan', 'names', 'sv') AS name_sv,
    JSONExtractString(each, 'plan', 'names', 'nb') AS name_nb,
    JSONExtractString(each, 'plan', 'names', 'en') AS name_en,
    JSONExtractString(each, 'plan', 'unit') AS unit,
    JSONExtractString(each, 'place') AS place,
    JSONExtractString(each, 'plan', 'system') AS system,
    JSONExtractString(each, 'plan', 'case_type') AS case_type,
    JSONExtractString(each, 'plan', 'kind') AS kind,
    JSONExtractString(each, 'plan', 'unit_of_measure') AS unit_of_measure,
    JSONExtract(each, 'plan', 'baseline', 'Nullable(Int64)') / 1000 AS baseline,
    JSONExtract(each, 'plan', 'target', 'Nullable(Int64)') / 1000 AS target,
    toDateOrNull(JSONExtractString(each, 'plan', 'due')) AS due,
    JSONExtractString(each, 'word') AS status,
    JSONExtract(each, 'realised', 'Nullable(Int64)') / 10 AS realised,
    JSONExtract(each, 'ahead', 'expected', 'Nullable(Int64)') / 10 AS forecast,
    JSONExtract(each, 'ahead', 'low', 'Nullable(Int64)') / 10 AS forecast_low,
    JSONExtract(each, 'ahead', 'high', 'Nullable(Int64)') / 10 AS forecast_high,
    JSONExtract(each, 'gap', 'use', 'Nullable(Int64)') AS gap_use,
    JSONExtract(each, 'gap', 'effect', 'Nullable(Int64)') AS gap_effect,
    JSONExtract(each, 'freed', 'Nullable(Int64)') / 1000 AS freed_hours,
    JSONExtractString(each, 'account') AS account,
    JSONExtract(each, 'amount', 'Nullable(Int64)') / 100 AS amount
FROM {open}.benefit_weeks ARRAY JOIN JSONExtractArrayRaw(statement, 'benefits') AS each;

-- Hours a year left lying, by unit or reporting group, system and case type.
CREATE VIEW IF NOT EXISTS {open}.unrealised AS
SELECT
    organisation, week, JSONExtractString(statement, 'currency') AS currency,
    JSONExtractString(each, 'place') AS place,
    JSONExtractString(each, 'system') AS system,
    JSONExtractString(each, 'case_type') AS case_type,
    JSONExtract(each, 'share', 'Nullable(Int64)') AS share,
    JSONExtract(each, 'share_target', 'Nullable(Int64)') AS share_target,
    JSONExtract(each, 'promised', 'Nullable(Int64)') / 1000 AS promised_hours,
    JSONExtract(each, 'freed', 'Nullable(Int64)') / 1000 AS freed_hours,
    JSONExtract(each, 'use_missing', 'Nullable(Int64)') / 1000 AS use_missing_hours,
    JSONExtract(each, 'effect_missing', 'Nullable(Int64)') / 1000 AS effect_missing_hours,
    JSONExtract(each, 'amount_missing', 'Nullable(Int64)') / 100 AS amount_missing,
    JSONExtractString(each, 'why') AS why
FROM {open}.benefit_weeks ARRAY JOIN JSONExtractArrayRaw(statement, 'pools') AS each;

-- How decisions stood week by week.
CREATE VIEW IF NOT EXISTS {open}.decisions AS
SELECT
    organisation, week,
    JSONExtractString(each, 'id') AS decision,
    JSONExtractString(each, 'names', 'sv') AS name_sv,
    JSONExtractString(each, 'names', 'nb') AS name_nb,
    JSONExtractString(each, 'names', 'en') AS name_en,
    JSONExtractString(each, 'level') AS level,
    toDateOrNull(JSONExtractString(each, 'decided')) AS decided,
    toDateOrNull(JSONExtractString(each, 'due')) AS due,
    JSONExtractUInt(each, 'units') AS units,
    JSONExtractUInt(each, 'acknowledged') AS acknowledged,
    JSONExtractUInt(each, 'executed') AS executed,
    JSONExtractUInt(each, 'weeks') AS weeks,
    JSONExtractString(each, 'word') AS status
FROM {open}.benefit_weeks ARRAY JOIN JSONExtractArrayRaw(statement, 'decisions') AS each;

-- Maturity scores of places: dimensions and axes (`axis` tells which), score empty where too much is missing.
CREATE VIEW IF NOT EXISTS {open}.maturity AS
SELECT
    organisation, week,
    JSONExtractString(each, 'place') AS place,
    JSONExtractString(each, 'system') AS system,
    JSONExtractUInt(each, 'model') AS model,
    JSONExtractString(each, 'level') AS level,
    part.1 AS axis,
    JSONExtractString(part.2, 'name') AS name,
    JSONExtract(part.2, 'score', 'Nullable(Float64)') AS score,
    JSONExtractUInt(part.2, 'covered') AS covered
FROM (SELECT organisation, week, arrayJoin(JSONExtractArrayRaw(statement, 'maturity')) AS each FROM {open}.benefit_weeks)
ARRAY JOIN arrayConcat(
    arrayMap(x -> (false, x), JSONExtractArrayRaw(each, 'dimensions')),
    arrayMap(x -> (true, x), JSONExtractArrayRaw(each, 'axes'))) AS part;

-- Published figures of other organisations, taken over from their exports; the latest export of each counts. Their
-- definitions are the ones in force here, version and content: others are refused.
CREATE TABLE IF NOT EXISTS {open}.benchmarks
(
    organisation LowCardinality(String),
    unit         LowCardinality(String),
    unit_name    String,
    type         LowCardinality(String),
    system       LowCardinality(String),
    case_type    LowCardinality(String),
    indicator    LowCardinality(String),
    version      UInt16,
    period       Date,
    value        Float64,
    low          Nullable(Float64),
    high         Nullable(Float64),
    n_band       LowCardinality(String),
    publication  UInt64
)
ENGINE = MergeTree
ORDER BY (indicator, version, organisation, unit, system, case_type)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
