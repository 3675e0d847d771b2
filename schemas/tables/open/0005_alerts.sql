-- What lag detection found, as far as it may be known outside the private zone: the verdict, and the published figures
-- of its weeks (status 'suppressed' where none is shown). Unit '*' is the whole system (a common cause). Only the publication of signals writes here.
CREATE TABLE IF NOT EXISTS {open}.published_signals
(
    organisation  LowCardinality(String),
    unit          LowCardinality(String),
    system        LowCardinality(String),
    indicator     LowCardinality(String),
    version       UInt16,
    kind          LowCardinality(String),
    opened        Date,
    closed        Nullable(Date),
    withdrawn     Bool,
    also          Array(String),
    told          LowCardinality(String),
    urgency       Float64,
    first         Date,
    last          Date,
    value         Nullable(Float64),
    low           Nullable(Float64),
    high          Nullable(Float64),
    n_band        LowCardinality(String),
    status        LowCardinality(String),
    before        Nullable(Float64),
    peer          Nullable(Float64),
    peer_low      Nullable(Float64),
    peer_high     Nullable(Float64),
    target        Nullable(Float64),
    due           Nullable(Date),
    scope         Nullable(Float64),
    publication   UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (organisation, unit, system, indicator, kind, opened)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS {open}.signals AS
SELECT * FROM {open}.published_signals FINAL;

-- Weeks of units that were not judged, and why ('' where they were judged after all).
CREATE TABLE IF NOT EXISTS {open}.not_assessed
(
    organisation LowCardinality(String),
    unit         LowCardinality(String),
    system       LowCardinality(String),
    indicator    LowCardinality(String),
    week         Date,
    reason       LowCardinality(String),
    publication  UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (organisation, week, unit, system, indicator)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Facts that alerts rest on: readiness ('ready': trained, with account and licence) and the step of a tier ('trained',
-- `part` is the tier), from the ledger like indicators; use ('use', `part` is the indicator), a published figure again;
-- what keeps the earlier platform alive ('legacy', `part` is the app); hours of a year that are missed
-- ('unrealised_hours').
CREATE TABLE IF NOT EXISTS {open}.published_facts
(
    organisation LowCardinality(String),
    unit         LowCardinality(String),
    system       LowCardinality(String),
    fact         LowCardinality(String),
    part         LowCardinality(String),
    week         Date,
    value        Nullable(Float64),
    low          Nullable(Float64),
    high         Nullable(Float64),
    n_band       LowCardinality(String),
    status       LowCardinality(String),
    publication  UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (organisation, fact, week, unit, system, part)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Decisions as units report them: official acts, no person.
CREATE TABLE IF NOT EXISTS {open}.decision_acts
(
    organisation LowCardinality(String),
    decision     LowCardinality(String),
    unit         LowCardinality(String),
    state        LowCardinality(String),
    level        LowCardinality(String),
    day          Date,
    publication  UInt64
)
ENGINE = ReplacingMergeTree(publication)
ORDER BY (organisation, decision, unit, state, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The book of alerts: alerts, what was sent, messages that wait or went, and how far an organisation was heard. All
-- that one round decides is one insert of one block, so that a crash leaves all of it or nothing. Roles and units, no
-- names: `body` is the whole record as JSON.
CREATE TABLE IF NOT EXISTS {open}.alert_records
(
    record       LowCardinality(String),
    id           String,
    organisation LowCardinality(String),
    unit         LowCardinality(String),
    system       LowCardinality(String),
    kind         LowCardinality(String),
    state        LowCardinality(String),
    day          Date,
    body         String,
    version      UInt64,
    is_deleted   UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (record, organisation, id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE VIEW IF NOT EXISTS {open}.alerts AS
SELECT
    organisation, unit, system, kind, state, id,
    JSONExtractString(body, 'key', 'family') AS family,
    toDateOrNull(JSONExtractString(body, 'since')) AS since,
    toDateOrNull(JSONExtractString(body, 'opened')) AS opened,
    toDateOrNull(JSONExtractString(body, 'told')) AS told,
    toDateOrNull(JSONExtractString(body, 'acknowledged', 'on')) AS acknowledged,
    toDateOrNull(JSONExtractString(body, 'closed')) AS closed,
    JSONExtractString(body, 'feedback') AS feedback
FROM {open}.alert_records FINAL
WHERE record = 'alert';

-- What became of each message on each way out; the latest row counts. `error` names no person.
CREATE TABLE IF NOT EXISTS {open}.deliveries
(
    organisation LowCardinality(String),
    message      String,
    channel      LowCardinality(String),
    state        LowCardinality(String),
    attempts     UInt16,
    error        String,
    next_at      DateTime('UTC'),
    at           DateTime('UTC'),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (message, channel)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
