"""One filled town for all tests of the console that only look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nytta.ingest.store.private import PrivateStore
from tests.support.stores import Stores
from tests.surfaces.console.world import World, world


@pytest.fixture(scope="session")
def seen(stores: Stores, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A town that is looked at."""
    made = world(stores.take(), tmp_path_factory.mktemp("seen"), tables)
    yield made
    made.close()


@pytest.fixture
def own(new_store: Callable[[], PrivateStore], tables: Path, tmp_path: Path) -> Iterator[World]:
    """A town of the test's own, to act in."""
    made = world(new_store(), tmp_path, tables)
    yield made
    made.close()
