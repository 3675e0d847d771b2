"""The CSV of a weekly series: what is read, what is refused, and that everything refused is named."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from nytta.indicators.detection import NotAssessed, SeriesError, detect, load, parse
from nytta.indicators.detection.series import ordinal_week, week_ordinal
from nytta.ingest.files.errors import InputError
from tests.ingest.files.test_workbook import workbook

HEAD = "unit,peer_group,system,indicator,week,numerator,denominator\n"


def reasons(text: str) -> list[tuple[str, str, str]]:
    return [(entry.unit, entry.week, entry.reason) for entry in parse(text).refused]


def test_header_order_is_free_and_semicolons_and_a_byte_order_mark_are_read() -> None:
    text = "\ufeffWeek;Unit;denominator;numerator;indicator;system;peer_group;note\n2026-W07;A;20;15;u1;s;g;x\n"
    series = parse(text)
    panel = series.panels[0]
    assert (panel.units, panel.weeks, panel.system, panel.indicator) == (("A",), ("2026-W07",), "s", "u1")
    assert (panel.numerator[0, 0], panel.denominator[0, 0]) == (15, 20)
    assert series.ignored_columns == ("note",)


def test_a_missing_column_is_named_with_what_to_change() -> None:
    with pytest.raises(SeriesError, match=r"line 1: no column week, denominator; a series has"):
        parse("unit,peer_group,system,indicator,numerator\n")
    with pytest.raises(SeriesError, match="no column unit"):
        parse("")
    with pytest.raises(SeriesError, match="column unit stands twice"):
        parse("unit," + HEAD)


def test_tabs_part_columns_and_a_comma_that_parts_none_is_a_decimal_sign() -> None:
    text = "unit\tpeer_group\tsystem\tindicator\tweek\tnumerator\tdenominator\nA,1\tg\ts\tu\t2026-W07\t15,5\t20\n"
    panel = parse("\n\n" + text).panels[0]
    assert (panel.units, panel.numerator[0, 0]) == (("A,1",), 15.5)
    assert reasons(HEAD + 'A,g,s,u,2026-W07,"1,5",20\n') == [("A", "2026-W07", "invalid_number")]


def test_a_mistyped_year_is_said_and_builds_no_calendar_of_centuries() -> None:
    with pytest.raises(SeriesError, match=r"from 0026-W07 to 2026-W08, more than twenty years; mend the year"):
        parse(HEAD + "A,g,s,u,0026-W07,15,20\nA,g,s,u,2026-W08,15,20\n")


def test_a_quotation_mark_left_open_is_said_with_its_line() -> None:
    with pytest.raises(SeriesError, match=r"line 3: no row can be read here .* quotation mark left open"):
        parse(HEAD + 'A,g,s,u,2026-W07,15,20\n"A,g,s,u,2026-W08,15,20\n')


def test_an_empty_series_gives_an_empty_result() -> None:
    found = detect(parse(HEAD))
    assert (found.signals, found.not_assessed) == ((), ())


def test_every_bad_row_is_named_and_none_is_used() -> None:
    text = HEAD + (
        "A,g,s,u,2026-W07,21,20\n"
        "A,g,s,u,2026-W08,-1,20\n"
        "A,g,s,u,2026-W09,1,-20\n"
        "A,g,s,u,2026-W10,1,\n"
        "A,g,s,u,2026-W11,,20\n"
        "A,g,s,u,2026-W12,many,20\n"
        "A,g,s,u,2026-W13,nan,20\n"
        "A,g,s,u,2025-W53,1,20\n"
        "A,g,s,u,2026-13,1,20\n"
        ",g,s,u,2026-W14,1,20\n"
        "A,g,s,u\n"
    )
    assert reasons(text) == [
        ("A", "2026-W07", "numerator_over_denominator"),
        ("A", "2026-W08", "negative_number"),
        ("A", "2026-W09", "negative_number"),
        ("A", "2026-W10", "missing_denominator"),
        ("A", "2026-W11", "missing_numerator"),
        ("A", "2026-W12", "invalid_number"),
        ("A", "2026-W13", "invalid_number"),
        ("A", "2025-W53", "invalid_week"),
        ("A", "2026-13", "invalid_week"),
        ("", "2026-W14", "missing_unit"),
        ("A", "", "invalid_week"),
    ]
    assert not np.isfinite(parse(text).panels[0].numerator).any()
    assert detect(parse(text)).signals == ()


def test_week_53_exists_where_the_year_has_one() -> None:
    assert reasons(HEAD + "A,g,s,u,2026-W53,1,20\n") == []
    assert parse(HEAD + "A,g,s,u,2026-W52,1,20\nA,g,s,u,2027-W01,1,20\n").panels[0].weeks == (
        "2026-W52",
        "2026-W53",
        "2027-W01",
    )
    ordinal = week_ordinal("2026-W53")
    assert ordinal is not None
    assert [ordinal_week(ordinal + k) for k in (-1, 0, 1)] == ["2026-W52", "2026-W53", "2027-W01"]


@pytest.mark.parametrize(
    "week",
    [
        *("2026W7", "2026-w07", "2026-02-09", "2026-02-15", "2026-02-09T00:00:00Z", "2026-02-12 08:00", "9.2.2026"),
        *("2026-W07-3", "2026-v07", "2026 v7", "v. 7, 2026", "v7 2026", "Vecka 7 2026", "uke 7 2026", "W07/2026"),
        *("2026/02/09", "20260209", "2026.02.15", "09.02.2026 08:00"),
    ],
)
def test_a_day_of_a_week_stands_for_it_and_a_week_is_read_as_it_is_written(week: str) -> None:
    assert parse(HEAD.replace(",", ";") + f"A;g;s;u;{week};1;20\n").panels[0].weeks == ("2026-W07",)


@pytest.mark.parametrize("week", ["2026-07", "202607", "7", "02/09/2026", "v. 54, 2026", "2026-02-30", "20260230"])
def test_what_may_be_a_month_or_is_no_week_is_refused(week: str) -> None:
    assert [reason for *_, reason in reasons(HEAD + f'A,g,s,u,"{week}",1,20\n')] == ["invalid_week"]


def test_percentages_of_persons_and_parted_thousands_are_read() -> None:
    text = (HEAD.strip() + ",presence,entitlement\n").replace(",", ";")
    text += "A;g;s;u;2026-W07;1 015,5;1\u00a0200;85,5 %;100%\nA;g;s;u;2026-W08;75 %;100;150 %;\n"
    series = parse(text)
    panel = series.panels[0]
    assert (panel.numerator[0, 0], panel.denominator[0, 0]) == (1015.5, 1200)
    assert panel.presence is not None
    assert panel.presence[0, 0] == pytest.approx(0.855)
    assert panel.entitlement is not None
    assert panel.entitlement[0, 0] == 1
    assert [entry.reason for entry in series.refused] == ["invalid_number", "invalid_number"]


def test_shares_in_place_of_counts_are_said_and_rare_use_is_none_of_them() -> None:
    with pytest.raises(SeriesError, match=r"s, u: no numerator is larger than 1 .* write counts"):
        parse(HEAD + "A,g,s,u,2026-W07,0.75,20\nA,g,s,u,2026-W08,1,20\n")
    assert parse(HEAD + "A,g,s,u,2026-W07,0,20\nA,g,s,u,2026-W08,1,20\n").is_read


def test_the_line_that_names_what_parts_columns_is_no_header() -> None:
    assert parse("sep=;\r\n" + HEAD.replace(",", ";") + "A;g;s;u;2026-W07;1;20\r\n").is_read


def test_duplicates_are_named_and_kept_only_where_they_agree() -> None:
    same = parse(HEAD + "A,g,s,u,2026-W07,1,20\nA,g,s,u,2026-W07,1,20\n")
    assert same.refused == (NotAssessed("A", "s", "u", "2026-W07", "duplicate_week"),)
    assert same.panels[0].numerator[0, 0] == 1
    other = parse(HEAD + "A,g,s,u,2026-W07,1,20\nA,g,s,u,2026-W07,2,20\nA,g,s,u,2026-W08,2,20\n")
    assert other.refused == (NotAssessed("A", "s", "u", "2026-W07", "duplicate_week"),)
    assert np.isnan(other.panels[0].numerator[0, 0])


def test_a_gap_is_named() -> None:
    text = HEAD + "A,g,s,u,2026-W07,10,20\nA,g,s,u,2026-W10,10,20\n"
    named = {(entry.week, entry.reason) for entry in detect(parse(text)).not_assessed}
    assert {("2026-W08", "no_data"), ("2026-W09", "no_data")} <= named


def test_optional_columns_are_shares_or_persons_and_plans_have_two_forms() -> None:
    text = HEAD.strip() + ",eligible,presence,entitlement,milestone,plan\n"
    text += "A,g,s,u,2026-W07,10,20,24,0.75,24,live,80%@2026-W30\n"
    text += "A,g,s,u,2026-W08,10,20,,18,,Steering_changed,0.5\n"
    text += "A,g,s,u,2026-W09,10,20,,,,,1.5\n"
    series = parse(text)
    panel = series.panels[0]
    assert panel.eligible is not None
    assert panel.eligible.tolist() == [[24, 24, 24]]
    assert panel.presence is not None
    assert panel.presence[0, 0] == 0.75
    assert panel.entitlement is not None
    assert panel.entitlement.tolist() == [[1.0, 1.0, 1.0]]
    assert panel.target is not None
    assert panel.due is not None
    assert panel.target.tolist() == [[0.8, 0.5, 0.5]]
    assert panel.due.tolist() == [[23.0, 1.0, 1.0]]
    assert panel.rebase.tolist() == [[False, True, False]]
    assert series.refused == (NotAssessed("A", "s", "u", "2026-W09", "invalid_plan"),)


def test_a_go_live_after_measured_weeks_begins_a_stretch_of_its_own() -> None:
    text = HEAD.strip() + ",milestone\nA,g,s,u,2026-W07,1,20,\nA,g,s,u,2026-W08,1,20,live\n"
    panel = parse(text).panels[0]
    assert panel.units == ("A", "A")
    assert panel.live.tolist() == [0, 1]
    assert panel.until.tolist() == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_in_the_encoding_of_its_letters(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes((HEAD + "Förskolan Ängen,g,s,u,2026-W07,1,20\n").encode(encoding))
    series = load(path)
    assert series.panels[0].units == ("Förskolan Ängen",)
    assert series.encoding == ("cp1252" if encoding == "cp1252" else "")


def test_damaged_utf_8_is_said(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes((HEAD + "Förskolan Ängen Ö,g,s,u,2026-W07,1,20\n").encode() + b"\xe5,g,s,u,2026-W08,1,20\n")
    with pytest.raises(SeriesError, match=r"series.csv: not UTF-8 at byte"):
        load(path)


def test_a_workbook_is_a_series_too(tmp_path: Path) -> None:
    path = tmp_path / "series.xlsx"
    header: list[object] = [*HEAD.strip().title().split(","), "Presence"]
    rows: list[list[object]] = [["Not about it"], [], header]
    rows += [[unit, "g", "s", "u", datetime(2026, 2, 9), 15, 20, 0.85] for unit in "AB"]
    path.write_bytes(workbook(rows))
    panel = load(path).panels[0]
    assert (panel.units, panel.weeks, panel.numerator.tolist()) == (("A", "B"), ("2026-W07",), [[15.0], [15.0]])
    assert panel.presence is not None
    assert panel.presence[0, 0] == 0.85


def test_a_workbook_without_a_column_and_what_is_no_list_are_said(tmp_path: Path) -> None:
    path = tmp_path / "series.xlsx"
    path.write_bytes(workbook([["unit", "week"], ["A", "2026-W07"]]))
    with pytest.raises(SeriesError, match="the header: no column peer_group, system"):
        load(path)
    path.write_bytes(b"%PDF-1.4")
    with pytest.raises(InputError, match="a PDF document"):
        load(path)


def test_the_document_has_the_shape_of_the_command() -> None:
    document = detect(parse(HEAD + "A,g,s,u,2026-W07,10,20\n")).as_dict()
    assert set(document) == {"signals", "not_assessed", "parameters"}
    (entry,) = document["not_assessed"]
    assert entry == {"unit": "A", "system": "s", "indicator": "u", "week": "2026-W07", "reason": "too_few_peers"}
    assert json.loads(json.dumps(document)) == document
