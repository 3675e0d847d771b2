"""What must hold between the entries of a registry.

A rule takes all entries and yields every problem it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nytta.registry.entries.contents import Contents
from nytta.registry.problems import Problem
from nytta.registry.rules.approvals import approvals_are_single
from nytta.registry.rules.codes import codes_are_unambiguous
from nytta.registry.rules.groups import groups_are_of_siblings, units_are_in_one_group
from nytta.registry.rules.ids import ids_are_single, keys_are_own
from nytta.registry.rules.programme import (
    avoided_purchases_have_a_price,
    baselines_are_long_enough,
    baselines_come_first,
    benefits_are_planned,
    currencies_are_one,
    hours_are_counted_once,
    owners_confirm,
    plans_are_single,
)
from nytta.registry.rules.systems import time_is_saved
from nytta.registry.rules.tree import (
    parents_outlive_units,
    peer_groups_have_members,
    tree_has_no_cycle,
    tree_has_roots,
    versions_do_not_overlap,
)

RULES: tuple[Callable[[Contents], Iterator[Problem]], ...] = (
    ids_are_single,
    keys_are_own,
    approvals_are_single,
    tree_has_roots,
    versions_do_not_overlap,
    tree_has_no_cycle,
    parents_outlive_units,
    peer_groups_have_members,
    groups_are_of_siblings,
    units_are_in_one_group,
    codes_are_unambiguous,
    time_is_saved,
    plans_are_single,
    benefits_are_planned,
    baselines_come_first,
    baselines_are_long_enough,
    owners_confirm,
    avoided_purchases_have_a_price,
    hours_are_counted_once,
    currencies_are_one,
)
