"""The tables of a ClickHouse cluster, made of the migrations of one server.

Every body's data lies in one shard, whole: a round reads what it computes from without asking another. A shard is an
installation of its own whose tables have replicas; whoever reads across shards has tables that hold no rows themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_PLACE: Final = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'"
"""Where Keeper holds what the replicas of a table agree on. Servers fill in their macros; {uuid} is the table's own."""

_NAMED: Final = re.compile(
    r"""^(CREATE\s+DATABASE(?:\s+IF\s+NOT\s+EXISTS)?
        | CREATE\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW|MATERIALIZED\s+VIEW)(?:\s+IF\s+NOT\s+EXISTS)?
        | DROP\s+(?:TABLE|VIEW)(?:\s+IF\s+EXISTS)?
        | (?:ALTER|TRUNCATE)\s+TABLE)\s+([\w{}.]+)""",
    re.VERBOSE,
)
_ENGINE: Final = re.compile(r"\bENGINE = (\w*MergeTree)\b(?:\(([^()]*)\))?")
_WRITES_ROWS: Final = re.compile(r"^INSERT\s+INTO\s")


@dataclass(frozen=True, slots=True)
class Cluster:
    """Names of clusters that a server knows: the replicas of its own shard, and all shards. Empty: there is none."""

    replicas: str = ""
    shards: str = ""


ALONE: Final = Cluster()


def replicated(statement: str, cluster: str) -> str:
    """A statement of a migration as it is given to one replica of a shard for all of them.

    `cluster` is the name of the shard's replicas. Rows are inserted once: replicas take them from each other.
    ValueError for a statement of another kind, of which it is not known whether it must be given to all.
    """
    if _WRITES_ROWS.match(statement):
        return statement
    opening = _NAMED.match(statement)
    if opening is None:
        raise ValueError(f"not known how a cluster carries this out: {statement[:60]}")
    # once: the engine of the table itself, and not of one that a query in the statement may name
    remainder = _ENGINE.sub(_of_replicas, statement[opening.end() :], count=1)
    return f"{opening[1]} {opening[2]} ON CLUSTER '{cluster}'{remainder}"


def across(table_names: Iterable[str], shards: str) -> list[str]:
    """Statements that make, for tables and views of the open zone, their form across all shards in `{open}_all`.

    `shards` is the name of the cluster of all shards. No sharding key: nobody writes there.
    """
    database = f"CREATE DATABASE IF NOT EXISTS {{open}}_all ON CLUSTER '{shards}'"
    # replaced, for columns may have come since; no rows are lost with a table that holds none
    tables = [
        f"CREATE OR REPLACE TABLE {{open}}_all.{table_name} ON CLUSTER '{shards}' AS {{open}}.{table_name} "
        f"ENGINE = Distributed('{shards}', '{{open}}', '{table_name}')"
        for table_name in sorted(table_names)
    ]
    return [database, *tables]


def _of_replicas(match: re.Match[str]) -> str:
    engine, arguments = match.groups()
    all_arguments = ", ".join(filter(None, (_PLACE, arguments)))
    return f"ENGINE = Replicated{engine}({all_arguments})"
