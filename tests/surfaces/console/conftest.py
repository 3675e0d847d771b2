"""One filled town for all tests of the console that only look at it, and copies for those that act."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nytta.ingest.store.private import PrivateStore
from tests.support.stores import Stores
from tests.surfaces.console.world import World, fill, opened


@pytest.fixture(scope="session")
def filled_town(stores: Stores) -> PrivateStore:
    """The town in a store that nobody changes."""
    store = stores.take()
    fill(store)
    return store


@pytest.fixture(scope="session")
def seen(
    stores: Stores, filled_town: PrivateStore, tables: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A town that is looked at; who looks is written down in it."""
    with stores.lending() as copied:
        made = opened(copied(filled_town), tmp_path_factory.mktemp("seen"), tables)
        yield made
        made.close()


@pytest.fixture
def own(
    copy_of: Callable[[PrivateStore], PrivateStore], filled_town: PrivateStore, tables: Path, tmp_path: Path
) -> Iterator[World]:
    """A town of the test's own, to act in."""
    made = opened(copy_of(filled_town), tmp_path, tables)
    yield made
    made.close()
