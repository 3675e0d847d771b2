"""What counters say of senders, and to whom."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from nytta.ingest.http.counters import Counters, named_at
from nytta.ingest.http.tokens import sender_id


@pytest.mark.parametrize("address", ["127.0.0.1:9100", "localhost:9100", "[::1]:9100"])
def test_this_machine_reads_names(address: str) -> None:
    assert named_at(address)("Anna's desk") == "Anna's desk"


@pytest.mark.parametrize("address", ["0.0.0.0:8660", "[::]:8660", "10.0.0.7:8660", "gateway:8660", ""])
def test_nobody_else_reads_a_name(address: str) -> None:
    counters = Counters(label=named_at(address))
    sender = "Anna's desk"
    counters.durable(sender, 3, (), 0.1)
    text = generate_latest(counters.registry).decode()
    assert "Anna" not in text
    assert f'nytta_events_accepted_total{{sender="{sender_id(sender)}"}} 3.0' in text


def test_an_id_is_the_same_for_all_tokens_of_a_sender_and_differs_between_senders() -> None:
    assert sender_id("desk") == sender_id("desk")
    assert len({sender_id(f"sender {n}") for n in range(200)}) == 200
