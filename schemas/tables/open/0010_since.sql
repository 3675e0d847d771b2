-- The week from which on what a verdict says has been so: of a fall its onset, of a low level going live or the last week
-- in which it was none. Of verdicts published before, the week of opening.
ALTER TABLE {open}.published_signals
    ADD COLUMN IF NOT EXISTS since Date DEFAULT opened;

CREATE OR REPLACE VIEW {open}.signals AS
SELECT * FROM {open}.published_signals FINAL;
