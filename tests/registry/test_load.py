"""Files and entries: everything that is wrong is found at once, in its line, and says what to change."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from nytta.registry.load import Loaded, load, read
from nytta.registry.problems import Problem, check_text, nearest
from nytta.registry.programme import Adoption, Kind, Target
from nytta.registry.registry import Registry
from nytta.registry.systems import Minutes, Protects
from nytta.registry.units import Contact, Names

Checked = Callable[..., list[str]]


def test_the_example_has_one_warning_and_no_error(example_directory: Path) -> None:
    loaded = load(example_directory)
    assert loaded.registry is not None
    assert check_text(loaded.problems).splitlines() == [
        "programme.yaml:38: warning: 'fewer-visits' lacks `owner`, `baseline`, `target`, `due`, "
        "`method`; until that is "
        "filled in, the benefit counts as not planned"
    ]


def test_what_the_example_says_arrives(example: Registry) -> None:
    permits = example.unit("norrvik.permits", date(2026, 1, 1))
    assert permits.names == Names("Tillstånd", "Tillatelser", "Permits")
    assert permits.manager == Contact("Tillståndschefen", "tillstand@norrvik.example", "", "en")
    root = example.organisation("norrvik")
    assert (root.timezone, root.key, root.country, root.currency) == (
        "Europe/Stockholm",
        "norrvik-2025",
        "SE",
        "SEK",
    )
    assert root.false_per_unit_year == 0.03
    assert example.organisation("havneset").false_per_unit_year == 0.05
    casework = example.system("casework")
    assert casework is not None
    assert casework.protects is Protects.PUBLIC
    assert casework.case_types[0].minutes == Minutes(
        5_400_000, 3_150_000, "time study in March 2025, 40 cases", "Tillståndschefen", date(2025, 6, 1)
    )
    assert example.plans[0].targets == (Target(date(2025, 12, 31), 400), Target(date(2026, 6, 30), 800))
    benefit = example.benefits[0]
    assert (benefit.kind, benefit.target, benefit.value_per_unit) == (Kind.REDISTRIBUTION, 1_200_000, 41_550)
    assert benefit.adoption == Adoption("intended-use", 50, 800)
    assert [b.planned for b in example.benefits] == [True, False]
    assert (example.costs[0].amount, example.costs[0].currency) == (24_000_000, "SEK")


def test_country_and_language_come_from_above(example: Registry) -> None:
    day = date(2026, 1, 1)
    assert (example.unit("havneset.care", day).country, example.unit("havneset.care", day).language) == (
        "NO",
        "nb",
    )
    border = example.unit("havneset.care-border", day)
    assert (border.country, border.language, border.root) == ("SE", "sv", "havneset")
    assert example.groups[0].manager.language == "sv"


def test_a_version_is_cut_where_it_inherits_something_else(read_text: Callable[..., object]) -> None:
    loaded = read_text(
        """
        organisations:
          - {id: se, timezone: Europe/Stockholm, country: SE}
          - {id: "no", timezone: Europe/Oslo, country: "NO"}
        units:
          - {id: a, parent: se, valid_to: 2026-01-01}
          - {id: a, parent: "no", valid_from: 2026-01-01}
          - {id: b, parent: a}
        """
    )
    registry = loaded.registry  # type: ignore[attr-defined]
    below = [(u.valid_from.year, u.valid_to.year, u.root, u.country, u.language) for u in registry.units if u.id == "b"]
    assert below == [(1970, 2026, "se", "SE", "sv"), (2026, 2149, "no", "NO", "nb")]


def test_the_country_no_and_codes_with_leading_noughts_stay_text(read_text: Callable[..., object]) -> None:
    registry = read_text(
        """
        organisations: [{id: 0123, timezone: Europe/Oslo, country: no}]
        units: [{id: 2026-01-01, parent: 0123}, {id: 1e3, parent: 0123}]
        """
    ).registry  # type: ignore[attr-defined]
    assert registry.organisations[0].country == "NO"
    assert [u.id for u in registry.units] == ["0123", "2026-01-01", "1e3"]


def test_every_problem_is_told_at_once() -> None:
    organisation = b"""\
organisations:
  - id: r
    timezone: Europe/Stokholm
    country: XX
    language: de
units:
  - id: a
    parent: rr
    valid_from: 2026-02-30
    colour: blue
  - id: b
    parent: r
    manager: {name: B, email: not an address}
    valid_from: 2026-03-01
    valid_to: 2026-02-01
  - parent: r
"""
    systems = b"systems:\n  - id: s\n    processing: maybe\n  - {id: t, case_types: [{id: c}, {id: c}]}\n"
    programme = b"""\
plans:
  - {unit: r, system: x, indicator: intended-usage, targets: [{date: 2026-01-01, value: 0,8}]}
  - {unit: r, indicator: intended-use, targets: [{date: 2026-01-01, value: "0,8"}]}
benefits:
  - {id: x, unit: r, kind: wish, unit_of_measure: h, start: 2026-03-01, due: 2026-02-01, baseline: 1,
     target: 1}
"""
    files = {"organisation.yaml": organisation, "systems.yaml": systems, "programme.yaml": programme}
    loaded = read(files, indicators={"intended-use"})
    assert loaded.registry is None
    assert check_text(loaded.problems, "registry/").splitlines() == [
        "registry/organisation.yaml:3: 'r': `timezone` must be an IANA time zone such as "
        "Europe/Stockholm, not 'Europe/Stokholm'; did you mean 'Europe/Stockholm'?",
        "registry/organisation.yaml:4: 'r': `country` must be a two-letter country code such as SE or NO, not 'XX'",
        "registry/organisation.yaml:5: 'r': `language` must be one of sv, nb, en, not 'de'",
        "registry/organisation.yaml:8: 'a': `parent` names an unknown unit 'rr'",
        "registry/organisation.yaml:9: 'a': `valid_from` must be a date that exists, such as "
        "2026-03-31, not '2026-02-30'",
        "registry/organisation.yaml:10: 'a': `colour` is not known; known here: country, "
        "declared_size, delegate, id, language, manager, names, parent, peer_group, type, "
        "valid_from, valid_to",
        "registry/organisation.yaml:13: 'b': `manager`, `email` must be an e-mail address such as "
        "anna@example.org, not 'not an address'",
        "registry/organisation.yaml:15: 'b': `valid_to` must be later than valid_from (2026-03-01), not 2026-02-01",
        "registry/organisation.yaml:16: `id` is missing; add it",
        "registry/programme.yaml:2: `indicator` names an unknown indicator 'intended-usage'; did you "
        "mean 'intended-use'?",
        "registry/programme.yaml:2: `system` names an unknown system 'x'",
        "registry/programme.yaml:2: `targets`, item 1, `8` is not known; known here: date, value",
        "registry/programme.yaml:3: `targets`, item 1, `value` must be a number such as 0.8 or 80 %, not '0,8'",
        "registry/programme.yaml:5: 'x': `due` must be later than start (2026-03-01), not 2026-02-01",
        "registry/programme.yaml:5: 'x': `kind` must be 'financial', 'redistribution', 'quality' or "
        "'avoided_purchase', not 'wish'",
        "registry/programme.yaml:6: 'x': `target` equals the baseline; a benefit is a change, so the "
        "target must differ from it",
        "registry/systems.yaml:3: 's': `processing` must be true or false, not 'maybe'",
        "registry/systems.yaml:4: 't': `case_types` has the id 'c' twice; remove one",
    ]


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        (b"", 1, "the file is empty; fill it in or remove it"),
        (b"# only a comment\n", 1, "the file is empty; fill it in or remove it"),
        (b"---\n", 1, "the file is empty; fill it in or remove it"),
        (b"organisations:\n\t- id: r\n", 2, "the line is indented with a tab; YAML wants spaces"),
        (b"organisations:\n  - id: [r\n", 3, "not valid YAML"),
        (
            b"organisations:\n  - id: r\n    id: q\n",
            3,
            "the key `id` stands twice in one entry (first in line 2)",
        ),
        (b"organisations:\n  - id: G\xf6teborg\n", 2, "the file is not UTF-8 (byte 0xF6"),
        ("organisations: []".encode("utf-16"), 1, "the file is UTF-16; save it as UTF-8"),
        (b"organisations:\n  - id: \x01\n", 2, "the character U+0001 is not allowed"),
        (b"- id: r\n", 1, "the file must begin with one of: organisations"),
        (b"organisations: r\n", 1, "`organisations` must be a list of entries"),
        (b"organisation: []\n", 1, "`organisation` is not known in this file; did you mean 'organisations'?"),
        (b"benefits: []\n", 1, "`benefits` is not known in this file; it belongs in programme.yaml"),
        (b"organisations:\n  - &a {id: r, names: *a}\n", 2, "references (*name) are not used"),
        (b"organisations:\n  - !!python/object:os.system {id: r}\n", 2, "the tag"),
        (b"organisations: []\n", 1, "`organisations` is missing or empty"),
        (b"organisations:\n  - r\n", 2, "must be a mapping"),
        (b"organisations: " + b"[" * 5000 + b"]" * 5000, 1, "nested too deeply"),
        (b"organisations: []\n---\nunits: []\n", 2, "not valid YAML"),
    ],
)
def test_files_that_cannot_be_read(body: bytes, line: int, message: str) -> None:
    loaded = read({"organisation.yaml": body})
    assert loaded.registry is None
    assert [p for p in loaded.problems if p.line == line and message in p.message], loaded.problems


def test_one_broken_file_hides_nothing_in_the_others_and_starts_no_avalanche() -> None:
    loaded = read(
        {
            "organisation.yaml": b"units: [\n",
            "systems.yaml": b"systems: [{id: s, go_lives: [{unit: u, date: 2026-01-01}], legacy: 7}]",
        }
    )
    assert [(p.file, p.line) for p in loaded.problems] == [("organisation.yaml", 2), ("systems.yaml", 1)]
    assert loaded.problems[1].message == "'s': `legacy` must be true or false, not '7'"


def test_a_missing_directory_and_missing_files_are_problems(tmp_path: Path) -> None:
    nowhere = load(tmp_path / "nowhere")
    assert nowhere.registry is None
    assert "there is no directory" in nowhere.problems[0].message
    (tmp_path / "system.yml").write_text("systems: []")
    (tmp_path / "programme.yaml").write_text("plans: [{unit: u, system: s, workplaces: 3}]")
    empty = load(tmp_path)
    assert check_text(empty.problems).splitlines() == [
        f"organisation.yaml:1: the file is missing in '{tmp_path}'; it names organisations and units",
        "programme.yaml:1: `system` names an unknown system 's'",
        "system.yml:1: warning: the file is not read; did you mean 'systems.yaml'?",
    ]


def test_systems_and_programme_may_be_absent(tmp_path: Path) -> None:
    (tmp_path / "organisation.yaml").write_text("organisations: [{id: r, timezone: Europe/Oslo, country: NO}]")
    loaded = load(tmp_path)
    assert loaded.problems == ()
    assert loaded.registry is not None
    assert loaded.registry.systems == ()


def test_a_byte_order_mark_is_no_problem() -> None:
    body = "\ufefforganisations: [{id: r, timezone: Europe/Oslo, country: NO}]".encode()
    assert read({"organisation.yaml": body}).problems == ()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "valid_from: 1969-12-31",
            "`valid_from` must lie between 1970-01-01 and 2149-06-06, not be 1969-12-31",
        ),
        ("valid_from: 20260101", "`valid_from` must be a date that exists"),
        ("names: {se: X}", "`names` has the language 'se'; use sv, nb, en"),
        ("name: ''", "`name` must not be empty"),
        ("name: []", "`name` must be a name, or names by language"),
        ("declared_size: 3.5", "`declared_size` has too many decimals"),
        ("declared_size: -1", "`declared_size` must be a whole number from 0"),
        ("manager: {name: A}", "`manager` needs an `email` or a `teams` address"),
        (
            "manager: {name: A, teams: http://x.example}",
            "`teams` must be an address that begins with https://",
        ),
        ("manager: Anna", "`manager` must be a mapping"),
        ("peer_groups: x", "`peer_groups` is not known; did you mean 'peer_group'?"),
        ("manager: {name: A, mail: a@b.se}", "`manager`, `mail` is not known; did you mean 'email'?"),
    ],
)
def test_words_of_a_unit(checked: Checked, entry: str, message: str) -> None:
    assert any(message in line for line in checked(f"units: [{{id: a, parent: r, {entry}}}]")), entry


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plans: [{unit: r, indicator: i}]", "needs `targets` or `workplaces`"),
        ("plans: [{unit: r, targets: [{date: 2026-01-01, value: 1}]}]", "say of which `indicator`"),
        ("plans: [{unit: r, workplaces: 4}]", "say on which `system`"),
        (
            "plans: [{unit: r, indicator: i, start: 2026-02-01, targets: [{date: 2026-01-01, value: 1}]}]",
            "has a date (2026-01-01) before the plan's start (2026-02-01)",
        ),
        (
            "plans: [{unit: r, indicator: i, targets: [{date: 2026-02-01, value: 1}, {date: 2026-01-01, value: 2}]}]",
            "must have one value per date, the earliest date first",
        ),
        (
            "decisions: [{id: d, decided: 2026-02-01, due: 2026-01-01}]",
            "must not be before the day of the decision",
        ),
        ("milestones: [{id: m, what: Live, date: 2026-01-01}]", "`what` must be small letters"),
        ("milestones: [{id: m, what: live, date: 2026-01-01, unit: q}]", "`unit` names an unknown unit 'q'"),
        (
            "benefits: [{id: b, unit: r, kind: quality, unit_of_measure: days, baseline: 3, target: 3}]",
            "`target` equals the baseline",
        ),
        (
            "benefits: [{id: b, unit: r, kind: quality, unit_of_measure: days, start: 2026-03-01, due: 2026-03-01}]",
            "`due` must be later than start (2026-03-01), not 2026-03-01",
        ),
        ("benefits: [{id: b, unit: r, kind: financial, unit_of_measure: hours}]", "name the `decision`"),
        ("benefits: [{id: b, unit: r, kind: wish, unit_of_measure: hours}]", "`kind` must be 'financial'"),
        (
            "benefits: [{id: b, unit: r, kind: quality, unit_of_measure: days, case_type: c}]",
            "names a case type but the entry has no `system`",
        ),
        (
            "benefits: [{id: b, unit: r, kind: quality, unit_of_measure: days, system: s, case_type: cc}]",
            "`case_type` names an unknown case type 'cc' of system 's'",
        ),
        ("benefits: [{id: b, unit: r, kind: quality, unit_of_measure: days}]", "warning: 'b' lacks `owner`"),
        (
            "costs: [{name: C, unit: r, amount: -4, valid_from: 2026-01-01, valid_to: 2026-02-01}]",
            "not be negative",
        ),
        ("deviations: [{unit: r, system: s, agreed_by: A}]", "`reason` is missing; add it"),
        ("suggestions: [{alert: level, text: T}]", "`owner` is missing; add it"),
        ("suggestions: [{alert: level, text: T, owner: O, system: t}]", "names an unknown system 't'"),
        (
            "suggestions: [{alert: level, text: T, owner: O, link: http://a.se}]",
            "`link` must be an address that begins with https://",
        ),
        ("deviations: [{unit: r, system: t, agreed_by: A, reason: B}]", "names an unknown system 't'"),
    ],
)
def test_words_of_the_programme(checked: Checked, text: str, message: str) -> None:
    lines = checked(systems="systems: [{id: s, case_types: [{id: c}]}]", programme=text)
    assert any(message in line for line in lines), lines


def test_purposes_are_checked_where_they_are_known(checked: Checked) -> None:
    text = "approvals: [{purpose: follow-adoptions}]"
    assert checked(text) == []
    lines = checked(text, purposes={"follow-adoption"})
    assert lines[-1] == (
        "organisation.yaml:2: `purpose` names an unknown purpose 'follow-adoptions'; did you mean 'follow-adoption'?"
    )


def test_suggestions_are_about_alerts_that_there_are(checked: Checked, read_text: Callable[..., Loaded]) -> None:
    text = """\
suggestions:
  - {alert: leval, text: {sv: Gör, nb: Gjør, en: Do}, owner: {sv: chefen, nb: lederen, en: the manager}}
"""
    assert checked(programme=text) == []
    assert checked(programme=text, alerts={"level", "relapse"}) == [
        "programme.yaml:2: `alert` names an unknown kind of alert 'leval'; did you mean 'level'?"
    ]
    every = "{alert: level, text: Ask, owner: manager}"
    own = "{alert: level, system: s, text: Train, owner: manager, link: https://train.example}"
    registry = read_text(systems="systems: [{id: s}, {id: t}]", programme=f"suggestions: [{every}, {own}]").registry
    assert registry is not None
    assert [each.link for each in registry.suggested("level", "s")] == ["https://train.example"]
    assert [each.text.en for each in registry.suggested("level", "t")] == ["Ask"]
    assert registry.suggested("relapse", "s") == ()


def test_what_an_approval_lacks_is_told(checked: Checked) -> None:
    text = """\
approvals:
  - {purpose: "*", legal_basis: public task, dpia: D1, consulted_on: 2026-01-01}
  - {purpose: b, organisation: r, legal_basis: public task}
"""
    assert checked(text, purposes={"a", "b"}) == [
        "organisation.yaml:4: warning: figures of the purpose 'b' are not made for 'r': `dpia`, `consulted_on` are "
        "missing in `approvals`",
    ]
    (line,) = checked(purposes={"a"})
    assert line.startswith("organisation.yaml:1: warning: figures of the purpose 'a' are not made for 'r': ")
    public = "organisations: [{id: r, timezone: Europe/Oslo, country: SE, public_data: true}]"
    assert checked(public, purposes={"a"}) == []


def test_an_entry_that_fails_still_counts_as_declared(checked: Checked) -> None:
    lines = checked("units:\n  - {id: a, parent: r, type: []}\n  - {id: b, parent: a}\n")
    assert lines == ["organisation.yaml:3: 'a': `type` must be one word or text, not a list or a mapping"]


def test_warnings_do_not_keep_a_registry_from_loading() -> None:
    assert Problem("f", 1, "m", warning=True).warning
    root = b"organisations: [{id: r, timezone: Europe/Oslo, country: NO}]\n"
    loaded = read({"organisation.yaml": root + b"units: [{id: a, parent: r, peer_group: x}]"})
    assert loaded.registry is not None
    assert check_text(loaded.problems) == (
        "organisation.yaml:2: warning: 'a' is alone in the peer group 'x' and is compared with "
        "nobody; check the "
        "spelling, or leave `peer_group` out\n"
    )


def test_hints_for_thousands_of_wrong_ids_are_given_in_time() -> None:
    """A list of codes of another system is wrong in every line."""
    known = [f"unit-{n:05}-{n * 7919 % 10_007}" for n in range(10_000)]
    started = time.process_time()
    hints = [nearest(f"unt-{n:05}-{n * 7919 % 10_007}", known) for n in range(100)]
    assert hints == [f"; did you mean '{name}'?" for name in known[:100]]
    assert nearest("x" * 100_000, known) == ""
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("0.001", "`detection`, `false_per_unit_year` must lie between 0.005 and 0.5 false alarms per unit and year"),
        ("2", "`detection`, `false_per_unit_year` must lie between 0.005 and 0.5 false alarms per unit and year"),
        ("few", "`detection`, `false_per_unit_year` must be a number such as 0.05, not 'few'"),
    ],
)
def test_a_budget_of_false_alarms_has_bounds(budget: str, message: str) -> None:
    text = (
        "organisations:\n  - id: county\n    timezone: Europe/Stockholm\n    country: SE\n"
        f"    detection: {{false_per_unit_year: {budget}}}\n"
    )
    assert message in check_text(read({"organisation.yaml": text.encode()}).problems)


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ("a@" + "." * 50_000, "must be an e-mail address"),
        ("a@b.example" * 1_000, "must be an e-mail address"),
    ],
)
def test_an_address_without_end_is_refused_in_time(contact: str, told: str) -> None:
    text = (
        "organisations:\n  - id: county\n    timezone: Europe/Stockholm\n    country: SE\n"
        f"    operations: {{name: Ops, email: '{contact}'}}\n"
    )
    started = time.process_time()
    (problem,) = read({"organisation.yaml": text.encode()}).problems
    assert told in problem.message
    assert len(problem.message) < 3_000
    assert time.process_time() - started < 5


@pytest.mark.parametrize("number", ["9" * 101, "9" * 200_000, "1." + "3" * 100])
def test_a_number_without_end_is_refused(number: str) -> None:
    text = f"organisations:\n  - {{id: county, timezone: Europe/Stockholm, country: SE, declared_size: {number}}}\n"
    (problem,) = read({"organisation.yaml": text.encode()}).problems
    assert "must be a whole number" in problem.message
