"""What several packages' tests share: the real data, the engine, and empty zones on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from nytta.ingest.store.private import PrivateStore
from nytta.registry import declarations
from nytta.storage.client import Connection, embedded
from tests.support import commands, rotation
from tests.support.broker import Broker
from tests.support.broker import broker as started_broker
from tests.support.longest import BROKER, LONGEST
from tests.support.stores import Stores

_ROOT = Path(__file__).parents[1]

settings.register_profile("untimed", deadline=None)  # a machine that is busy fails no law
settings.load_profile("untimed")


def pytest_configure() -> None:
    """Draw the seed of what rotates, and begin to note which commands are given, before workers start.

    They take both over.
    """
    rotation.seed()
    commands.begin()


def pytest_report_header() -> str:
    """The seed, for who wants to see the same again."""
    return f"seed of what rotates: {rotation.seed()} (set {rotation.VARIABLE} to it to draw the same again)"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first, then those with a slow test; the order within a file stays."""
    places = {name: place for place, name in enumerate((*BROKER, *LONGEST))}
    slow_files = {_file_of(item) for item in items if item.get_closest_marker("slow")}
    slow_place = len(places)

    def place(item: pytest.Item) -> int:
        file = _file_of(item)
        return places.get(file, slow_place if file in slow_files else slow_place + 1)

    items.sort(key=place)


def _file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


class _Files(LoadFileScheduling):  # type: ignore[misc]
    """Files stay whole, and those that share the broker stay together."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "broker" if file in BROKER else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """Which worker takes what, where files stay whole."""
    return _Files(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real logs and samples, which lies outside the project; without it the test is skipped."""
    folder = Path(os.environ.get("NYTTA_SHARED", _ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the folder with real logs is not here; name it with NYTTA_SHARED")
    return folder


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Kafka broker, one for the whole run; without any, the test is skipped with the reason."""
    with started_broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The embedded engine: one path for the whole run, because a process can open only one."""
    connection = embedded(tmp_path_factory.mktemp("engine"))
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def tables() -> Path:
    """The folder of the migrations."""
    return declarations.schemas() / "tables"


@pytest.fixture(scope="session")
def stores(engine: Connection, tables: Path) -> Stores:
    """Empty, migrated stores on the engine, for what outlives a test; who takes one may give it back."""
    return Stores(engine, tables)


@pytest.fixture
def new_store(stores: Stores) -> Iterator[Callable[[], PrivateStore]]:
    """Makes empty, migrated stores, each in databases of its own while the test runs."""
    with stores.lending() as new:
        yield new


@pytest.fixture
def copy_of(stores: Stores) -> Iterator[Callable[[PrivateStore], PrivateStore]]:
    """Makes stores that hold what another one does, for a test to change."""
    with stores.lending() as copied:
        yield copied


@pytest.fixture(scope="module")
def new_module_store(stores: Stores) -> Iterator[Callable[[], PrivateStore]]:
    """Makes empty, migrated stores for all tests of a module."""
    with stores.lending() as new:
        yield new


@pytest.fixture
def store(new_store: Callable[[], PrivateStore]) -> PrivateStore:
    """One empty store."""
    return new_store()
