-- A source whose deliveries hold three days and more each, as exported lists do, is held against the pauses between its
-- deliveries, not against its weekdays: its last days are always few, and a list that is read once a month is not silent
-- in between. It is `learning` until four deliveries are known, and silent for more than twice its second longest pause, a
-- week at least, counted to the last day on which any source delivered. All else is as in 0013.
CREATE OR REPLACE VIEW {open}.sources AS
WITH (SELECT least(max(day), yesterday()) FROM {open}.source_days) AS judged,
     (SELECT max(toDate(last_received)) FROM {open}.source_days) AS heard
SELECT
    source, system, last_event_day, last_received, judged AS day, delivered, usual,
    multiIf(is_notes, if(silence > 28, 'resting', 'ok'),
            known >= 3 * length(receipts),
                multiIf(length(receipts) < 4, 'learning',
                        heard - receipts[-1] > greatest(7, 2 * usual_wait), 'silent', 'ok'),
            known_weekdays < 4 OR (usual < 10 AND missed < 2 AND known < 5), 'learning',
            missed > 1 OR (usual >= 10 AND delivered = 0), 'silent',
            usual < 10, if(silence > greatest(7, 2 * usual_pause), 'silent', 'ok'),
            delivered < usual / 2, 'low', delivered > 2 * usual, 'high', 'ok') AS state
FROM (
    SELECT
        source, system, last_event_day, last_received, silence, delivered, known, is_notes, usual_pause, receipts,
        arrayReverseSort(arrayDifference(receipts)) AS waits,
        if(length(waits) > 2, waits[2], waits[1]) AS usual_wait,
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
            arraySort(groupUniqArray(toDate(source_days.last_received))) AS receipts,
            min(source_days.notes) AS is_notes,
            -- of today's weekday and the six before it: what eight of them had, weeks since the last delivery left out
            arrayMap(ago -> arrayMap(k -> days[judged - ago - 7 * k],
                arrayFilter(k -> judged - ago - 7 * k >= first,
                    range(greatest(1, intDiv(silence - ago + 6, 7)), greatest(1, intDiv(silence - ago + 6, 7)) + 8))),
                range(7)) AS weekdays
        FROM {open}.source_days GROUP BY source, system));
