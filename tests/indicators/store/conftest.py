"""A store with a few events and their cells, made once and copied for each test that goes on from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nytta.ingest.store.private import PrivateStore
from tests.indicators.store.test_exactness import BASE, deliver
from tests.support.stores import Stores


@pytest.fixture(scope="session")
def delivered_once(stores: Stores) -> PrivateStore:
    """The events of `BASE` and all their cells."""
    return deliver(stores.take(), [BASE])


@pytest.fixture
def delivered(copy_of: Callable[[PrivateStore], PrivateStore], delivered_once: PrivateStore) -> PrivateStore:
    """The same, for a test to change."""
    return copy_of(delivered_once)
