-- What a figure's protection rests on: '' a register of persons or the cases themselves, 'declared' a size that somebody
-- stated, 'public_data' a log that is public already.
ALTER TABLE {open}.published_values ADD COLUMN IF NOT EXISTS basis LowCardinality(String);

CREATE OR REPLACE VIEW {open}.indicator_values AS
SELECT * FROM {open}.published_values FINAL;
