"""Who may see what: the whole matrix, and the questions that decide about real people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.registry.load import Loaded
from nytta.registry.registry import Registry
from nytta.registry.roles import Grant, Permission, Role, grants, matrix, may, visible

DAY = date(2026, 7, 15)

MATRIX = """
                    platform figures peer_band act programme transparency access_log disposals private maintain import
operations              x        .       .         .   .         x            .          .         .       .        x
manager                 .        x       x         x   .         x            .          .         .       .        .
programme_lead          x        x       x         .   x         x            .          .         .       .        .
employee_representative .        x       .         .   .         x            x          x         .       .        .
dpo                     .        .       .         .   .         x            x          x         .       .        .
administrator           x        x       x         .   x         x            x          x         x       x        x
"""

TREE = """\
organisations:
  - id: r
    timezone: Europe/Stockholm
    country: SE
    programme_lead: {name: Lead, email: lead@r.example}
    operations: {name: Operations, email: ops@r.example}
    employee_representatives: [{name: Union, email: union@r.example}]
    data_protection: [{name: DPO, email: dpo@r.example}]
    administrators: [{name: Admin, email: admin@r.example}]
  - {id: other, timezone: Europe/Oslo, country: "NO", manager: {name: Head, email: head@other.example}}
units:
  - {id: d, parent: r, manager: {name: Head of d, email: d@r.example}}
  - id: u
    parent: d
    manager: {name: Head of u, email: u@r.example}
    delegate: {name: Deputy, email: deputy@r.example, valid_from: 2026-07-01, valid_to: 2026-08-01}
  - {id: small1, parent: d, manager: {name: S, email: small1@r.example}}
  - {id: small2, parent: d}
reporting_groups:
  - {id: g, name: Small ones, units: [small1, small2], manager: {name: G, email: g@r.example}}
"""


@pytest.fixture
def registry(read_text: Callable[..., Loaded]) -> Registry:
    loaded = read_text(TREE)
    assert loaded.registry is not None, loaded.problems
    return loaded.registry


def test_the_matrix() -> None:
    header, *rows = MATRIX.strip().splitlines()
    told = {
        Role(name): {Permission(what): sign == "x" for what, sign in zip(header.split(), signs, strict=True)}
        for name, *signs in (row.split() for row in rows)
    }
    assert matrix() == told


@pytest.mark.parametrize(
    ("email", "held"),
    [
        ("lead@r.example", {Grant(Role.PROGRAMME_LEAD, "r")}),
        ("LEAD@r.example ", {Grant(Role.PROGRAMME_LEAD, "r")}),
        ("ops@r.example", {Grant(Role.OPERATIONS, "r")}),
        ("union@r.example", {Grant(Role.EMPLOYEE_REPRESENTATIVE, "r")}),
        ("dpo@r.example", {Grant(Role.DPO, "r")}),
        ("admin@r.example", {Grant(Role.ADMINISTRATOR, "r")}),
        ("u@r.example", {Grant(Role.MANAGER, "u")}),
        ("deputy@r.example", {Grant(Role.MANAGER, "u")}),
        ("g@r.example", {Grant(Role.MANAGER, "g")}),
        ("stranger@r.example", set()),
        ("", set()),
    ],
)
def test_roles_come_from_the_registry(registry: Registry, email: str, held: set[Grant]) -> None:
    assert grants(email, registry, DAY) == held


def test_a_delegation_ends(registry: Registry) -> None:
    assert grants("deputy@r.example", registry, date(2026, 8, 1)) == frozenset()
    assert grants("u@r.example", registry, DAY) == {Grant(Role.MANAGER, "u")}


@pytest.mark.parametrize(
    ("email", "what", "seen"),
    [
        ("d@r.example", Permission.FIGURES, {"d", "u", "small1", "small2", "g"}),
        ("u@r.example", Permission.FIGURES, {"u"}),
        ("deputy@r.example", Permission.ACT, {"u"}),
        ("small1@r.example", Permission.FIGURES, {"small1", "g"}),
        ("small1@r.example", Permission.ACT, {"small1"}),
        ("g@r.example", Permission.FIGURES, {"g", "small1", "small2"}),
        ("g@r.example", Permission.ACT, {"g", "small1", "small2"}),
        ("lead@r.example", Permission.FIGURES, {"r", "d", "u", "small1", "small2", "g"}),
        ("lead@r.example", Permission.ACT, set()),
        ("union@r.example", Permission.ACCESS_LOG, {"r", "d", "u", "small1", "small2", "g"}),
        ("union@r.example", Permission.PEER_BAND, set()),
        ("ops@r.example", Permission.FIGURES, set()),
        ("ops@r.example", Permission.PLATFORM, {"r", "d", "u", "small1", "small2", "g"}),
        ("dpo@r.example", Permission.FIGURES, set()),
        ("head@other.example", Permission.FIGURES, {"other"}),
        ("stranger@r.example", Permission.FIGURES, set()),
    ],
)
def test_what_is_visible(registry: Registry, email: str, what: Permission, seen: set[str]) -> None:
    held = grants(email, registry, DAY)
    assert visible(held, what, registry, DAY) == seen
    for unit in ("r", "other", "d", "u", "small1", "small2", "g", "nowhere"):
        assert may(held, what, unit, registry, DAY) == (unit in seen)


def test_transparency_is_for_everybody(registry: Registry) -> None:
    assert may((), Permission.TRANSPARENCY, "r", registry, DAY)


def test_a_grant_for_a_unit_that_is_gone_shows_nothing(registry: Registry) -> None:
    assert visible({Grant(Role.MANAGER, "closed long ago")}, Permission.FIGURES, registry, DAY) == frozenset()


@given(st.sets(st.tuples(st.sampled_from(Role), st.sampled_from(["r", "d", "u", "small1", "g", "other"])), max_size=4))
def test_roles_add_up_and_take_nothing_away(registry_of_module: Registry, held: set[tuple[Role, str]]) -> None:
    whole = {Grant(*each) for each in held}
    for what in set(Permission) - {Permission.ACT}:
        alone = [visible({each}, what, registry_of_module, DAY) for each in whole]
        assert visible(whole, what, registry_of_module, DAY) == frozenset().union(*alone)


@pytest.fixture(scope="module")
def registry_of_module() -> Registry:
    from nytta.registry.load import read

    loaded = read({"organisation.yaml": TREE.encode()})
    assert loaded.registry is not None
    return loaded.registry


def test_members_of_a_group_hold_the_role_of_its_contact(read_text: Callable[..., Loaded]) -> None:
    admins = "administrators: [{name: Admin, email: admin@r.example, sign_in_group: /nytta}]"
    text = TREE.replace("administrators: [{name: Admin, email: admin@r.example}]", admins)
    text = text.replace(
        "manager: {name: Head of u, email: u@r.example}", "manager: {name: U, email: u@r.example, sign_in_group: heads}"
    )
    loaded = read_text(text)
    assert loaded.registry is not None, loaded.problems
    of_group = {Grant(Role.ADMINISTRATOR, "r")}
    assert grants("anna@r.example", loaded.registry, DAY) == frozenset()
    assert grants("anna@r.example", loaded.registry, DAY, {"/nytta", "others"}) == of_group
    assert grants("admin@r.example", loaded.registry, DAY) == of_group
    assert grants("d@r.example", loaded.registry, DAY, {"heads"}) == {
        Grant(Role.MANAGER, "d"),
        Grant(Role.MANAGER, "u"),
    }
    assert grants("anna@r.example", loaded.registry, DAY, {""}) == frozenset()
    assert grants("", loaded.registry, DAY, {"/nytta"}) == frozenset()


def test_a_group_is_no_address(read_text: Callable[..., Loaded]) -> None:
    text = TREE.replace("{name: Admin, email: admin@r.example}", "{name: Admin, sign_in_group: /nytta}")
    assert any("needs an `email`" in problem.message for problem in read_text(text).problems)
