-- Corrections and retractions. The winner of an identity is the latest snapshot, then the greatest revision, then the
-- smallest content hash; an event whose winner is a retraction counts no more. Contents without either keep their hash.
ALTER TABLE {private}.events
    ADD COLUMN IF NOT EXISTS revision UInt64 DEFAULT 0,
    ADD COLUMN IF NOT EXISTS retracted UInt8 DEFAULT 0;

ALTER TABLE {private}.events
    MODIFY COLUMN content UInt64 MATERIALIZED if(revision = 0 AND retracted = 0,
        cityHash64(
            type, time, sequence, unit, system, case_type, subject, actor, actor_key, actor_kind, channel, mode,
            activity, team, line, category, role, tier, intended, digital_route, end_to_end, first_contact, how_to,
            legacy, by_law, follows, entitled, quantity, days, contract_days, valid_from, valid_to, mapKeys(attributes),
            mapValues(attributes)),
        cityHash64(
            revision, retracted, type, time, sequence, unit, system, case_type, subject, actor, actor_key, actor_kind,
            channel, mode, activity, team, line, category, role, tier, intended, digital_route, end_to_end,
            first_contact, how_to, legacy, by_law, follows, entitled, quantity, days, contract_days, valid_from,
            valid_to, mapKeys(attributes), mapValues(attributes)));

ALTER TABLE {private}.identities ADD COLUMN IF NOT EXISTS revision UInt64 DEFAULT 0;
ALTER TABLE {private}.identities ADD COLUMN IF NOT EXISTS retracted UInt8 DEFAULT 0;

ALTER TABLE {private}.identities_of_events
    MODIFY QUERY SELECT identity, snapshot, content, import, batch, revision, retracted FROM {private}.events;

ALTER TABLE {private}.actions_of_events
    MODIFY QUERY SELECT unit, system, time, actor, received_at, identity, snapshot, content, import
    FROM {private}.events
    WHERE kind IN ('session', 'case') AND actor_kind = 'person' AND legacy != 1 AND retracted = 0;

ALTER TABLE {private}.imports
    ADD COLUMN IF NOT EXISTS superseded UInt64 DEFAULT 0,
    ADD COLUMN IF NOT EXISTS retracted UInt64 DEFAULT 0;
