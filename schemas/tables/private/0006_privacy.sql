-- Cells whose raw rows were disposed of: they stay as they stand. Rounds, rebuilds and verifications leave them out.
CREATE TABLE IF NOT EXISTS {private}.sealed
(
    indicator   LowCardinality(String),
    version     UInt16,
    grain       LowCardinality(String),
    unit        LowCardinality(String),
    system      LowCardinality(String),
    period      Date,
    certificate UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (indicator, version, grain, unit, system, period)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Working list of one disposal or erasure: the events that go, or lose their actor. Empty between them.
CREATE TABLE IF NOT EXISTS {private}.removal
(
    kind       LowCardinality(String),
    system     LowCardinality(String),
    subject    FixedString(16),
    unit       LowCardinality(String),
    time       DateTime64(3, 'UTC'),
    valid_from Date,
    actor      FixedString(16),
    actor_kind LowCardinality(String),
    identity   FixedString(16),
    snapshot   UInt64,
    content    UInt64,
    import     UInt64
)
ENGINE = MergeTree
ORDER BY (kind, system, subject);

-- Persons who are not counted: neither in numerators nor in denominators, now and later. `digest` is a pseudonym with the
-- key `key_id`, or, where that is '', what the lasting key makes of the id at the source: keys change, a right does not.
CREATE TABLE IF NOT EXISTS {private}.exclusions
(
    digest    FixedString(16),
    key_id    LowCardinality(String),
    reference String,
    since     DateTime('UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (digest, key_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What an erasure or exclusion did: counts, and the reference of the request. No pseudonym.
CREATE TABLE IF NOT EXISTS {private}.erasures
(
    certificate UInt64,
    at          DateTime('UTC'),
    what        LowCardinality(String),
    reference   String,
    rows        Map(LowCardinality(String), UInt64),
    cells       UInt64,
    sealed      UInt64
)
ENGINE = MergeTree
ORDER BY certificate
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- While two keys of persons overlap: which pseudonym of the old key becomes which of the coming one. Emptied when the old
-- key is destroyed, so that nothing links what came before the overlap with what comes after it.
CREATE TABLE IF NOT EXISTS {private}.renamings
(
    old_key    LowCardinality(String),
    new_key    LowCardinality(String),
    old_digest FixedString(16),
    new_digest FixedString(16)
)
ENGINE = ReplacingMergeTree
ORDER BY (old_key, old_digest)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
