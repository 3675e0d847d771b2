"""What must hold between entries: the tree, groups, codes, plans, benefits and money."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nytta.registry.load import read
from nytta.registry.problems import check_text

Checked = Callable[..., list[str]]

HOURS = (
    "kind: redistribution, unit_of_measure: hours, owner: {name: A, email: a@b.se}, baseline: 0, target: 9, method: m"
)


def test_a_circle_is_printed_once_with_every_unit_in_it(checked: Checked) -> None:
    lines = checked(
        """\
units:
  - {id: c, parent: b}
  - {id: a, parent: c}
  - {id: b, parent: a}
  - {id: below, parent: a}
  - {id: fine, parent: r}
"""
    )
    assert lines == [
        "organisation.yaml:4: units lie under each other in a circle from 1970-01-01: a → c → b → a; "
        "give one of them "
        "another `parent`"
    ]


def test_a_unit_under_itself_and_a_circle_in_time_only(checked: Checked) -> None:
    assert "a → a" in checked("units: [{id: a, parent: a}]")[0]
    swapped = """\
units:
  - {id: a, parent: r, valid_to: 2026-01-01}
  - {id: b, parent: a, valid_to: 2026-01-01}
  - {id: b, parent: r, valid_from: 2026-01-01}
  - {id: a, parent: b, valid_from: 2026-01-01}
"""
    assert checked(swapped) == []
    longer = swapped.replace("b, parent: a, valid_to: 2026-01-01", "b, parent: a, valid_to: 2026-02-01")
    longer = longer.replace("b, parent: r, valid_from: 2026-01-01", "b, parent: r, valid_from: 2026-02-01")
    assert checked(longer) == [
        "organisation.yaml:6: units lie under each other in a circle from 2026-01-01: a → b → a; give one of "
        "them another `parent`"
    ]


@given(st.lists(st.integers(0, 7), min_size=1, max_size=7))
def test_cycles_are_found_exactly_where_they_are(parents: list[int]) -> None:
    """Unit n lies under unit `parents[n - 1]`; 0 and numbers that no unit has mean the root."""
    above = {n: parent if parent <= len(parents) else 0 for n, parent in enumerate(parents, start=1)}
    circles = set()
    for start in above:
        trail, here = [], start
        while here != 0 and here not in trail:
            trail.append(here)
            here = above[here]
        if here != 0:
            circles.add(frozenset(trail[trail.index(here) :]))
    document = {
        "organisations": [{"id": "u0", "timezone": "Europe/Oslo", "country": "NO"}],
        "units": [{"id": f"u{n}", "parent": f"u{parent}"} for n, parent in above.items()],
    }
    loaded = read({"organisation.yaml": yaml.safe_dump(document).encode()})
    told = [p.message for p in loaded.problems]
    assert all("in a circle" in message for message in told)
    found = {frozenset(int(u[1:]) for u in m.split(": ")[1].split(";")[0].split(" → ")) for m in told}
    assert len(told) == len(circles)
    assert found == circles
    assert (loaded.registry is None) == bool(circles)


def test_versions_that_overlap_and_ids_given_twice(checked: Checked) -> None:
    assert checked("units:\n  - {id: a, parent: r}\n  - {id: a, parent: r}\n") == [
        "organisation.yaml:4: 'a' is given twice for the days from 1970-01-01 without end (first in "
        "line 3); let one "
        "version end with `valid_to` before the other begins, or rename one"
    ]
    lines = checked(
        "units:\n"
        "  - {id: a, parent: r, valid_from: 2026-01-01}\n"
        "  - {id: a, parent: r, valid_to: 2026-03-01}\n"
        "  - {id: r, parent: a}\n"
    )
    assert any("from 2026-01-01 until 2026-03-01 (first in line 3)" in line for line in lines)
    assert any("'r' is given twice" in line for line in lines)


def test_a_unit_does_not_outlive_its_parent(checked: Checked) -> None:
    head = "units:\n  - {id: a, parent: r, valid_from: 2025-01-01, valid_to: 2026-01-01}\n"
    assert checked(head + "  - {id: b, parent: a, valid_from: 2025-01-01}\n") == [
        "organisation.yaml:4: 'b' is valid without end, but its parent 'a' ends on 2026-01-01; end "
        "the unit with "
        "`valid_to: 2026-01-01` or give it another parent from that day"
    ]
    assert (
        "from 2024-12-01 until 2025-01-01; change `valid_from`"
        in (checked(head + "  - {id: b, parent: a, valid_from: 2024-12-01, valid_to: 2026-01-01}\n")[0])
    )
    later = head + "  - {id: a, parent: r, valid_from: 2026-01-01}\n  - {id: b, parent: a, valid_from: 2025-01-01}\n"
    assert checked(later) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "units: [a, x], manager: {name: A, email: a@b.se}",
            "are not siblings: 'a' lies under 'p', 'x' under 'q'",
        ),
        (
            "units: [a, nobody], manager: {name: A, email: a@b.se}",
            "`units`, item 2 names an unknown unit 'nobody'",
        ),
        ("units: [a, r], manager: {name: A, email: a@b.se}", "'r' is an organisation and has no siblings"),
        ("units: [a], manager: {name: A, email: a@b.se}", "must name at least two units"),
        ("units: [a, a], manager: {name: A, email: a@b.se}", "has the unit 'a' twice"),
        ("units: [a, b]", "`manager` is missing; add it"),
        (
            "units: [a, old], manager: {name: A, email: a@b.se}, valid_from: 2026-01-01",
            "'old' does not exist while",
        ),
    ],
)
def test_reporting_groups(checked: Checked, text: str, message: str) -> None:
    units = """\
units:
  - {id: p, parent: r}
  - {id: q, parent: r}
  - {id: a, parent: p}
  - {id: b, parent: p}
  - {id: old, parent: p, valid_to: 2025-01-01}
  - {id: x, parent: q}
reporting_groups:
"""
    lines = checked(units + f"  - {{id: g, {text}}}\n")
    assert any(message in line and line.startswith("organisation.yaml:10:") for line in lines), lines


def test_a_group_must_be_of_siblings_on_every_day_it_exists(checked: Checked) -> None:
    units = """\
units:
  - {id: p, parent: r}
  - {id: a, parent: r}
  - {id: b, parent: r, valid_to: 2026-01-01}
  - {id: b, parent: p, valid_from: 2026-01-01}
reporting_groups:
  - {id: g, units: [a, b], manager: {name: A, email: a@b.se}, valid_to: END}
"""
    assert checked(units.replace("END", "2026-01-01")) == []
    assert "not siblings" in checked(units.replace("END", "2026-01-02"))[0]


def test_groups_that_share_a_unit_or_an_id(checked: Checked) -> None:
    text = """\
units: [{id: a, parent: r}, {id: b, parent: r}, {id: c, parent: r}]
reporting_groups:
  - {id: g, units: [a, b], manager: {name: A, email: a@b.se}}
  - {id: h, units: [b, c], manager: {name: A, email: a@b.se}}
  - {id: a, units: [a, c], manager: {name: A, email: a@b.se}, valid_to: 1970-01-02}
"""
    lines = checked(text)
    assert any("'b' is in two reporting groups at once, 'g' (line 4) and 'h'" in line for line in lines)
    assert any("the group has the id of the unit 'a'" in line for line in lines)


def test_codes_that_name_two_units_at_once(checked: Checked) -> None:
    text = """\
units: [{id: a, parent: r}, {id: b, parent: r, valid_from: 2026-01-01}]
code_maps:
  - source: "hr:*"
    codes:
      - {code: "1", unit: a}
      - {code: "2", unit: a, valid_to: 2026-01-01}
      - {code: "2", unit: b, valid_from: 2026-01-01}
  - source: "*:north"
    codes:
      - {code: "1", unit: b}
      - {code: "3", unit: b, valid_to: 2026-01-01}
  - source: itsm
    codes: [{code: "1", unit: b}]
"""
    assert checked(text) == [
        "organisation.yaml:11: the code '1' of source '*:north' names 'b', but in line 6 (source "
        "'hr:*') 'a' on the same "
        "days; keep one, or end the earlier with `valid_to`",
        "organisation.yaml:12: the code '3' names 'b' on days when that unit does not exist (from "
        "1970-01-01 until "
        "2026-01-01); change the dates",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "milestones: [{id: m, what: live, date: 2026-01-01}, {id: m, what: live, date: 2026-02-01}]",
            "the id 'm' twice",
        ),
        (
            "plans: [{unit: a, system: s, workplaces: 3}, {unit: a, system: s, workplaces: 4, valid_from: 2026-01-01}]",
            "`workplaces` of a · s are planned twice on the same days (first in line 1)",
        ),
        (
            "plans: [{unit: a, system: s, workplaces: 3, valid_to: 2026-01-01}, "
            "{unit: a, system: s, workplaces: 4, valid_from: 2026-01-01}]",
            "",
        ),
        (
            f"benefits: [{{id: x, unit: r, system: s, due: 2027-01-01, {HOURS}}}, "
            f"{{id: y, unit: a, system: s, case_type: c, due: 2027-01-01, {HOURS}}}]",
            "'y' counts the same hours as 'x' in line 1 (system 's', units 'r' and 'a')",
        ),
        (
            f"benefits: [{{id: x, unit: b, system: s, due: 2027-01-01, {HOURS}}}, "
            f"{{id: y, unit: a, system: s, due: 2027-01-01, {HOURS}}}]",
            "",
        ),
        (
            f"benefits: [{{id: x, unit: a, system: s, start: 2025-01-01, due: 2026-01-01, {HOURS}}}, "
            f"{{id: y, unit: a, system: s, start: 2026-01-01, due: 2027-01-01, {HOURS}}}]",
            "",
        ),
        (
            "costs: [{name: C, unit: a, amount: 4, currency: NOK, valid_from: 2026-01-01, valid_to: 2026-02-01}]",
            "the amount of 'C' is in NOK, but 'r' counts in SEK; convert it",
        ),
        (
            f"benefits: [{{id: x, unit: a, system: s, due: 2027-01-01, currency: EUR, {HOURS}}}]",
            "the amount of 'x' is in EUR, but 'r' counts in SEK; convert it",
        ),
        *(
            (
                "benefits: [{id: x, unit: a, system: s, due: 2027-01-01, "
                f"hourly_cost: {{source: s{cost}}}, {HOURS}}}]",
                message,
            )
            for cost, message in (
                ("", "'x': `hourly_cost` needs either `amount`, what an hour costs, or `monthly_pay`"),
                (", amount: 1, monthly_pay: 1", "'x': `hourly_cost` needs either `amount`"),
                (", amount: 0", "'x': `hourly_cost` must be more than nothing"),
                (", monthly_pay: 40 000", ""),
            )
        ),
        (
            f"benefits: [{{id: x, unit: a, system: s, due: 2027-01-01, baseline_from: 2025-06-01, "
            f"baseline_to: 2025-12-01, {HOURS}}}]",
            "warning: the baseline of 'x' was measured until 2025-12-01, but 's' went live on 2025-10-01",
        ),
    ],
)
def test_the_programme(checked: Checked, text: str, message: str) -> None:
    units = "units: [{id: a, parent: r}, {id: b, parent: r}]"
    systems = "systems: [{id: s, case_types: [{id: c}, {id: d}], go_lives: [{unit: a, date: 2025-10-01}]}]"
    lines = checked(units, systems=systems, programme=text)
    if message:
        assert len(lines) == 1
        assert message in lines[0]
    else:
        assert lines == []


BENEFIT = (
    "id: x, unit: a, system: s, due: 2027-01-01, owner: {name: A, email: a@b.se}, baseline: 9, target: 5, method: m"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"benefits: [{{{BENEFIT}, kind: redistribution, unit_of_measure: minuter per ärende}}, "
            f"{{{BENEFIT.replace('id: x', 'id: y')}, kind: redistribution, unit_of_measure: hours}}]",
            "programme.yaml:1: 'y' counts the same hours as 'x'",
        ),
        (
            f"benefits: [{{{BENEFIT}, kind: quality, unit_of_measure: q, baseline_from: 2025-01-06, "
            "baseline_to: 2025-03-31}]",
            "warning: the baseline of 'x' was measured on fewer than 13 weeks (2025-01-06 to 2025-03-31)",
        ),
        (
            f"benefits: [{{{BENEFIT}, kind: quality, unit_of_measure: q, "
            "minutes: {before: 9, after: 5, confirmed_by: B, confirmed_on: 2025-01-01}}]",
            "warning: the minutes of 'x' are confirmed by 'B', not by its owner (A)",
        ),
        (
            f"benefits: [{{{BENEFIT}, kind: avoided_purchase, unit_of_measure: letters}}]",
            "'x' avoids a purchase, but `value_per_unit` is missing",
        ),
        (
            f"benefits: [{{{BENEFIT}, kind: quality, unit_of_measure: q, "
            "measured_by: {indicator: use, version: 1}}]",
            "`measured_by`, `version` names version 1 of 'use', which does not exist any more; it has version 2",
        ),
        (
            f"benefits: [{{{BENEFIT}, kind: quality, unit_of_measure: q, adoption: {{indicator: use, version: 1}}}}]",
            "`adoption`, `version` names version 1 of 'use', which does not exist any more; it has version 2",
        ),
        ("surveys: [{name: DiMiOS, year: 2025, unit: a, scores: {heritage: 101}, source: s}]", "scores of 0 to 100"),
    ],
)
def test_benefits(text: str, message: str) -> None:
    files = {
        "organisation.yaml": b"organisations: [{id: r, timezone: Europe/Stockholm, country: SE}]\n"
        b"units: [{id: a, parent: r}]",
        "systems.yaml": b"systems: [{id: s}]",
        "programme.yaml": text.encode(),
    }
    problems = read(files, {"use": 2}).problems
    assert len(problems) == 1
    assert message in check_text(problems)


def test_minutes_that_save_nothing_and_keys_and_approvals_that_are_shared(checked: Checked) -> None:
    systems = "systems: [{id: s, case_types: [{id: c, minutes: {before: 10, after: 10}}]}]"
    assert "warning: 'c' takes no fewer minutes after" in checked(systems=systems)[0]
    lines = checked(
        """\
organisations:
  - {id: a, timezone: Europe/Oslo, country: "NO", key: k}
  - {id: b, timezone: Europe/Oslo, country: "NO", key: k}
approvals:
  - {purpose: p}
  - {purpose: p}
"""
    )
    assert lines == [
        "organisation.yaml:3: 'b' has the same key 'k' as 'a'; give each its own `key`",
        "organisation.yaml:6: the purpose 'p' has an approval already in line 5; keep one",
    ]
