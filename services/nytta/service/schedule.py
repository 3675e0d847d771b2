"""The timer of the service: what came in becomes figures, closed weeks are published, alerts go out; one at a time.

Each runs when something was written, or when the clock brings it: a week closes, a day begins, and so do the hours in
which people may be written to. While neither happens, no statement is given: the embedded engine has one writer, this
process, and `Connection.changes` tells what it wrote. A server has others, and is asked by the clock alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from nytta.disclosure.clock import first_open_week
from nytta.ingest.keys import Step
from nytta.insight.alerts.schedule import Hours
from nytta.registry.registry import Registry
from nytta.service import App, evaluation, rotation
from nytta.service.metrics import Evaluations, Publications
from nytta.service.stopping import under_way
from nytta.storage.disk import free_gauge, free_ratio
from nytta.storage.errors import DamagedError, DiskFullError, StoppedError

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

_PAUSE: Final = 0.5
"""Seconds between two rounds, in which events gather: a round costs more by its being one than by what it holds."""
_LOOK: Final = 5.0
"""Seconds after which is looked whether something is due, though no event came."""
_PUBLISH: Final = 60.0
"""Seconds between two publications at least."""
_PLACE: Final = 60.0
"""Seconds between two looks at least whether events without a unit can be placed now."""
_EVALUATE: Final = 600.0
"""Seconds between two evaluations of alerts at least."""
_FAILED: Final = 5.0
"""Seconds after which a round that failed is repeated."""
_ROOM: Final = 2.0
"""Seconds between two looks whether there is room on the disk."""
# what the objectives count is a bucket's edge
_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 20, 60)


@dataclass(frozen=True, slots=True)
class Moment:
    """All on which it depends whether something is due: what was written, and what the clocks of organisations say."""

    changes: object
    """Equal while nothing was written."""
    closed: tuple[date, ...]
    """The first open week of each organisation."""
    days: tuple[date, ...]
    """The day at each organisation, after that of UTC."""
    notify: tuple[tuple[bool, bool], ...]
    """Whether people of each organisation may be written to, and whether the week's digest may go."""

    @property
    def of_publication(self) -> tuple[object, ...]:
        """What publications depend on."""
        return self.changes, self.closed, self.days


def moment(registry: Registry, changes: object, current_time: datetime) -> Moment:
    """What may be due at `current_time` (aware) in the organisations of a registry."""
    organisations = registry.organisations
    hours = [
        Hours(ZoneInfo(organisation.timezone), organisation.calendar)
        for organisation in organisations
    ]
    local_days = [zone_hours.local(current_time).date() for zone_hours in hours]
    return Moment(
        changes=changes,
        closed=tuple(
            first_open_week(current_time, organisation.timezone) for organisation in organisations
        ),
        days=(current_time.astimezone(UTC).date(), *local_days),
        notify=tuple(
            (zone.may_notify(current_time), zone.digest_due(current_time)) for zone in hours
        ),
    )


class _Turn:
    """Something that is done again when what it depends on is another, and not sooner than after some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._done_at = -math.inf
        self._grounds: object = None

    def comes(self, grounds: object, instant: float) -> bool:
        """Whether it is to be done at `instant`; then it counts as done for `grounds`."""
        if grounds == self._grounds or instant - self._done_at < self._seconds:
            return False
        self._grounds = grounds
        self._done_at = instant
        return True

    def again(self) -> None:
        """Do it again when the seconds are over, whatever it depends on."""
        self._grounds = None


class Rounds:
    """Brings figures up to date while the service runs. `came` is called from any thread when events are stored."""

    def __init__(
        self,
        installation: App,
        registry: CollectorRegistry,
        end: Callable[[], None] = lambda: None,
        opening: Callable[[], None] | None = None,
    ) -> None:
        """`end` is called where the process must end, because the store must be opened anew; `opening`, before the
        first round."""
        self._app = installation
        self._end = end
        self._opening = opening
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._oldest: float | None = None
        self._computed: object = None
        self._placing = _Turn(_PLACE)
        self._publishing = _Turn(_PUBLISH)
        self._evaluating = _Turn(_EVALUATE)
        self._seconds = Histogram(
            "nytta_round_seconds",
            "Seconds of a round of computation.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._behind = Histogram(
            "nytta_cell_seconds",
            "Seconds from the oldest event of a round being durable to its figures being there.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._publications = Publications(registry)
        self._evaluations = Evaluations(registry)
        self._free = free_gauge(registry)
        self._failed = Counter(
            "nytta_rounds_failed", "Rounds that failed; they are repeated.", registry=registry
        )
        Gauge(
            "nytta_behind_seconds",
            "Age of the oldest event that is in no figure yet.",
            registry=registry,
        ).set_function(self.behind)

    def behind(self) -> float:
        """Age in seconds of the oldest event that is in no figure yet."""
        return time.monotonic() - self._oldest if self._oldest is not None else 0.0

    def came(self) -> None:
        """Events were stored."""
        instant = time.monotonic()
        # noted in the loop's own thread, where all that it changes is read
        self._loop.call_soon_threadsafe(self._note, instant)

    def _note(self, instant: float) -> None:
        if self._oldest is None:
            self._oldest = instant
        self._wake.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make rounds until this is left; one under way is finished first, or breaks off where the store is stopped."""
        task = asyncio.create_task(self._run())
        minding = asyncio.create_task(self._mind_the_disk())
        try:
            yield
        finally:
            minding.cancel()
            self._stopping.set()
            self._wake.set()
            await task

    async def _run(self) -> None:
        self._wake.set()  # marks of the last run may stand
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _LOOK)
            if self._stopping.is_set():
                return
            # before the round: events that come while it runs wake the next one
            self._wake.clear()
            started = time.monotonic()
            try:
                if self._opening is not None:
                    await _done("what comes before the first round", self._opening)
                    self._opening = None
                await self._turn()
            except StoppedError:
                return
            except DamagedError as error:
                _log.error("the service ends: %s", error)
                self._end()
                return
            except DiskFullError as error:
                _log.error("nothing is computed: %s", error)
                await self._failing()
            except Exception:
                _log.exception("a round failed; it is repeated")
                await self._failing()
            else:
                # a round takes what the machine has: leave as much for those who send
                await self._pause(max(_PAUSE, min(time.monotonic() - started, _LOOK) / 2))

    async def _turn(self) -> None:
        """Keys of persons, a round, a publication and an evaluation, each where it is due."""
        current_time = datetime.now(UTC)
        await _done("a round", self._app.private.settle)
        # before the round: a change of keys that broke off leaves persons under two pseudonyms, who would count twice
        if Step.CHANGE in rotation.due(self._app, current_time):
            await _done("a change of keys", self._rotate, current_time)
        changes = self._changes()
        if changes != self._computed:
            await self._compute(current_time)
            # as it was before the round: what was written meanwhile is another change, and another round
            self._computed = changes
        if self._placing.comes(self._changes(), time.monotonic()):
            await _done("the placing of events", self._app.place_waiting, current_time)
        grounds = moment(self._app.intake.registry, self._changes(), current_time)
        self._free.set(await asyncio.to_thread(free_ratio, self._app.private.connection))
        if self._publishing.comes(grounds.of_publication, time.monotonic()):
            await _done("a publication", self._publish)
        else:
            self._publications.looked()
        if self._evaluating.comes(grounds, time.monotonic()):
            await _done("an evaluation of alerts", self._evaluate)
        else:
            self._evaluations.looked()

    async def _compute(self, current_time: datetime) -> None:
        # taken out before the round, for an event that comes meanwhile is the oldest of the next one
        oldest = self._oldest
        self._oldest = None
        started = time.monotonic()
        try:
            await asyncio.to_thread(self._app.private.connection.look)
            marks = await _done("a round", self._app.compute, current_time)
        except BaseException:  # its events are in no figure: they wait on
            self._oldest = oldest if oldest is not None else self._oldest
            raise
        ended = time.monotonic()
        if marks:
            self._seconds.observe(ended - started)
        if oldest is not None:
            self._behind.observe(ended - oldest)

    def _changes(self) -> object:
        """What tells whether anything was written; of a server, to which others write too, always something new."""
        connection = self._app.private.connection
        return connection.changes if connection.folder is not None else object()

    async def _failing(self) -> None:
        """Wait after a failure; then all that was due is due again."""
        self._failed.inc()
        self._computed = None
        self._placing.again()
        self._publishing.again()
        self._evaluating.again()
        await self._pause(_FAILED)
        self._wake.set()

    async def _mind_the_disk(self) -> None:
        """A change of rows waits for room for ever, and senders for it: it is broken off, and made again later."""
        connection = self._app.private.connection
        while True:
            await asyncio.sleep(_ROOM)
            if not connection.room:
                await asyncio.to_thread(connection.cancel, "ALTER ")

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _publish(self) -> None:
        with self._publications.one():
            self._app.publish(datetime.now(UTC))
        # keys that are only made touch no figure, so a key file that cannot be written holds none back
        self._rotate(datetime.now(UTC))

    def _rotate(self, current_time: datetime) -> None:
        """Change keys of persons when the calendar says so."""
        if not rotation.due(self._app, current_time):
            return
        for rotated in rotation.rotate(self._app, current_time):
            if rotated.destroyed:
                _log.warning(
                    "key %s is destroyed: destroy copies of the key file made before now",
                    rotated.destroyed,
                )

    def _evaluate(self) -> None:
        current_time = datetime.now(UTC)
        with self._evaluations.one(), self._app.computing:
            evaluation.judge(self._app, current_time)
            evaluation.decide(self._app, current_time)
        # without the lock: a mail server that is slow must hold up no round
        with self._evaluations.delivery():
            delivered = evaluation.send(self._app, current_time)
        failed_channels = [problem.channel for problem in delivered.problems]
        self._evaluations.delivered(delivered.sent, failed_channels, delivered.still)
        # which forgets what it is not told again
        if delivered.still or self._app.channels.alertmanager:
            self._evaluating.again()


async def _done(work_name: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of a call in a thread. StoppedError where it was broken off: the next start makes it again."""
    with under_way(f"{work_name}, taken up at the next start"):
        try:
            return await asyncio.to_thread(call, *args, **kwargs)
        except StoppedError:
            _log.info("%s was broken off; it is taken up at the next start", work_name)
            raise
