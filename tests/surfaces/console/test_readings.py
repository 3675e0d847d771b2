"""A reading that follows a publication holds what one that reads everything holds."""

from __future__ import annotations

from datetime import timedelta

from nytta.insight.alerts.evaluation.published import PublishedEvidence
from nytta.insight.store.alerts import AlertStore
from nytta.surfaces.console.context import Console
from nytta.surfaces.console.figure_texts import figure_text
from nytta.surfaces.console.pages.alerts import message_of
from nytta.surfaces.console.readings import Readings
from nytta.surfaces.console.words import LANGUAGES
from tests.surfaces.console.world import LAST, World

_PUBLISHED = "{open}.published_values"


def read_whole(console: Console) -> Readings:
    """Readings of which nothing is kept."""
    return Readings(console.store, console.services.registry, console.services.definitions)


def publish(world: World, replaced: str, condition: str) -> None:
    """Publish once more what meets a condition, with something replaced, under a number of its own."""
    connection = world.app.open.connection
    publication = connection.value(f"SELECT max(publication) + 1 FROM {_PUBLISHED}")
    connection.run(
        f"""INSERT INTO {_PUBLISHED} SELECT * REPLACE ({replaced}, {publication} AS publication)
            FROM {_PUBLISHED} AS p FINAL WHERE {condition}"""
    )


PUBLICATIONS = (
    ("p.value + 1 AS value", f"p.period = '{LAST}' AND p.value IS NOT NULL"),
    ("NULL AS value, 'suppressed' AS status", "p.unit = 'u03'"),
    ("'brand-new' AS unit", "p.unit = 'u03'"),
    ("p.period + 7 AS period", f"p.period = '{LAST}'"),
    ("'other' AS system", "p.unit IN ('u03', 'town') AND p.grain = 'window'"),
)
"""What is published one after the other: a week again, a figure taken back, a new unit, a week later, a new system."""


def test_a_reading_takes_up_what_was_published_since(own: World) -> None:
    console = own.console()
    for replaced, condition in PUBLICATIONS:
        before = console.readings.of("town").published.evidence.values
        publish(own, replaced, condition)
        console.readings.changed()
        after, whole = console.readings.of("town"), read_whole(console).of("town")
        assert after.week == whole.week
        rows, rows_of_whole = after.published.evidence.values, whole.published.evidence.values
        assert dict(rows) == dict(rows_of_whole), replaced
        assert list(rows.series) == list(rows_of_whole.series), replaced
        assert dict(rows) != dict(before), replaced


def test_a_page_says_why_a_figure_is_not_shown(own: World) -> None:
    console = own.console()
    hidden = "NULL AS value, NULL AS low, NULL AS high, 'suppressed' AS status, 'no_data' AS reason"
    publish(own, hidden, "p.unit = 'u03' AND p.indicator = 'weekly-breadth'")
    console.readings.changed()
    reading = console.readings.of("town")
    row = reading.row("weekly-breadth", "u03", "arken")
    assert row is not None
    assert (
        figure_text(row, reading.definitions["weekly-breadth"], "en").text == "no source tells who works in the system"
    )
    assert "no source tells who works in the system" in own.visit("lead", "en").get("/units/u03").text


def test_all_is_read_anew_where_definitions_changed_or_weeks_went_back(own: World) -> None:
    console = own.console()
    console.readings.of("town")
    connection = own.app.open.connection
    publish(own, "p.version + 1 AS version", "p.indicator = 'weekly-breadth'")
    connection.run(
        "INSERT INTO {open}.definitions SELECT * REPLACE (version + 1 AS version, loaded + 1 AS loaded) "
        "FROM {open}.definitions AS d WHERE d.indicator = 'weekly-breadth'"
    )
    console.readings.changed()
    after = console.readings.of("town").published.evidence.values
    assert dict(after) == dict(read_whole(console).of("town").published.evidence.values)
    assert {row["version"] for place, row in after.items() if place[0] == "weekly-breadth"} == {2}
    evidence = AlertStore(connection).evidence("town", LAST - timedelta(weeks=9), LAST)
    earlier = AlertStore(connection).evidence("town", LAST - timedelta(weeks=19), LAST, earlier=evidence, since=10**6)
    assert dict(earlier.values) == dict(AlertStore(connection).evidence("town", earlier.first, LAST).values)


def test_messages_need_no_other_single_weeks(seen: World) -> None:
    reading = seen.console().readings.of("town")
    store = AlertStore(seen.app.open.connection)
    every_week = store.evidence("town", reading.published.evidence.first, reading.week)
    published = PublishedEvidence("town", reading.registry, every_week)
    assert len(every_week.values) > len(reading.published.evidence.values)
    whole = type(reading)(
        **{name: getattr(reading, name) for name in reading.__match_args__} | {"published": published}
    )
    assert reading.alerts
    for alert in reading.alerts:
        for language in LANGUAGES:
            assert message_of(reading, alert, LAST, language) == message_of(whole, alert, LAST, language)
