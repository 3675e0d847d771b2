-- What a figure's protection rests on: '' a register of persons or the cases themselves, 'declared' a size that somebody
-- stated, 'public_data' a log that is public already.
ALTER TABLE {open}.published_values ADD COLUMN IF NOT EXISTS basis LowCardinality(String);

-- A figure never spans quarters, for its period is in the key; and what asks for parts of the key may be asked first.
CREATE OR REPLACE VIEW {open}.indicator_values AS
SELECT * FROM {open}.published_values FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1;
