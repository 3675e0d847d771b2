"""Stream `signals`: its one owner keeps the alerts. It opens and closes them, takes answers, sends what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypeVar

import faust
from faust.types import TP

from nytta.ingest.stream import metrics, topics
from nytta.ingest.stream.cluster import Cluster
from nytta.ingest.stream.consumer import as_taken, consume, every, own_partition, unless_lost
from nytta.ingest.stream.messages import Message
from nytta.ingest.stream.parts import log, patient
from nytta.insight.alerts.answers import Answer
from nytta.insight.alerts.delivery.deliver import Delivered
from nytta.service.metrics import Evaluations
from nytta.service.streams import signal_messages
from nytta.storage.lease import Lease, LeaseLostError

T = TypeVar("T")

_JOINED = 0.2
"""Seconds between two looks whether the lease is there already."""


class Alerting(Protocol):
    """The installation, for the one process that keeps the alerts."""

    def decide(self, current_time: datetime) -> None:
        """Open and close alerts, and write down the messages that are due."""

    def send(self, current_time: datetime) -> Delivered:
        """Send what waits."""

    def answer(self, alert_answer: Answer, current_time: datetime) -> None:
        """Carry out what a person answered; one that cannot be carried out is said in the log."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an alerter is made of, given by the one who joins the parts."""

    cluster: Cluster
    take_over: Callable[[Callable[[], None]], Alerting]
    """Makes this process the one that keeps the alerts; what it is given is asked before every statement, may raise."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    patience: float = 120.0
    """Seconds for which a store that is away is waited for before the alerter gives up and is started anew."""


def read(values: Sequence[bytes | None]) -> list[Answer]:
    """The answers among messages; one that tells of nothing is counted and passed over."""
    answers = []
    for value in values:
        try:
            alert_answer = signal_messages.read_answer(value)
        except ValueError as error:
            metrics.POISON.labels(topics.SIGNALS).inc()
            log.error("a message on the topic of signals was passed over: %s", error)
            continue
        if alert_answer is not None:
            answers.append(alert_answer)
    return answers


class Keeper:
    """Keeps the alerts while it holds the partition of the signals; what it does, it does one after the other."""

    def __init__(self, parts: Parts, lease: Lease) -> None:
        self.parts = parts
        self.lease = lease
        self.evaluations = Evaluations(metrics.REGISTRY)
        self._turn = asyncio.Lock()
        self._alerting: Alerting | None = None

    async def hear(self, messages: Sequence[Message]) -> None:
        """Carry out the answers among messages, then evaluate: whatever else they tell is in the store."""
        answers = read([message.value for message in messages])
        # what is not carried out is not acknowledged; the next owner is given it again
        while True:
            try:
                # one lock for the whole of it: an evaluation in between would meet half of the answers
                async with self._turn:
                    for alert_answer in answers:
                        await self._patient(partial(_answered, alert_answer, self.parts.clock()))
                await self.evaluate()
                return
            except LeaseLostError:
                self._alerting = None
                # the partition has come, the lease follows
                await asyncio.sleep(_JOINED)

    async def evaluate(self) -> None:
        """Decide, and send what is due. What was decided is stored before anything is sent: a crash loses none."""
        async with self._turn:
            self.lease.check()
            current_time = self.parts.clock()
            with self.evaluations.one():
                await self._patient(lambda alerting: alerting.decide(current_time))
            with self.evaluations.delivery():
                delivered = await self._patient(lambda alerting: alerting.send(current_time))
            failed_channels = [problem.channel for problem in delivered.problems]
            self.evaluations.delivered(delivered.sent, failed_channels, delivered.still)

    async def leave(self) -> None:
        """Stop at the next statement, and wait until it is over."""
        self.lease.drop()
        async with self._turn:
            self._alerting = None

    async def _patient(self, work: Callable[[Alerting], T]) -> T:
        alerting = self._alerting
        # taken over late, by the first work under the lease: before that, another process may still write
        if alerting is None:
            alerting = await patient(self.parts, partial(self.parts.take_over, self.lease.check))
            self._alerting = alerting
        return await patient(self.parts, partial(work, alerting))


def _answered(alert_answer: Answer, current_time: datetime, alerting: Alerting) -> None:
    alerting.answer(alert_answer, current_time)


def attach(app: faust.App, keeper: Keeper, *, evaluate_every: float) -> None:
    """Give the app the agent of this stream, and the times at which its owner evaluates by the clock."""
    cluster = keeper.parts.cluster
    own_partition(app, TP(topics.full(cluster, topics.SIGNALS), 0), keeper.lease, keeper.leave)
    consume(app, cluster, topics.SIGNALS, as_taken, keeper.hear, most=1000, within=1.0)
    every(app, evaluate_every, unless_lost(keeper.evaluate))
