"""Declared sources are asked when they are due, one after the other, while the service runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from nytta import Mendable
from nytta.ingest.pull.ask import PullError
from nytta.ingest.pull.declared import Declared
from nytta.ingest.pull.source import Directory
from nytta.ingest.store import pulls
from nytta.service.installation import App
from nytta.service.metrics import SourceRounds
from nytta.service.pulls import puller
from nytta.service.source_health import standings
from nytta.storage.errors import StoppedError
from nytta.storage.lease import LeaseLostError

LOOK: Final = 15.0
"""Seconds between two looks which source is due."""

_log = logging.getLogger(__name__)


class Pulling:
    """Asks the sources of an installation. `on_arrival` is called when a round has stored something."""

    def __init__(
        self,
        installation: App,
        sources: Sequence[Declared],
        registry: Path | None,
        on_arrival: Callable[[], None],
        measures: SourceRounds | None = None,
    ) -> None:
        self._app = installation
        # directories first: units of others are looked up in what they told
        self._sources = sorted(sources, key=_tells_units, reverse=True)
        self._registry = registry
        self._came = on_arrival
        self._measures = measures
        self._measured_on: date | None = None
        """The day of which the measures tell; None where a round has ended since they were taken."""
        self._stopped = threading.Event()
        self._begun: dict[tuple[str, str], datetime] | None = None
        self._rests: dict[str, datetime] = {}
        """Until when a source that asked for it is left alone."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ask until this is left; a round under way ends after the page that it has."""
        task = asyncio.create_task(self._run()) if self._sources else None
        try:
            yield
        finally:
            self.stop()
            if task:
                await task

    def stop(self) -> None:
        """Ask nobody any more; a round under way ends after the page that it has."""
        self._stopped.set()

    async def _run(self) -> None:
        while not self._stopped.is_set():
            await asyncio.to_thread(self.ask_due)
            await asyncio.to_thread(self._stopped.wait, LOOK)

    def ask_due(self) -> None:
        """Ask each source that is due, one after the other. LeaseLostError where another process does it now."""
        self._measure()
        for declared in self._sources:
            if not self._stopped.is_set():
                self._asked(declared)
                self._measure()

    def _measure(self) -> None:
        """Tell how each source stands, where a round has ended or a day has begun since."""
        current_time = datetime.now(UTC)
        if self._measures is None or self._measured_on == current_time.date():
            return
        try:
            standing_sources = standings(self._app, self._sources, current_time)
        except StoppedError:
            return
        except Mendable as error:  # the store is away: rounds find that too, and it is told later
            _log.warning("how sources stand cannot be read: %s", error)
            return
        if self._stopped.is_set():
            return
        for source, standing in standing_sources.items():
            self._measures.stands(source, standing)
        self._measured_on = current_time.date()

    def _last_rounds(self) -> dict[tuple[str, str], datetime]:
        """When the last round of each source began, and its last look for what is gone: a start begins neither anew."""
        if self._begun is None:
            self._begun = {
                (row["source"], row["what"]): row["started"]
                for row in pulls.latest_rounds(self._app.private)
            }
        return self._begun

    def _asked(self, declared: Declared) -> None:
        current_time = datetime.now(UTC)
        if not declared.is_asked or not declared.runs(current_time.date()):
            return
        if current_time < self._rests.get(declared.id, current_time):
            return
        # what a source broke off by asking for a rest goes on when that ends, however seldom it is asked
        is_rested = self._rests.pop(declared.id, None) is not None
        try:
            begun = self._last_rounds()
            if is_rested or declared.due(begun.get((declared.id, "live")), current_time):
                # before the round: one that fails is not begun again at once
                begun[declared.id, "live"] = current_time
                self._round(declared, reconciles=False)
            # the first time counts from now: a source that has just been asked for all it has lacks nothing yet
            looked = begun.setdefault((declared.id, "reconcile"), current_time)
            if not timedelta() <= current_time - looked < timedelta(hours=declared.reconcile_hours):
                begun[declared.id, "reconcile"] = current_time
                self._round(declared, reconciles=True)
        except StoppedError:
            return
        # for whoever runs this: another process asks now
        except LeaseLostError:
            raise
        except Mendable as error:  # of its secret or its mapping; the others go on
            _log.error("%s cannot be asked: %s", declared.id, error)
        except Exception:
            _log.exception(
                "%s: a round ended with a fault of ours; it is begun again when it is due",
                declared.id,
            )

    def _round(self, declared: Declared, *, reconciles: bool) -> None:
        round_puller = puller(self._app, declared, self._registry, pause=self._wait)
        round_puller.after_page = self._go_on
        try:
            pull_round = round_puller.reconcile() if reconciles else round_puller.round()
        finally:
            round_puller.ask.close()
        self._measured_on = None
        if self._measures:
            self._measures.ended(declared.id, pull_round.state)
        if pull_round.until:
            self._rests[declared.id] = pull_round.until
        if pull_round.events or pull_round.retracted:
            self._came()

    def _wait(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise StoppedError

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise PullError("the service is stopping; the next round goes on from here")


def _tells_units(declared: Declared) -> bool:
    """Whether it is a directory, which is asked before what its units are looked up for."""
    return declared.is_asked and isinstance(declared.source(), Directory)
