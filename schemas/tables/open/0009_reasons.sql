-- Why a figure is not shown, and the fingerprint of the rules that it was published under.
ALTER TABLE {open}.published_values ADD COLUMN IF NOT EXISTS reason LowCardinality(String);
ALTER TABLE {open}.published_values ADD COLUMN IF NOT EXISTS rules LowCardinality(String);

CREATE OR REPLACE VIEW {open}.indicator_values AS
SELECT * FROM {open}.published_values FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1, optimize_move_to_prewhere_if_final = 1;
