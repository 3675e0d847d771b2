-- Events of a round whose unit is to be looked up and is not known yet.
ALTER TABLE {private}.pull_rounds ADD COLUMN IF NOT EXISTS unplaced UInt64 DEFAULT 0;
