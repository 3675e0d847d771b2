"""How full the disks of the store are."""

from __future__ import annotations

from nytta.store.client import Connection, StoreError


def free_ratio(connection: Connection) -> float:
    """Part of the fullest disk that is free; not a number where a server does not tell."""
    try:
        found = connection.value("SELECT min(free_space / total_space) FROM system.disks WHERE total_space > 0")
    except StoreError:
        return float("nan")
    return float(found or "nan")
