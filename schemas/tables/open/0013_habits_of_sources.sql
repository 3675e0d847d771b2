-- Whether all that a source delivered of a day are notes of the programme: completed courses, milestones, decisions, pulse
-- answers. They come when something happens, and nothing is awaited of a course that has ended.
ALTER TABLE {open}.published_sources ADD COLUMN IF NOT EXISTS notes UInt8 DEFAULT 0;

CREATE OR REPLACE VIEW {open}.source_days AS
SELECT source, system, day, events, last_received, notes FROM {open}.published_sources FINAL;

-- Each source beside its own past: the last day that all feeds can have told of against the median of the eight same
-- weekdays before, of those that end with its last delivery. Under half is `low`, over twice `high`. It is `silent` where that
-- day has nothing, or where two days have nothing on which it delivers, so that a weekend hides no silence; `learning`
-- until four same weekdays are known. A source that has fewer than ten on all weekdays is held against its own pauses: it is
-- silent for more than twice its second longest one, as the longest may be Christmas, and a week at least; `learning` until
-- five days with events are known. A source of notes is `resting` after four weeks.
CREATE OR REPLACE VIEW {open}.sources AS
WITH (SELECT least(max(day), yesterday()) FROM {open}.source_days) AS judged
SELECT
    source, system, last_event_day, last_received, judged AS day, delivered, usual,
    multiIf(is_notes, if(silence > 28, 'resting', 'ok'),
            known_weekdays < 4 OR (usual < 10 AND missed < 2 AND known < 5), 'learning',
            missed > 1 OR (usual >= 10 AND delivered = 0), 'silent',
            usual < 10, if(silence > greatest(7, 2 * usual_pause), 'silent', 'ok'),
            delivered < usual / 2, 'low', delivered > 2 * usual, 'high', 'ok') AS state
FROM (
    SELECT
        source, system, last_event_day, last_received, silence, delivered, known, is_notes, usual_pause,
        length(weekdays[1]) AS known_weekdays,
        arrayMap(past -> if(empty(past), NULL, toNullable(arrayReduce('medianExact', if(empty(past), [0], past)))), weekdays)
            AS usuals,
        usuals[1] AS usual,
        arrayCount(ago -> ago < silence AND ifNull(usuals[ago % 7 + 1], 0) >= 10, range(14)) AS missed
    FROM (
        SELECT
            source, system, max(day) AS last_event_day, max(source_days.last_received) AS last_received, min(day) AS first,
            greatest(0, judged - last_event_day) AS silence,
            sumIf(ifNull(events, 5), day = judged) AS delivered,
            mapFromArrays(groupArray(day), groupArray(ifNull(events, 5))) AS days,
            arrayReverseSort(arrayDifference(arraySort(groupArray(toInt32(day))))) AS pauses,
            if(length(pauses) > 2, pauses[2], pauses[1]) AS usual_pause,
            count() AS known,
            min(source_days.notes) AS is_notes,
            -- of today's weekday and the six before it: what eight of them had, weeks since the last delivery left out
            arrayMap(ago -> arrayMap(k -> days[judged - ago - 7 * k],
                arrayFilter(k -> judged - ago - 7 * k >= first,
                    range(greatest(1, intDiv(silence - ago + 6, 7)), greatest(1, intDiv(silence - ago + 6, 7)) + 8))),
                range(7)) AS weekdays
        FROM {open}.source_days GROUP BY source, system));
