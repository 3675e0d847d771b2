"""Reports: the same bytes from the same statement, every word in three languages, a PDF that can be searched."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
import yaml
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from nytta.insight.benefits.statement import (
    Ahead,
    Benefit,
    BreakEven,
    Change,
    Compared,
    Decided,
    Definition,
    Peer,
    Plan,
    Point,
    Pool,
    Statement,
    decode,
    encode,
)
from nytta.registry.units import LANGUAGES, Names
from nytta.surfaces import reports
from nytta.surfaces.reports import charts, figures, html, pdf
from nytta.surfaces.reports.compose import document
from nytta.surfaces.reports.document import Break, Chart, Document, Heading, Items, Table, Text, Tiles
from nytta.surfaces.reports.rows import as_csv, rows
from nytta.surfaces.reports.sheets import sheets
from nytta.surfaces.workbooks import workbook

WEEK = date(2026, 6, 1)
SAID = datetime(2026, 6, 8, 4, 0, tzinfo=UTC)
WORDS = yaml.safe_load((Path(reports.__file__).parent / "words.yaml").read_text("utf-8"))


def names(text: str) -> Names:
    return Names(f"{text} sv", f"{text} nb", f"{text} en")


def benefit(number: int, word: str = "at_risk", **more: object) -> Benefit:
    plain = {
        "id": f"b{number}",
        "plan": Plan(
            names=names(f"Benefit {number}"),
            unit=f"u{number}",
            system="s",
            kind="redistribution",
            unit_of_measure="minutes per case",
            measure="minutes per case",
            owner="Anna",
            baseline=60_000,
            target=44_500,
            due=date(2026, 9, 7),
            adoption="intended-use",
        ),
        "unit_names": names(f"Unit {number}"),
        "system_names": names("System"),
        "case_type_names": names("Permit"),
        "place": f"u{number}",
        "known_since": WEEK,
        "points": (Point(date(2026, 5, 4), WEEK, 52_000, 516),),
        "realised": 516,
        "ahead": Ahead(610, 480, 740, 1, False),
        "word": word,
        "week": WEEK,
        "account": "redistribution",
        "freed": 81_000,
        "amount": 3_240_000,
    }
    return Benefit(**(plain | more))  # type: ignore[arg-type]


def pool(number: int) -> Pool:
    return Pool(
        place=f"u{number}",
        names=names(f"Unit {number}"),
        system="s",
        case_type="c",
        case_type_names=names("Permit"),
        benefits=(f"b{number}",),
        share=30,
        share_target=80,
        cases=610,
        promised=160_000,
        freed=61_000,
        use_missing=100_000,
        effect_missing=3_000,
        hourly_cost=40_000,
        hourly_cost_source="pay of 2025",
        amount_missing=4_120_000,
    )


def statement(count: int = 3) -> Statement:
    told = [benefit(n) for n in range(count)]
    told[0] = benefit(0, "on_track", changes=(Change(WEEK, "target", "40000", "44500"),), flags=("baseline_short",))
    if count > 2:
        told[2] = benefit(2, "not_achieved", lacks=("owner",), why_no_money="minutes_unconfirmed")
    return Statement(
        organisation="town",
        names=names("Town"),
        week=WEEK,
        currency="SEK",
        country="SE",
        benefits=tuple(told),
        pools=tuple(pool(n) for n in range(count)),
        decisions=(
            Decided(
                id="d", names=names("Decision"), level="board", decided=date(2026, 1, 5), due=None, units=11,
                acknowledged=3, executed=1, reversed=None, weeks=21, word="stuck",
            ),
        ),
        break_even=(
            BreakEven(
                system="s", names=names("System"), share=25, now=62, parallel=60_000_000,
                course=tuple((date(2026, 1, 5) + timedelta(weeks=n), 40 + n) for n in range(22)),
            ),
        ),
        compared=tuple(
            Compared(
                indicator="intended-use", version=1, system="s", level=level, centre=80.0,
                points=(
                    Peer("town", "town", names("Town"), 84.0, 100, "inside"),
                    Peer("elsewhere", "elsewhere", names("Elsewhere"), 23.0, 30, "far_below"),
                ),
                limits=((15, 55.0, 97.0), (100, 71.0, 88.0)),
            )
            for level in ("*", "office", "#3")
        ),
        definitions={"intended-use": Definition(1, names("Intended use"), names("How much?"))},
        spent={"s": 120_000_000},
        systems={"s": names("System")},
    )  # fmt: skip


def said(language: str, count: int = 3) -> Document:
    return document(statement(count), SAID, language, "s", font=pdf.FONT)


def text_of(found: Document) -> str:
    """All text of a document, no-break spaces as spaces."""
    parts = [found.title, found.subtitle, found.foot]
    for block in found.blocks:
        match block:
            case Text():
                parts.append(block.text)
            case Tiles():
                parts += [each for tile in block.tiles for each in tile]
            case Table():
                parts += [cell for row in block.rows for cell in row]
            case Items():
                parts += block.items
    return "\n".join(parts).replace("\u00a0", " ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_statement_kept_as_json_gives_the_same_bytes(language: str) -> None:
    again = document(decode(encode(statement())), SAID, language, "s", font=pdf.FONT)
    assert pdf.pdf(again) == pdf.pdf(said(language))
    assert html.html(again) == html.html(said(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pdf_is_small_and_its_text_is_found(language: str) -> None:
    body = pdf.pdf(said(language, 60))
    assert len(body) < 1_000_000
    read = PdfReader(io.BytesIO(body))
    text = " ".join(page.extract_text() for page in read.pages).replace("\u00a0", " ")
    text = re.sub(r"\s+", " ", text)
    for wanted in (f"Town {language}", f"Unit 59 {language}", "1,200,000" if language == "en" else "1 200 000"):
        assert wanted in text
    assert read.metadata is not None
    assert read.metadata.title is not None


def test_the_first_two_pages_hold_the_decision_however_many_benefits() -> None:
    read = PdfReader(io.BytesIO(pdf.pdf(said("en", 60))))
    texts = [page.extract_text() for page in read.pages]
    assert "To decide" in texts[1]
    assert texts[2].strip().startswith("Appendix")


def test_the_lead_counts_by_word() -> None:
    text = text_of(said("en"))
    assert "Achieved or on track: 1 of 3 benefits. At risk or partly achieved: 1. Off track or not achieved: 1" in text
    assert "310 hours a year (SEK 120,000) are not realised yet." in text  # 3 · 103 h, 3 · 41,200
    assert "The decision “Decision en” is stuck: 3 of 11 units have received it and 1 have executed it" in text
    assert "target: 40 → 44.5" in text
    assert "baseline on fewer than 13 weeks" in text


def test_peers_are_told_level_by_level_and_where_they_lie() -> None:
    told = said("en")
    headings = [b.text for b in told.blocks if isinstance(b, Heading)]
    start = headings.index("Compared with peers")
    assert headings[start + 1 : start + 4] == [
        f"Intended use en, System en: {level}" for level in ("whole organisations", "office", "level 3")
    ]
    assert text_of(told).count("1 of 2 differ by more than chance gives: Elsewhere en.") == 3
    assert "Elsewhere en\n23%\n≥ 30\nclearly below" in text_of(told)
    funnels = [b.svg for b in told.blocks if isinstance(b, Chart) and "Elsewhere en" in b.svg]
    assert len(funnels) == 3
    assert all("Town en" in svg and "centre 80%" in svg for svg in funnels)


def test_the_break_even_is_a_line_through_the_digital_share() -> None:
    told = said("en")
    assert "SEK 600,000 a year. The digital way pays when at least 25% take it; now 62%." in text_of(told)
    (drawn,) = [b.svg for b in told.blocks if isinstance(b, Chart) and "pays from" in b.svg]
    assert "digital share" in drawn
    assert "stroke-dasharray" in drawn
    share_at_zero, line = (float(y) for y in re.findall(r'y1="([\d.]+)" y2="\1"', drawn)[:2])
    assert share_at_zero > line  # 25 % lies above 0 %
    bare = statement()
    bare = decode(encode(bare).replace(b'"course":[', b'"gone":['))
    assert not [
        b for b in document(bare, SAID, "en", "s", font=pdf.FONT).blocks if isinstance(b, Chart) and "pays" in b.svg
    ]


def test_figures_follow_the_language() -> None:
    assert figures.money(123_456_700, "SEK", "sv") == "1\u00a0200\u00a0000\u00a0kr"
    assert figures.money(123_456_700, "NOK", "en") == "NOK\u00a01,200,000"
    assert figures.money(123_456_700, "EUR", "nb") == "1\u00a0200\u00a0000\u00a0EUR"
    assert figures.decimal(1_044_500, "sv") == "1\u00a0044,5"
    assert figures.decimal(-500, "en") == "−0.5"
    assert figures.day(date(2026, 3, 9), "nb") == "9.3.2026"
    assert figures.hours(None, "en") == "–"
    assert figures.hours(61_500, "en") == "62"


@pytest.mark.parametrize("key", sorted(WORDS))
def test_every_sentence_is_there_in_each_language_with_the_same_gaps(key: str) -> None:
    assert set(WORDS[key]) == set(LANGUAGES)
    gaps = {language: {g for _, g, _, _ in Formatter().parse(text) if g} for language, text in WORDS[key].items()}
    assert gaps["sv"] == gaps["nb"] == gaps["en"]


def test_every_word_of_the_composer_is_known() -> None:
    source = "".join(p.read_text("utf-8") for p in Path(reports.__file__).parent.glob("*.py"))
    for key in re.findall(r'(?:self\.)?say\("([a-z_]+)"', source):
        assert key in WORDS


class _Parser(HTMLParser):
    open_tags: list[str]
    VOID = ("meta", "line", "rect", "circle", "polyline", "path")

    def __init__(self) -> None:
        super().__init__()
        self.open_tags = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open_tags.pop() == tag


def test_html_is_whole_and_escapes_names() -> None:
    nasty = statement()
    nasty = decode(encode(nasty).replace(b"Unit 1 en", b"<script>x</script>"))
    page = html.html(document(nasty, SAID, "en", "s", font=html.FONT))
    assert "<script>" not in page
    parser = _Parser()
    parser.feed(page)
    assert parser.open_tags == []
    assert '<html lang="en">' in page


def test_csv_has_a_row_per_benefit() -> None:
    read = list(csv.DictReader(io.StringIO(as_csv(rows(statement(), "nb", "s")))))
    assert [r["benefit"] for r in read] == ["b0", "b1", "b2"]
    assert read[1]["name"] == "Benefit 1 nb"
    assert (read[1]["realised"], read[1]["baseline"], read[1]["unrealised_hours"]) == ("51.6", "60.0", "103.0")
    assert read[2]["lacks"] == "owner"
    assert as_csv([]) == ""
    assert rows(statement(), "nb", "another") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workbook_has_the_register_and_each_table_of_the_appendix(language: str) -> None:
    told_in = document(statement(), SAID, language, "s", font=html.FONT)
    tables = sheets(rows(statement(), language, "s"), told_in)
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook(tables, language, made_at=SAID)))
    register = book.get_sheet_by_name(WORDS["register"][language]).to_python()
    titles = [WORDS[f"column_{name}"][language] for name in rows(statement(), language, "s")[0]]
    assert register[0] == titles
    assert len(set(titles)) == len(titles)
    second = dict(zip(titles, register[2], strict=True))
    assert second[WORDS["column_name"][language]] == f"Benefit 1 {language}"
    assert second[WORDS["column_realised"][language]] == 0.516
    assert second[WORDS["column_due"][language]] == date(2026, 9, 7)
    assert second[WORDS["column_unrealised_hours"][language]] == 103
    assert told_in.foot in str(register[-1][0])
    appendix = told_in.blocks[max(n for n, block in enumerate(told_in.blocks) if isinstance(block, Break)) :]
    of_appendix = [block for block in appendix if isinstance(block, Table)]
    in_book = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    for table in of_appendix[1:]:  # the first is the register
        titled = [title for title in table.columns if title]
        alike = [lines for lines in in_book if [title for title in lines[0] if title] == titled]
        firsts = [[line[0] for line in lines[1 : len(table.rows) + 1]] for lines in alike]
        assert [row[0] for row in table.rows] in firsts


def test_an_organisation_without_benefits_has_a_report() -> None:
    bare = Statement(organisation="t", names=names("T"), week=WEEK, currency="SEK", country="SE")
    assert "No benefits are registered." in text_of(document(bare, SAID, "en", font=pdf.FONT))
    assert pdf.pdf(document(bare, SAID, "en", font=pdf.FONT)).startswith(b"%PDF")


@pytest.mark.parametrize("line", [50.0, 52.0, 48.0])
def test_names_of_two_lines_that_end_together_do_not_cover_each_other(line: float) -> None:
    weeks = [(WEEK - timedelta(weeks=1), 40.0), (WEEK, 50.0)]
    words = ("Share", "Pays")
    svg = charts.course(weeks, break_even=line, legend_words=words, labels=("w1", "w2"), font="serif", language="en")
    heights = {word: float(y) for y, word in re.findall(r'y="([\d.]+)" [^>]*>(Share|Pays)<', svg)}
    assert abs(heights["Share"] - heights["Pays"]) >= 15
