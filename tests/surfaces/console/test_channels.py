"""The mix of support channels over time, and what a steering of them changed."""

from __future__ import annotations

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
    assert mix.finding == "Most tickets come through Web: 50%."
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


def test_nothing_is_drawn_where_no_channel_is_shown(seen: World) -> None:
    console = seen.console()
    assert channel_mix(console.store, console.readings.of("town"), "u03", "arken", "en") is None
