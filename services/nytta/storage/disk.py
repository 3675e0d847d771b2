"""How full the disks of the store are."""

from __future__ import annotations

import shutil

from prometheus_client import CollectorRegistry, Gauge

from nytta.storage.client import Connection
from nytta.storage.errors import StoreError


def free_ratio(connection: Connection) -> float:
    """Part of the fullest disk that is free; not a number where a server does not tell."""
    # without a statement: who does nothing else is asked too
    if connection.folder is not None:
        disk = shutil.disk_usage(connection.folder)
        return disk.free / disk.total
    try:
        ratio = connection.value(
            "SELECT min(free_space / total_space) FROM system.disks WHERE total_space > 0"
        )
    except StoreError:
        return float("nan")
    return float(ratio or "nan")


def free_gauge(registry: CollectorRegistry) -> Gauge:
    """The gauge of the store's disk; not a number until somebody looked."""
    free = Gauge(
        "nytta_store_free_ratio",
        "Part of the store's disk that is free, of the fullest disk.",
        registry=registry,
    )
    free.set(float("nan"))
    return free
