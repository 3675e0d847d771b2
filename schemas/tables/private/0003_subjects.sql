-- One row per case as its events tell it today. A case that moves leaves a deleted row in its old place.
CREATE TABLE IF NOT EXISTS {private}.cases
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
    version             UInt64,
    is_deleted          UInt8,
    INDEX closed closed_at TYPE minmax GRANULARITY 1,
    INDEX expires expires_at TYPE minmax GRANULARITY 1,
    INDEX one subject TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (system, unit, opened_at, subject)
SETTINGS index_granularity = 1024;

-- One row per ticket. Self-service completions are tickets that nobody had to open: selfservice = 1.
CREATE TABLE IF NOT EXISTS {private}.tickets
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
    version       UInt64,
    is_deleted    UInt8,
    INDEX resolved resolved_at TYPE minmax GRANULARITY 1,
    INDEX one subject TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (system, unit, opened_at, subject)
SETTINGS index_granularity = 1024;

-- One row per client (workplace device): planned life from enrolment to retirement.
CREATE TABLE IF NOT EXISTS {private}.clients
(
    system       LowCardinality(String),
    unit         LowCardinality(String),
    subject      FixedString(16),
    case_type    LowCardinality(String),
    enrolled_at  Nullable(DateTime64(3, 'UTC')),
    matured_at   Nullable(DateTime64(3, 'UTC')),
    activated_at Nullable(DateTime64(3, 'UTC')),
    last_seen_at Nullable(DateTime64(3, 'UTC')),
    retired_at   Nullable(DateTime64(3, 'UTC')),
    legacy       Int8,
    version      UInt64,
    is_deleted   UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (system, unit, subject);
