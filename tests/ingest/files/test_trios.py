"""A staff list, a ticket list and a case list: which indicators each trio of exports can show, what lacks, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from nytta.indicators.definition import Definition
from nytta.indicators.load import load
from nytta.indicators.supports import support
from nytta.ingest.files.draft import drafted
from nytta.ingest.files.looks import look
from nytta.ingest.files.mapping_text import mapping_of
from nytta.ingest.files.read import read
from nytta.registry import declarations
from tests.ingest.files.exports import EXPORTS, Export
from tests.support.commands import nytta

ALWAYS = {"completion", "digital-intake", "digital-take-up", "e-service-take-up", "lead-time"} | {
    "ticket-channel-mix",
    "tickets-per-100",
}
"""What every trio of exports shows: all of them name the channel, the unit, and when something came and went."""
COLUMNS = {
    "first_contact of ticket": "first-contact-resolution",
    "ticket.assigned": "reassignment",
    "channel internal": "proactive-support",
    "end_to_end of case": "end-to-end",
    "case.returned": "rework",
    "case.handover": "handovers",
    "access of people.eligibility": "entitlement",
}
"""What a column of a list may tell beside that, and the indicator that it shows."""
OWN: Mapping[str, set[str]] = {
    "servicenow-incident.csv": {"ticket.assigned", "channel internal"},
    "servicenow-case-report.csv": {"ticket.assigned", "channel internal", "first_contact of ticket"},
    "topdesk-incidents.csv": {"ticket.assigned"},
    "zammad.csv": {"channel internal"},
    "freshservice.csv": {"channel internal"},
    "easit-artvise.csv": {"first_contact of ticket"},
    "cases-en.csv": {"end_to_end of case"},
    "servicenow-government-cases.csv": {"case.returned", "case.handover"},
    "personec.csv": {"access of people.eligibility"},
}
"""What each export tells of that, as its product documents it; all others have no such column."""
LISTED = 12


@cache
def definitions() -> tuple[Definition, ...]:
    return load(declarations.schemas() / "indicators").definitions


def evidence(export: Export, folder: Path) -> dict[str, float]:
    """What the events of an export give: types, families and fields, with the share of events that have them."""
    path = folder / export.name
    path.write_bytes(export.content())
    events: Counter[str] = Counter()
    fields: Counter[tuple[str, str]] = Counter()
    words: set[str] = set()
    for chunk in read(path, mapping_of(drafted(look(path, path.name)), "org", "UTC", {"unit": "u", "system": "s"})):
        for line in chunk.ndjson.splitlines():
            event = json.loads(line)
            data = event["data"]
            kind = event["type"].removeprefix("nytta.").rsplit(".", 1)[0]
            for name in {kind, kind.partition(".")[0]}:
                events[name] += 1
                fields.update((name, field) for field, content in data.items() if content not in (None, ""))
            if data.get("channel") == "internal":
                words.add("channel internal")
            if "account" in data:
                words.add("people.eligibility:access")
            if kind == "case.returned" and not data.get("by_law"):
                words.add("returned")
            if kind in ("platform.session", "case.step", "case.handover") and data.get("actor"):
                words.add("use")
    shares = {f"{name}:{field}": count / events[name] for (name, field), count in fields.items()}
    return dict.fromkeys(events, 1.0) | shares | dict.fromkeys(words, 1.0)


def reasons(gathered: Mapping[str, float]) -> dict[str, str]:
    """Each indicator that is not shown, with what lacks for it in the evidence of a trio."""
    lacking = {each.id: "; ".join(support(each, gathered).missing) for each in definitions()}
    # a figure of nought that no row can tell is none, and a list of cases tells of nobody's use of a system
    for indicator, needed in {"proactive-support": "channel internal", "rework": "returned"}.items():
        lacking[indicator] = lacking[indicator] or ("" if needed in gathered else "not_told")
    for indicator in ("weekly-breadth", "habit"):
        lacking[indicator] = lacking[indicator] or ("" if "use" in gathered else "no_use_told")
    return {indicator: why for indicator, why in lacking.items() if why}


def test_each_trio_of_exports_shows_what_its_columns_tell_and_says_what_lacks(tmp_path: Path) -> None:
    given = {export.name: evidence(export, tmp_path) for export in EXPORTS}
    of_kind = {kind: [e.name for e in EXPORTS if e.kind == kind] for kind in ("staff", "tickets", "cases")}
    counts: dict[tuple[str, ...], int] = {}
    for trio in product(*of_kind.values()):
        gathered: dict[str, float] = {}
        for name in trio:
            for key, share in given[name].items():
                gathered[key] = max(share, gathered.get(key, 0))
        why = reasons(gathered)
        words = set[str]().union(*(OWN.get(name, set()) for name in trio))
        shown = {each.id for each in definitions()} - why.keys()
        assert shown == ALWAYS | {COLUMNS[column] for column in words}, (trio, why)
        # what is not shown for want of a column says which, by itself or as what no row tells
        for column, indicator in COLUMNS.items():
            if column not in words:
                assert column in why[indicator] or why[indicator] == "not_told", (trio, indicator, why[indicator])
        counts[trio] = len(shown)
    assert Counter(counts.values()) == {7: 72, 8: 126, 9: 79, 10: 57, 11: 19, 12: 6, 13: 1}
    # a body of each language reaches twelve with the lists of cases and requests that count what happened to each
    for staff in ("heroma.csv", "visma-no.csv", "sap.csv"):
        assert counts[staff, "servicenow-case-report.csv", "servicenow-government-cases.csv"] == LISTED


@pytest.mark.slow
def test_a_trio_of_a_norwegian_body_shows_twelve_indicators_at_its_root(tmp_path: Path) -> None:
    names = ("visma-no.csv", "servicenow-case-report.csv", "servicenow-government-cases.csv")
    files = [tmp_path / name for name in names]
    for path in files:
        path.write_bytes(next(export for export in EXPORTS if export.name == path.name).content(240))
    papers = ("--legal-basis", "GDPR 6.1 e", "--dpia", "DPIA 2026-1", "--consulted-on", "2026-05-01")
    options = ("--yes", "--lang", "en", "--organisation", "Lia kommune", "--country", "NO")
    done = nytta("start", *files, *options, *papers, "--data", tmp_path / "data", "--into", tmp_path / "b").stderr
    (shown,) = [line for line in done.splitlines() if line.startswith("shown: ")]
    listed = set(shown.partition("figures): ")[2].split(", "))
    assert listed == ALWAYS | {COLUMNS[column] for name in names for column in OWN.get(name, set())}
    assert len(listed) == LISTED


@pytest.mark.soak
def test_all_exports_together_show_thirteen_indicators_at_the_root(tmp_path: Path) -> None:
    """As one body with all of these products has them; none of their rows lies after today."""
    for export in EXPORTS:
        (tmp_path / export.name).write_bytes(export.content(min(240, timedelta(days=320) // export.step)))
    files = sorted(tmp_path / export.name for export in EXPORTS)
    papers = ("--legal-basis", "GDPR 6.1 e", "--dpia", "DPIA 2026-1", "--consulted-on", "2026-05-01")
    options = ("--yes", "--lang", "en", "--organisation", "Lia kommune", "--country", "NO")
    data = tmp_path / "data"
    done = nytta("start", *files, *options, *papers, "--data", data, "--into", tmp_path / "b").stderr
    assert all("0 rejected" in line for line in done.splitlines() if " accepted, " in line)
    values = json.loads(nytta("values", "--unit", "lia-kommune", "--json", "--data", data).stdout)
    listed = {row["indicator"] for row in values if row["value"] is not None}
    # which cases were digital to their end is known of one list's alone, and so of its unit, not of the whole body
    assert listed == (ALWAYS | set(COLUMNS.values())) - {"end-to-end"}
    assert len(listed) == LISTED + 1
