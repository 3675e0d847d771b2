"""Disposal: what was kept as long as it may be goes, by a decision, and leaves a certificate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nytta.indicators.definition import Definition
from nytta.indicators.disposal.removal import NOBODY, Removed, remove, remove_subjects
from nytta.ingest.store.counted import EVENTS
from nytta.ingest.store.private import PrivateStore
from nytta.registry.registry import Registry
from nytta.registry.retention import BY_ITSELF, KEPT, Rule

_SUBJECTS = "('case', 'ticket', 'client')"
_SYNC = "SETTINGS mutations_sync = 2"


@dataclass(frozen=True, slots=True)
class Due:
    """What has been kept long enough: rows by table, received before `before`, and the decision ('' where none)."""

    rule: Rule
    organisation: str
    before: datetime
    decision: str
    rows: Mapping[str, int]

    @property
    def decided(self) -> bool:
        """Whether it may go."""
        return bool(self.decision) or self.rule in BY_ITSELF

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "rule": self.rule.value,
            "organisation": self.organisation,
            "before": self.before.isoformat(),
            "decision": self.decision,
            "rows": dict(self.rows),
        }


def due(
    store: PrivateStore, registry: Registry, current_time: datetime, decision: str = ""
) -> list[Due]:
    """What is to be disposed of at `current_time`; rules with nothing to dispose of are left out.

    `decision` stands where the registry names none: for logs that came without one.
    """
    all_due = []
    for rule in (Rule.PERSONS, Rule.CASES):
        for organisation in registry.organisations:
            disposal = registry.disposal(rule, organisation.id)
            condition = _chosen(rule, organisation.id, current_time)
            # events as people count them: what was sent twice is told once
            due_rows = int(
                store.connection.value(f"SELECT {EVENTS} FROM {{private}}.events WHERE {condition}")
            )
            own_decision = disposal.decision if disposal else decision
            all_due.append(
                Due(
                    rule,
                    organisation.id,
                    current_time - KEPT[rule],
                    own_decision,
                    {"events": due_rows},
                )
            )
    for rule, table, moment_column in (
        (Rule.REJECTS, "{private}.rejects", "received_at"),
        (Rule.ACCESS_LOG, "{open}.access_log", "at"),
    ):
        cutoff = current_time - KEPT[rule]
        due_rows = int(
            store.connection.value(
                f"SELECT count() FROM {table} WHERE {moment_column} < {_moment(cutoff)}"
            )
        )
        all_due.append(Due(rule, "", cutoff, "", {table.split(".")[1]: due_rows}))
    return [disposable for disposable in all_due if any(disposable.rows.values())]


def dispose(
    store: PrivateStore, definitions: Sequence[Definition], due: Due, current_time: datetime
) -> tuple[Removed, int]:
    """Let go what is due, and write the certificate; what went, and the certificate's number.

    The next round computes what stands on the rows that are left.
    """
    # raised before anything goes: a disposal that dies keeps its number, and another gets the next
    certificate_number = store.counter("certificate") + 1
    store.raise_counter("certificate", certificate_number)
    day = due.before.date()
    match due.rule:
        case Rule.PERSONS:
            condition = _chosen(due.rule, due.organisation, current_time)
            removed = remove(
                store, condition, definitions, before_day=day, certificate=certificate_number
            )
        case Rule.CASES:
            condition = _chosen(due.rule, due.organisation, current_time)
            removed = remove_subjects(
                store, condition, definitions, before_day=day, certificate=certificate_number
            )
        case Rule.REJECTS:
            condition = f"received_at < {_moment(due.before)}"
            store.connection.run(
                f"ALTER TABLE {{private}}.rejects DELETE WHERE {condition} {_SYNC}"
            )
            removed = Removed(dict(due.rows))
        case _:
            store.connection.run(
                f"ALTER TABLE {{open}}.access_log DELETE WHERE at < {_moment(due.before)} {_SYNC}"
            )
            removed = Removed(dict(due.rows))
    store.connection.insert(
        "{open}.disposals",
        ["certificate", "at", "rule", "organisation", "decision", "before", "rows", "sealed"],
        [
            [
                certificate_number,
                current_time,
                due.rule.value,
                due.organisation,
                due.decision,
                due.before,
                removed.rows,
                removed.sealed,
            ]
        ],
    )
    return removed, certificate_number


def _chosen(rule: Rule, root: str, current_time: datetime) -> str:
    """SQL condition on events of an organisation: received long enough ago."""
    cutoff = _moment(current_time - KEPT[rule])
    name = root.replace("\\", "\\\\").replace("'", "\\'")
    condition = f"received_at < {cutoff} AND unit IN (SELECT unit FROM {{open}}.units WHERE root = '{name}')"
    # acts of persons go by their own receipt, what is left of a case when nothing of it came for so long
    if rule is Rule.PERSONS:
        return f"actor != {NOBODY} AND {condition}"
    return f"""kind IN {_SUBJECTS} AND actor = {NOBODY} AND {condition} AND (kind, system, subject) NOT IN (
        SELECT kind, system, subject FROM {{private}}.events WHERE kind IN {_SUBJECTS} AND received_at >= {cutoff})"""


def _moment(moment: datetime) -> str:
    return f"toDateTime64({moment.timestamp():.3f}, 3, 'UTC')"
