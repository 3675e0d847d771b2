"""The mix of support channels over time, and what a steering of them changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from nytta.registry.programme import Milestone
from nytta.registry.units import Names
from nytta.surfaces.console.pages.channels import channel_mix
from tests.surfaces.console.world import LAST, World


def test_the_mix_and_what_a_steering_changed(seen: World) -> None:
    console = seen.console()
    reading = console.readings.of("town")
    mix = channel_mix(console.store, reading, "u02", "arken", "en")
    assert mix is not None
    assert mix.finding == "Web is the most common channel to Arken: 50%."
    assert [row[0] for row in mix.table.rows] == ["Web", "Phone", "E-mail"]
    steered = Milestone(
        "steered", "steering_changed", LAST - timedelta(weeks=9), Names.of("To the portal"), "arken", "u02", ""
    )
    registry = replace(reading.registry, milestones=(*reading.registry.milestones, steered))
    after = replace(reading, published=replace(reading.published, registry=registry))
    moved = channel_mix(console.store, after, "u02", "arken", "en")
    assert moved is not None
    assert "Web from 25% to 50%, Phone from 55% to 30%." in moved.finding
    assert moved.finding.startswith("Since “To the portal")
    assert [row[1:] for row in moved.table.rows] == [("25%", "50%"), ("55%", "30%"), ("20%", "20%")]


@contextmanager
def _phone_is(seen: World, share: float, low: float, high: float) -> Iterator[None]:
    """The phone's share of the last weeks, for as long as the context is open."""
    connection = seen.app.open.connection
    chosen = f"indicator = 'ticket-channel-mix' AND part = 'phone' AND period = '{LAST}'"
    connection.run("CREATE TABLE {open}.phone_before AS {open}.published_values")
    connection.run(f"INSERT INTO {{open}}.phone_before SELECT * FROM {{open}}.published_values WHERE {chosen}")
    connection.run(f"ALTER TABLE {{open}}.published_values DELETE WHERE {chosen} SETTINGS mutations_sync = 1")
    connection.run(
        f"INSERT INTO {{open}}.published_values SELECT * REPLACE (toFloat64({share}) AS value, "
        f"toFloat64({low}) AS low, toFloat64({high}) AS high, 'rounded' AS status) FROM {{open}}.phone_before"
    )
    yield
    connection.run(f"ALTER TABLE {{open}}.published_values DELETE WHERE {chosen} SETTINGS mutations_sync = 1")
    connection.run("INSERT INTO {open}.published_values SELECT * FROM {open}.phone_before")
    connection.run("DROP TABLE {open}.phone_before")


def test_a_channel_is_the_most_common_only_where_that_is_certain(seen: World) -> None:
    console = seen.console()
    reading = console.readings.of("town")
    with _phone_is(seen, 45, 30, 60):
        mix = channel_mix(console.store, reading, "u02", "arken", "sv")
    assert mix is not None
    assert mix.finding == (
        "De vanligaste kanalerna till Arken: Webb 50\u00a0%, Telefon cirka 45\u00a0%. "
        "Vilken av dem som är vanligast är inte säkert."
    )
    assert mix.table.rows[1][2] == "cirka 45\u00a0%"


def test_nothing_is_drawn_where_no_channel_is_shown(seen: World) -> None:
    console = seen.console()
    assert channel_mix(console.store, console.readings.of("town"), "u03", "arken", "en") is None
