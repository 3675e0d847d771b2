"""The commands as a person runs them: each in a process of its own, on real logs where they are at hand."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.commands import answer, nytta
from tests.support.processes import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def receipt(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the receipt log, imported twice."""
    folder = tmp_path_factory.mktemp("receipt")
    log = shared_data / "events" / "08_receipt.xes.gz"
    first = answer("import", log, "--mapping", "wabo-receipt", "--data", folder)
    again = answer("import", log, "--mapping", "wabo-receipt", "--data", folder)
    counts = ("read", "accepted", "duplicate", "rejected")
    assert [first[name] for name in counts] == [8577, 8577, 0, 0]
    assert [again[name] for name in counts] == [8577, 0, 8577, 0]
    return folder


def test_digital_intake_of_the_receipt_log_equals_the_reference(receipt: Path, shared_data: Path) -> None:
    reference = json.loads((shared_data / "reference" / "receipt.json").read_text("utf-8"))
    by_month = reference["channel_share_per_month_by_first_event_utc"]
    rows = answer(
        *(
            "values",
            "--zone",
            "private",
            "--by",
            "month",
            "--indicator",
            "digital-intake",
            "--timezone",
            "UTC",
        ),
        *("--data", receipt),
    )
    numerators, denominators = Counter[str](), Counter[str]()
    for row in rows:
        numerators[row["period"]] += row["numerator"]
        denominators[row["period"]] += row["denominator"]
    expected = {month: (v["count"]["Internet"], v["cases"]) for month, v in by_month.items()}
    assert {m: (numerators[m], denominators[m]) for m in denominators} == expected


def test_reference_figures_of_the_receipt_log_come_out_exactly(receipt: Path, shared_data: Path) -> None:
    reference = json.loads((shared_data / "reference" / "receipt.json").read_text("utf-8"))
    rows = answer(
        *("values", "--zone", "private", "--by", "total", "--tree"),
        *("--definitions", ROOT / "tests/reference/definitions", "--data", receipt),
    )
    whole = {(r["indicator"], r["part"]): r for r in rows if r["unit"] == "wabo"}
    durations = reference["case_duration_seconds"]
    assert whole["case-duration-median", ""]["value"] == pytest.approx(durations["median"], abs=1e-9)
    assert whole["case-duration-p90", ""]["value"] == pytest.approx(durations["p90"], abs=1e-9)
    assert whole["repeated-activity", ""]["numerator"] == reference["rework"]["cases_with_any_repeated_activity"]
    assert whole["repeated-events", ""]["numerator"] == reference["rework"]["total_repeated_events"]
    assert whole["actor-changes", ""]["numerator"] == reference["handovers"]["total"]
    assert whole["team-changes", ""]["numerator"] == reference["handovers"]["org_group_changes"]
    channels = {"web": "Internet", "desk": "Desk", "post": "Post", "email": "e-mail", "internal": "Intern"}
    for part, name in channels.items():
        row = whole["case-duration-median-by-channel", part]
        expected = reference["case_duration_seconds_per_channel"][name]
        assert (row["denominator"], row["value"]) == (
            expected["n"],
            pytest.approx(expected["median"], abs=1e-6),
        )


def test_the_receipt_log_is_verified_and_published(receipt: Path) -> None:
    assert answer("verify", "--data", receipt)["equal"] is True
    shown = answer("values", "--by", "week", "--data", receipt)
    assert {r["status"] for r in shown} >= {"suppressed"}
    for row in shown:
        assert not {"numerator", "denominator", "persons"} & row.keys()
        assert row["value"] is None or row["value"] == round(row["value"])


def test_sources_and_rejects_are_listed(receipt: Path) -> None:
    told = answer("sources", "--data", receipt)
    assert [(j["mapping"], j["state"], j["accepted"]) for j in told["imports"]] == [("wabo-receipt", "complete", 8577)]
    assert answer("rejects", "--data", receipt) == []
    assert answer("migrate", "--data", receipt)["applied"][0] == "open/0001_registry"


def test_how_rows_map_is_shown_without_a_store(shared_data: Path, tmp_path: Path) -> None:
    log = shared_data / "events" / "08_receipt.xes.gz"
    told = nytta("import", log, "--mapping", "wabo-receipt", "--explain", "--data", tmp_path / "none").stdout
    assert "case.step" in told
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["import", "nowhere.xes", "--mapping", "wabo-receipt"], 1, "no such file"),
        (["import", "nowhere.xes", "--mapping", "wabo-recipt"], 1, "wabo-receipt"),
        (["values", "--indicator", "digital-intak"], 2, "there is no indicator"),
        (["values", "--timezone", "UTC"], 2, "--zone private"),
        (["check", "nowhere"], 1, "there is no directory"),
        (["simulate", "--story", "nothing", "--out", "x"], 2, "there is no story"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(words: list[str], code: int, message: str, tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)] if words[0] in {"import", "values"} else []
    done = nytta(*words, *data, code=code)
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("cut.xes.gz", gzip.compress(b"<log>" + b" " * 100_000, mtime=0)[:60], "ends too early"),
        ("dtd.xes", b'<!DOCTYPE log [<!ENTITY a "b">]><log/>', "DOCTYPE"),
        ("binary.csv", b"PK\x03\x04 not a table", "zip archive"),
    ],
)
def test_an_unreadable_file_leaves_the_store_as_it_was(
    receipt: Path, tmp_path: Path, name: str, body: bytes, message: str
) -> None:
    before = answer("values", "--zone", "private", "--by", "week", "--data", receipt)
    path = tmp_path / name
    path.write_bytes(body)
    mapping = "servicenow-incidents" if name.endswith("csv") else "wabo-receipt"
    done = nytta("import", path, "--mapping", mapping, "--data", receipt, code=1)
    assert name in done.stderr
    assert message.lower() in done.stderr.lower()
    assert answer("values", "--zone", "private", "--by", "week", "--data", receipt) == before


def test_a_second_process_on_the_folder_is_refused(receipt: Path, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from nytta.storage.client import embedded; "
            f"c = embedded(Path({str(receipt / 'store')!r})); print('open', flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"open"
        done = nytta("sources", "--data", receipt, code=1)
        assert "in use by another process" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        holder.kill()
        holder.communicate()


def test_a_killed_import_goes_on_where_it_was(shared_data: Path, tmp_path: Path) -> None:
    log = shared_data / "events" / "BPIC15_2.xes.gz"
    words = ["import", str(log), "--mapping", "dutch-building-permits", "--data", str(tmp_path), "--json"]
    for wait in (4.0, 6.0):
        running = subprocess.Popen(
            [sys.executable, "-m", "nytta", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        )
        time.sleep(wait)
        running.send_signal(signal.SIGKILL)
        running.wait()
    report = json.loads(nytta(*words).stdout)
    assert (report["read"], report["rejected"]) == (44_354, 0)
    assert report["accepted"] + report["duplicate"] == 44_354
    assert answer("verify", "--data", tmp_path)["equal"] is True
