"""A process of a consumer group: its Faust app, and how it runs until it is stopped or must be started anew."""

from __future__ import annotations

import logging
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import faust
from faust.types.auth import SASLMechanism

from nytta.ingest.stream.cluster import Cluster

SESSION: Final = 12.0
"""Seconds for which a dead process's partitions wait."""
_HEARTBEAT = 3.0


def faust_app(cluster: Cluster, group: str, *, host: str, port: int) -> faust.App:
    """An app without streams, in the consumer group `group`; its pages are served on `port`."""
    return faust.App(
        group,
        broker=";".join(f"kafka://{server}" for server in cluster.servers),
        broker_credentials=_credentials(cluster),
        broker_session_timeout=SESSION,
        broker_heartbeat_interval=_HEARTBEAT,
        broker_commit_interval=1.0,
        broker_max_poll_records=200,
        # a group without a place reads from the beginning: what came before it started was not stored by anybody
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


def run(app: faust.App, stopping: Callable[[int], None]) -> NoReturn:
    """Run the app in this process until it is stopped, or ends with exit code 1 for its supervisor to start anew.

    `stopping` is told the number of each signal that asks for the end.
    """

    class Worker(faust.Worker):
        def _schedule_shutdown(self, signal: signal.Signals) -> None:
            stopping(signal)
            super()._schedule_shutdown(signal)

    # what they warn of is tried again, and told where it is given up
    for library in ("urllib3", "clickhouse_connect", "aiokafka", "kafka", "httpx"):
        logging.getLogger(library).setLevel(logging.ERROR)
    Worker(app, loglevel="INFO").execute_from_commandline()
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
