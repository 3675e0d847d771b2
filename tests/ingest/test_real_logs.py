"""Real logs through the whole service: reference figures come out exactly, whatever order the files come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import answer
from tests.support.processes import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

DEFINITIONS = ROOT / "tests/reference/definitions"
LOGS = {
    "08_receipt.xes.gz": ("wabo-receipt", 8_577),
    "BPIC15_1.xes.gz": ("dutch-building-permits", 52_217),
    "BPIC15_2.xes.gz": ("dutch-building-permits", 44_354),
    "BPIC15_3.xes.gz": ("dutch-building-permits", 59_681),
    "07_bpic2013_incidents.xes.gz": ("volvo-incidents", 65_533),
    "servicenow_incident_sample.csv": ("servicenow-incidents", 5_998),
    "viva_person_query_2024.csv": ("viva-person-query", 6_900),
}


def imported(shared_data: Path, folder: Path, names: list[str]) -> Path:
    for name in names:
        mapping, rows = LOGS[name]
        told = answer("import", shared_data / "events" / name, "--mapping", mapping, "--data", folder)
        assert (told["read"], told["accepted"], told["duplicate"], told["rejected"]) == (rows, rows, 0, 0), name
    return folder


@pytest.fixture(scope="module")
def everything(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All seven logs in one store."""
    return imported(shared_data, tmp_path_factory.mktemp("forward"), list(LOGS))


def private(folder: Path, *words: str) -> Any:
    return answer("values", "--zone", "private", *words, "--data", folder)


def test_a_recomputation_of_all_logs_gives_the_same(everything: Path) -> None:
    told = answer("verify", "--data", everything)
    assert told["equal"] is True
    assert told["compared"] > 11_600


@pytest.mark.soak
def test_the_order_of_files_makes_no_difference(
    everything: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    backward = imported(shared_data, tmp_path_factory.mktemp("backward"), list(reversed(LOGS)))
    assert answer("verify", "--data", backward)["equal"] is True
    for grain in ("week", "month"):
        assert private(everything, "--by", grain, "--tree") == private(backward, "--by", grain, "--tree")


def test_intended_use_of_the_permits_is_the_answer_not_the_step(everything: Path, shared_data: Path) -> None:
    reference = json.loads((shared_data / "reference" / "bpic15_olo_rollout_1to3.json").read_text("utf-8"))
    rows = private(everything, "--by", "month", "--indicator", "intended-use")
    got = {(r["unit"], r["period"]): (r["numerator"], r["denominator"]) for r in rows if r["system"] == "permits"}
    expected = {
        (unit, month): (true, cases)
        for unit, told in reference["units"].items()
        for month, (cases, _, true) in told["months"].items()
    }
    assert got == expected
    assert sum(n for (unit, _), (n, _) in got.items() if unit == "municipality 1") == 0


@pytest.fixture(scope="module")
def totals(everything: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = answer(
        *("values", "--zone", "private", "--by", "total", "--tree"),
        *("--definitions", DEFINITIONS, "--data", everything),
    )
    return {(r["indicator"], r["unit"]): r for r in rows if r["part"] == ""}


def test_reference_figures_of_the_permits(totals: dict[tuple[str, str], dict[str, Any]], shared_data: Path) -> None:
    reference = json.loads((shared_data / "reference" / "bpic15_municipalities_1to3.json").read_text("utf-8"))
    for unit, told in reference["units"].items():
        durations = told["case_duration_seconds"]
        assert totals["case-duration-median", unit]["denominator"] == durations["n"]
        assert totals["case-duration-median", unit]["value"] == pytest.approx(durations["median"], abs=1e-6)
        assert totals["case-duration-p90", unit]["value"] == pytest.approx(durations["p90"], abs=1e-6)
        repeated = told["rework"]
        assert totals["repeated-activity", unit]["numerator"] == repeated["cases_with_any_repeated_activity"]
        assert totals["repeated-events", unit]["numerator"] == repeated["total_repeated_events"]


def test_reference_figures_of_the_incidents(totals: dict[tuple[str, str], dict[str, Any]], shared_data: Path) -> None:
    told = json.loads((shared_data / "reference" / "bpic13_incidents.json").read_text("utf-8"))
    whole = {indicator: row for (indicator, unit), row in totals.items() if unit == "volvo-it"}
    durations = told["case_duration_seconds"]
    assert whole["ticket-duration-median"]["value"] == pytest.approx(durations["median"], abs=1e-6)
    assert whole["ticket-duration-p90"]["value"] == pytest.approx(durations["p90"], abs=1e-6)
    assert whole["first-line-only"]["numerator"] == told["support_line"]["cases_all_events_first_line"]
    assert whole["starts-in-first-line"]["numerator"] == told["support_line"]["cases_start_first_line"]
    assert whole["ticket-repeated-activity"]["numerator"] == told["rework"]["cases_with_any_repeated_activity"]
    assert whole["ticket-team-changes"]["numerator"] == told["ping_pong"]["org:group"]["handovers"]
    escalated = told["case_duration_seconds_escalated"]
    assert whole["escalated-duration-median"]["denominator"] == escalated["n"]
    assert whole["escalated-duration-median"]["value"] == pytest.approx(escalated["median"], abs=1e-6)


def test_first_line_share_by_month(everything: Path, shared_data: Path) -> None:
    told = json.loads((shared_data / "reference" / "bpic13_incidents.json").read_text("utf-8"))
    rows = answer(
        *("values", "--zone", "private", "--by", "month", "--tree", "--timezone", "UTC"),
        *("--indicator", "first-line-only", "--definitions", DEFINITIONS, "--data", everything),
    )
    got = {
        r["period"]: {"cases": r["denominator"], "all_first": r["numerator"]} for r in rows if r["unit"] == "volvo-it"
    }
    assert got == told["push_to_front_per_month_of_first_event"]


def test_active_people_of_the_person_query(everything: Path, shared_data: Path) -> None:
    """Counted by hand over the rows: a person-week counts where the person was enabled and did anything."""
    import csv

    with (shared_data / "events" / "viva_person_query_2024.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    acts = [name for name in people[0] if name.startswith("Copilot_actions_taken")]
    enabled = [p for p in people if int(p["Total_Copilot_enabled_days"]) > 0]
    active = [p for p in enabled if any(int(p[name]) for name in acts)]
    rows = private(everything, "--by", "week", "--indicator", "weekly-breadth")
    assert sum(r["denominator"] for r in rows) == len(enabled)
    assert sum(r["numerator"] for r in rows) == len(active)
