-- What a look for what is gone compared: the rows that the source lists, and those of ours that stand.
ALTER TABLE {private}.pull_rounds ADD COLUMN IF NOT EXISTS listed Nullable(UInt64), ADD COLUMN IF NOT EXISTS standing Nullable(UInt64);
