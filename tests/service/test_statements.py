"""Statements in a real store: stated after publication, kept as they were, read back at any moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from nytta import service as nytta
from nytta.disclosure.published.values import OpenStore
from nytta.ingest.intake import Intake
from nytta.ingest.keys import Keys
from nytta.ingest.store.private import PrivateStore
from nytta.insight.benefits.benchmark import BenchmarkError, funnel, take, write
from nytta.insight.benefits.statement import Statement
from nytta.insight.store import benchmarks
from nytta.insight.store.statements import PublishedStatement, Statements, until
from nytta.registry import declarations
from nytta.registry.registry import Registry
from nytta.surfaces.reports import pdf
from nytta.surfaces.reports.compose import document
from tests.organisations import SMALL_COUNTY, county
from tests.rows import event, table

pytestmark = pytest.mark.slow

DEFINITIONS = tuple(
    d
    for d in nytta.read_definitions(declarations.schemas() / "indicators")
    if d.id in ("intended-use", "digital-intake")
)
FIRST = datetime(2026, 5, 18, 8, tzinfo=UTC)
SYSTEMS = b"""
systems:
  - id: cases
    name: Cases
    go_live: 2026-01-05
    case_types: [{id: permit, minutes: {before: 60, after: 40, confirmed_by: Anna, confirmed_on: 2026-01-01}}]
"""
PROGRAMME = """
benefits:
  - id: faster
    name: Faster permits
    unit: north
    kind: redistribution
    unit_of_measure: minutes per case
    owner: {name: Anna, email: anna@county.example}
    baseline: 60
    baseline_from: 2025-06-02
    baseline_to: 2025-12-01
    target: TARGET
    start: 2026-01-05
    due: 2026-12-28
    method: timed
    system: cases
    case_type: permit
    adoption: {indicator: intended-use, baseline: 0 %, target: 80 %}
    hourly_cost: {amount: 400, source: pay of 2025}
decisions:
  - {id: inforande, decided: 2026-01-12, units: [north, south]}
"""


def registry(target: str = "44") -> Registry:
    return county(
        SMALL_COUNTY | {"systems.yaml": SYSTEMS, "programme.yaml": PROGRAMME.replace("TARGET", target).encode()}
    )


def app_on(store: PrivateStore, tables: Path) -> nytta.App:
    return nytta.App(
        store, OpenStore(store.connection), Intake(store, Keys("k1", bytes(32)), registry()), DEFINITIONS, tables
    )


def fill(app: nytta.App) -> None:
    """Two cases a working day in north for 18 weeks, half of them handled as intended; measured every fourth week."""
    events = []
    for n in range(18 * 5 * 2):
        day = date(2026, 1, 5) + timedelta(weeks=n // 10, days=n % 10 // 2)
        common = {"unit": "north", "case_type": "permit", "actor": f"p{n % 7}", "actor_kind": "person"}
        when = f"{day:%m-%d}T{8 + n % 2:02d}"
        events.append(event(f"o{n}", "case.opened", when, f"c{n}", channel="web", **common))
        events.append(event(f"s{n}", "case.step", f"{day:%m-%d}T15", f"c{n}", intended=(n // 2) % 2, **common))
    for n, minutes in enumerate((58, 55, 53, 52)):
        start = date(2026, 1, 5) + timedelta(weeks=4 * n)
        end = start + timedelta(weeks=4)
        events.append(
            event(
                f"b{n}", "benefit.measured", f"{end:%m-%d}", "faster", unit="north", quantity=1000 * minutes,
                valid_from=start, valid_to=end, attributes=[("key", "faster")],
            )
        )  # fmt: skip
    events.append(
        event("d1", "change.decision", "01-20", "inforande", unit="north", activity="acknowledged",
              attributes=[("key", "inforande")])
    )  # fmt: skip
    app.intake.store(table(events), (), FIRST)


def last(app: nytta.App, moment: datetime | None = None) -> PublishedStatement:
    found = Statements(app.open.connection).latest("county", moment)
    assert found is not None
    return found


def paper(said: PublishedStatement) -> bytes:
    return pdf.pdf(document(said.statement, said.published_at, "sv", font=pdf.FONT))


def test_a_benefit_is_stated_and_a_changed_plan_rewrites_nothing(store: PrivateStore, tables: Path) -> None:
    app = app_on(store, tables)
    fill(app)
    app.bring_up_to_date(FIRST)
    first = last(app)
    faster = first.statement.benefits[0]
    assert first.statement.week == date(2026, 5, 11)
    assert [p.value for p in faster.points] == [58_000, 55_000, 53_000, 52_000]
    assert faster.realised == 500  # 52 of the way from 60 to 44
    pool = first.statement.pools[0]
    # half of 180 cases, told as 52 %: 0.28 · 180 · 20 min = 17 h are missed for want of use. Promised are 180 · 16 min
    # = 48 h, measured half of that: 24 h; 7.2 h have no effect. 24.2 h at 400 kr are missing.
    assert (pool.share, pool.cases, pool.freed) == (52, 180, 24_000)
    assert (pool.use_missing, pool.effect_missing, pool.amount_missing) == (17_000, 7_200, 968_000)
    assert [(d.acknowledged, d.units, d.word) for d in first.statement.decisions] == [(1, 2, "stuck")]
    kept = paper(first)

    app.declare(registry("52"))
    later = FIRST + timedelta(days=8)
    app.bring_up_to_date(later)
    second = last(app)
    assert second.published_at > first.published_at
    assert second.statement.benefits[0].realised == 1000
    assert [(c.field, c.before, c.after) for c in second.statement.benefits[0].changes] == [
        ("target", "44000", "52000")
    ]
    for moment in (FIRST, FIRST + timedelta(days=3), until("2026-05-24", "Europe/Stockholm")):
        assert last(app, moment) == first
        assert paper(last(app, moment)) == kept
    assert paper(second) != kept
    assert Statements(app.open.connection).latest("county", FIRST - timedelta(days=1)) is None


def test_the_same_is_not_said_twice_and_views_tell_it(store: PrivateStore, tables: Path) -> None:
    app = app_on(store, tables)
    fill(app)
    app.bring_up_to_date(FIRST)
    app.rebuild(FIRST + timedelta(hours=2))
    connection = app.open.connection
    assert connection.value("SELECT count() FROM {open}.benefit_statements") == 1
    assert connection.rows("SELECT benefit, realised, baseline, target, freed_hours, amount FROM {open}.benefits") == [
        ("faster", 50.0, 60.0, 44.0, 24.0, 9600.0)
    ]
    assert connection.rows("SELECT place, share, use_missing_hours FROM {open}.unrealised") == [("north", 52, 17.0)]
    assert connection.rows("SELECT acknowledged, units, status FROM {open}.decisions") == [(1, 2, "stuck")]
    names = connection.rows("SELECT DISTINCT place, name FROM {open}.maturity WHERE axis ORDER BY place, name")
    assert ("county", "capability") in names


def test_figures_go_from_one_organisation_into_the_funnel_of_another(store: PrivateStore, tables: Path) -> None:
    app = app_on(store, tables)
    fill(app)
    app.bring_up_to_date(FIRST)
    handed_out = benchmarks.export(app.open.connection, "county", DEFINITIONS, units=True, case_types=False)
    assert {f.unit for f in handed_out.figures} <= {"county", "north", "south"}
    assert b"numerator" not in write(handed_out)
    with pytest.raises(BenchmarkError, match="of this installation"):
        take(write(handed_out), DEFINITIONS, ["county"])
    elsewhere = write(handed_out).replace(b'"county"', b'"elsewhere"')
    theirs = take(elsewhere, DEFINITIONS, ["county"])
    for _ in range(2):  # taken over again, it stands once
        benchmarks.save(app.open.connection, theirs)
    definition = next(d for d in DEFINITIONS if d.id == "digital-intake")
    rows = benchmarks.compared(app.open.connection, {"digital-intake": definition.version})
    both = funnel(rows)
    assert both is not None
    assert {p.organisation for p in both.points} == {"county", "elsewhere"}
    assert len(both.points) == 2 * sum(f.indicator == "digital-intake" for f in handed_out.figures)
    app.rebuild(FIRST + timedelta(hours=2))
    assert last(app, FIRST).statement.compared == ()  # alone, there was nobody to be compared with
    (whole,) = [c for c in last(app).statement.compared if c.level == "*"]
    assert (whole.indicator, whole.system) == ("intended-use", "cases")
    assert {p.organisation for p in whole.points} == {"county", "elsewhere"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-30", datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, 22, 59, 59, tzinfo=UTC)),
        ("2026-06-30T12:00+02:00", datetime(2026, 6, 30, 10, tzinfo=UTC)),
    ],
)
def test_as_of_means_the_end_of_a_day_or_a_moment(text: str, moment: datetime) -> None:
    assert until(text, "Europe/Stockholm") == moment


def test_a_moment_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="needs an offset"):
        until("2026-06-30T12:00", "Europe/Stockholm")


def test_no_person_is_in_a_statement(store: PrivateStore, tables: Path) -> None:
    app = app_on(store, tables)
    fill(app)
    app.bring_up_to_date(FIRST)
    body = str(app.open.connection.value("SELECT body FROM {open}.benefit_statements"))
    assert "anna@county.example" not in body
    assert isinstance(last(app).statement, Statement)
