"""A Faust worker: the streams joined to one app. Nothing runs until `run` is called."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import NoReturn

import faust
from faust.types.auth import SASLMechanism

from nytta.broker.cluster import Cluster
from nytta.broker.producer import Producer
from nytta.processors import health, marks, rejected, usage
from nytta.processors.parts import Parts, patient
from nytta.processors.stream import every
from nytta.store.lease import Lease

_SESSION = 12.0  # seconds: so long do a dead worker's partitions wait
_HEARTBEAT = 3.0
_REFRESHED = 10.0


def build(
    parts: Parts,
    *,
    port: int,
    host: str = "127.0.0.1",
    compute_every: float = 1.0,
    publish_every: float = 60.0,
    still: float = 300.0,
) -> faust.App:
    """The app of one worker. Its pages /healthz, /readyz and /metrics are served on `port`. Times are in seconds."""
    cluster = parts.cluster
    app = faust.App(
        cluster.prefix,
        broker=";".join(f"kafka://{server}" for server in cluster.servers),
        broker_credentials=_credentials(cluster),
        broker_session_timeout=_SESSION,
        broker_heartbeat_interval=_HEARTBEAT,
        broker_commit_interval=1.0,
        broker_max_poll_records=200,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=200,
        # topics are made and checked by `nytta migrate`; nothing is kept in tables
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=Path(tempfile.mkdtemp(prefix="nytta-worker-")),
        web_host=host,
        web_port=port,
        web_bind=host,
    )
    producer = Producer(cluster, parts.keys.seal)
    owner = marks.Owner(parts, producer, Lease(_SESSION / 2))
    usage.attach(app, parts, producer)
    rejected.attach(app, parts)
    marks.attach(app, owner, compute_every=compute_every, publish_every=publish_every)
    health.attach(app, still=still)

    async def refresh() -> None:
        await patient(parts, parts.refresh)

    every(app, _REFRESHED, refresh)
    return app


def run(app: faust.App) -> NoReturn:
    """Run a worker in this process until it is stopped, or ends with exit code 1 for its supervisor to start anew."""
    for noisy in ("urllib3", "clickhouse_connect", "aiokafka"):
        logging.getLogger(noisy).setLevel(
            logging.ERROR
        )  # what they warn of is tried again, and told where it is given up
    faust.Worker(app, loglevel="INFO").execute_from_commandline()
    raise SystemExit(0)


def _credentials(cluster: Cluster) -> faust.auth.Credentials | None:
    if cluster.security.startswith("SASL"):
        return faust.SASLCredentials(
            username=cluster.user,
            password=cluster.password,
            mechanism=SASLMechanism(cluster.mechanism),
            ssl_context=cluster.tls,
        )
    return faust.SSLCredentials(cluster.tls) if cluster.tls else None
