-- What is in place in each organisation before indicators of a purpose may be computed; '*' stands for any purpose.
-- `missing` names what is not in place by the words of the registry: only where it is empty are figures made.
CREATE TABLE IF NOT EXISTS {open}.approvals
(
    purpose      LowCardinality(String),
    root         LowCardinality(String),
    legal_basis  String,
    dpia         String,
    consulted_on Nullable(Date),
    missing      Array(LowCardinality(String))
)
ENGINE = MergeTree
ORDER BY (purpose, root);

-- Days on which no event of a system is processed.
CREATE TABLE IF NOT EXISTS {open}.stops
(
    system     LowCardinality(String),
    valid_from Date,
    valid_to   Date
)
ENGINE = MergeTree
ORDER BY (system, valid_from);

-- What the owner of a log without a registry says of its approval; the latest row of a root counts.
CREATE TABLE IF NOT EXISTS {open}.created_approvals
(
    root         LowCardinality(String),
    legal_basis  String,
    dpia         String,
    consulted_on Nullable(Date),
    place        UInt64
)
ENGINE = MergeTree
ORDER BY (root, place)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Deliveries of events that were not processed, because their system is switched off: a number, nothing of the events.
CREATE TABLE IF NOT EXISTS {open}.not_processed
(
    received_on Date,
    source      LowCardinality(String),
    system      LowCardinality(String),
    events      UInt64
)
ENGINE = SummingMergeTree(events)
ORDER BY (received_on, source, system);

-- Certificates of disposal: what went, when, by whose decision. Cells whose rows went are sealed.
CREATE TABLE IF NOT EXISTS {open}.disposals
(
    certificate  UInt64,
    at           DateTime('UTC'),
    rule         LowCardinality(String),
    organisation LowCardinality(String),
    decision     String,
    before       DateTime('UTC'),
    rows         Map(LowCardinality(String), UInt64),
    sealed       UInt64
)
ENGINE = MergeTree
ORDER BY (certificate, organisation)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Who read unit-level figures: the reader's role and the unit that gives it, what was read and by which surface. `reader`
-- tells readers apart without naming them; nobody is in a row but the reader.
CREATE TABLE IF NOT EXISTS {open}.access_log
(
    at         DateTime('UTC'),
    reader     String,
    role       LowCardinality(String),
    role_unit  LowCardinality(String),
    what       LowCardinality(String),
    unit       LowCardinality(String),
    surface    LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY (at, unit)
TTL at + INTERVAL 12 MONTH
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
