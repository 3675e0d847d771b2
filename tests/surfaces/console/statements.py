"""Pages read as data: every sentence of a page beside the tables and tiles that it stands with."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from html.parser import HTMLParser
from typing import Final

import httpx

from nytta.surfaces.console.words import words
from tests.surfaces.wording import uninflected, unused

_SENTENCES: Final = {"p", "li", "figcaption"}
_SILENT: Final = {"script", "style", "svg", "nav", "head", "header", "footer", "form", "button"}
_NUMBER: Final = re.compile(r"\d[\d\u00a0\u202f]*(?:[.,]\d+)*")
_DATES: Final = re.compile(
    r"(?:weeks?|veckor|vecka|uker|uke|w|v|u)[\s\u00a0]?\d{1,2}(?:–\d{1,2})?(?:,?[\s\u00a0]\d{4})?"
    r"|\d{4}[-\u2011]\d\d[-\u2011]\d\d|\d{4}[\s\u00a0][vwu]\d\d|\d{1,2}\.\d{1,2}\.\d{4}"
    r"|\d{1,2}\.?[\s\u00a0][A-Za-zåäöæø]{3,9}\.?[\s\u00a0]\d{4}"
    r"|[A-Za-zåäöæø]{3,9}[\s\u00a0]\d{4}(?![-\u2011])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of a page: its caption, the heads of its columns, its cells as text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader of a page reads: its heading, sentences, tables, and tiles by name."""

    heading: str
    sentences: tuple[str, ...]
    tables: tuple[PageTable, ...]
    tiles: Mapping[str, str]

    def numbers(self) -> set[str]:
        """Every number that a table or tile holds, and the counts of rows and of equal cells."""
        texts = [cell for table in self.tables for row in table.rows for cell in row]
        texts += [table.caption for table in self.tables] + [head for table in self.tables for head in table.columns]
        texts += self.tiles.values()
        counts: set[int] = set()
        for table in self.tables:
            counts.add(len(table.rows))
            for column in zip(*table.rows, strict=False):
                counts |= {*Counter(column).values()}
        return {number for text in texts for number in numbers_of(text)} | {str(count) for count in counts}


@dataclass(slots=True)
class _Reader(HTMLParser):
    sentences: list[str] = field(default_factory=list)
    tables: list[PageTable] = field(default_factory=list)
    tiles: dict[str, str] = field(default_factory=dict)
    heading: str = ""

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self._path: list[str] = []
        self._texts: list[list[str]] = []
        self._table: defaultdict[str, list[str]] = defaultdict(list)
        self._rows: list[tuple[str, ...]] = []
        self._name = self._figure = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("br", "input", "meta", "link", "img", "hr", "path", "circle", "option"):
            return
        self._path.append(tag)
        self._texts.append([])

    def handle_data(self, data: str) -> None:
        if self._texts and not _SILENT & {*self._path}:
            self._texts[-1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._path:
            return
        while self._path:
            closed, text = self._path.pop(), " ".join("".join(self._texts.pop()).split(" ")).strip()
            text = re.sub(r"[ \t\n]+", " ", text)
            self._close(closed, text)
            if closed == tag:
                return

    def _close(self, tag: str, text: str) -> None:
        if tag == "h1":
            self.heading = text
        elif tag in _SENTENCES:
            if text and "table" not in self._path:
                self.sentences.append(text)
        elif tag in ("th", "td"):
            self._table["thead" if "thead" in self._path else "row"].append(text)
        elif tag == "caption":
            self._table["caption"].append(text)
        elif tag == "tr" and self._table["row"]:
            self._rows.append(tuple(self._table.pop("row")))
        elif tag == "table":
            caption = " ".join(self._table["caption"])
            self.tables.append(PageTable(caption, tuple(self._table["thead"]), tuple(self._rows)))
            self._table.clear()
            self._rows = []
        elif tag == "dt":
            self._name = text
        elif tag == "dd":
            self.tiles[self._name] = f"{text} {self._figure}".strip()
            self._figure = ""
        elif tag == "span" and "dd" in self._path and not self._figure:
            self._figure = text
        elif self._texts:
            self._texts[-1].append(text)


def read(html: str) -> Page:
    """The page of an HTML text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(reader.heading, tuple(reader.sentences), tuple(reader.tables), reader.tiles)


def plain_text(html: str) -> str:
    """The text that a page shows, without its drawings, each element apart."""
    shown = re.sub(r"<(svg|style|script|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"[ \t\n]+", " ", unescape(re.sub(r"<[^>]*>", " | ", shown)))


def numbers_of(text: str) -> list[str]:
    """The numbers of a text without its dates and weeks, thousands joined."""
    plain = _DATES.sub(" ", text)
    return [re.sub(r"[\u00a0\u202f]|,(?=\d{3}\b)", "", number) for number in _NUMBER.findall(plain)]


@cache
def templates(language: str) -> dict[str, re.Pattern[str]]:
    """A pattern for every sentence that the console knows, with a group for each thing that it is filled with."""
    patterns: dict[str, re.Pattern[str]] = {}
    for key, texts in words().items():
        parts = re.split(r"\{(\w+)\}", texts[language])
        seen: set[str] = set()
        pattern = ""
        for place, part in enumerate(parts):
            if place % 2 == 0:
                pattern += re.escape(part)
            else:
                pattern += f"(?P={part})" if part in seen else f"(?P<{part}>.+?)"
                seen.add(part)
        patterns[key] = re.compile(pattern)
    return patterns


_COUNTED_UNITS: Final = ("sum_units", "sum_units_one", "sum_units_alone", "sum_units_alone_one")
"""Sentences that count units, by key."""
_NOT_FIGURES: Final = ("window_note", "week_note", "channels_note", *_COUNTED_UNITS)
"""Sentences whose numbers are no figures of a table: widths of windows, and counts that `miscounted` holds."""


def unsupported(
    page: Page, language: str, more: Sequence[Page] = (), names: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """Sentences with a number that neither the page's tables and tiles nor those of `more` hold, and the number.

    Numbers within the `names` of units say nothing.
    """
    named = re.compile("|".join(sorted(map(re.escape, names), key=len, reverse=True)) or r"(?!)")
    known = page.numbers().union(constants_of(language), *(other.numbers() for other in more))
    patterns = [templates(language)[key] for key in _NOT_FIGURES]
    for sentence in page.sentences:
        if any(pattern.match(sentence) for pattern in patterns):
            continue
        for number in numbers_of(named.sub(" ", sentence)):
            if number not in known:
                yield sentence, number


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that a page states of a place: in which sentence or table, of which matter."""

    place: str
    matter: str
    figure: str
    where: str


def facts_of(page: Page, language: str, place_names: Sequence[str], indicator_titles: Sequence[str]) -> list[Fact]:
    """What a page says of indicators of places in the last window: in maps, tables of a unit, trends and sentences."""
    word = {key: texts[language] for key, texts in words().items()}
    named, titled = {*place_names}, {*indicator_titles}
    furthest = tuple(word[f"col_{column}"] for column in ("unit", "indicator", "figure"))
    facts = []
    for table in page.tables:
        for row in table.rows:
            # a group is marked behind its name
            place = row[0].removesuffix(f" {word['group']}")
            cells = zip(table.columns[1:], row[1:], strict=False)
            if table.columns[:3] == furthest and place in named:
                facts.append(Fact(place, row[1], _bare(row[2]), table.caption))
            elif table.columns[0] == word["col_unit"] and place in named:
                facts += [Fact(place, head, _bare(cell), "map") for head, cell in cells if head in titled]
            elif table.columns[0] == word["col_indicator"] and row[0] in titled and page.heading in named:
                facts.append(Fact(page.heading, row[0], _bare(row[1]), "table"))
    one_title = f"(?P<indicator>{'|'.join(map(re.escape, indicator_titles))})"
    finding = re.compile(templates(language)["finding_now"].pattern.replace("(?P<indicator>.+?)", one_title))
    for sentence in page.sentences:
        found = finding.match(sentence)
        if found and found["unit"] in named:
            facts.append(Fact(found["unit"], found["indicator"], _bare(found["figure"]), sentence))
    return facts


def _bare(cell: str) -> str:
    """The figure of a cell or sentence without its sign for rounding; of a map, what it reads aloud."""
    aloud = re.search(r"\((.+)\)$", cell)
    numbers = numbers_of(aloud[1] if aloud else cell)
    return numbers[0] if numbers else ""


def contradictions(facts: Sequence[Fact]) -> Iterator[Fact]:
    """Facts of sentences that no map or table beside them says of the same matter of the same place."""
    shown: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in facts:
        if fact.where in ("map", "table"):
            shown[fact.place, fact.matter].add(fact.figure)
    for fact in facts:
        beside = shown.get((fact.place, fact.matter), set()) - {""}
        if beside and fact.figure and fact.figure not in beside:
            yield fact


def miscounted(page: Page, language: str) -> Iterator[str]:
    """Summaries whose counts are not those of the tables and tiles beside them."""
    word = {key: texts[language] for key, texts in words().items()}
    patterns = templates(language)
    maps = [table for table in page.tables if table.columns[-1:] == (word["col_alert"],)]
    matrices = [table for table in page.tables if table.caption == word["matrix_caption"]]
    single = {row[0] for table in maps for row in table.rows if not row[0].endswith(f" {word['group']}")}
    for sentence in page.sentences:
        for key in _COUNTED_UNITS:
            if (
                (found := patterns[key].match(sentence))
                and maps
                and int(found["n"] if "n" in found.groupdict() else 1) != (len(single - {page.heading}))
            ):
                yield sentence
        if found := patterns["exploited_some"].search(sentence):
            counts = {
                (sum(word["cell_digital_not_exploited"] in cell for cell in row[1:]), _filled(row[1:]))
                for table in matrices
                for row in table.rows
                if row[0] == page.heading
            }
            if counts and (int(found["n"]), int(found["all"])) not in counts:
                yield sentence
        for key in ("sum_alerts", "sum_alerts_one"):
            if found := patterns[key].match(sentence):
                # what is noted beside a tile's figure is read before it
                *_, count = numbers_of(page.tiles[word["tile_alerts"]])
                if count != found["n"]:
                    yield sentence


def _filled(cells: Sequence[str]) -> int:
    return sum(cell != "–" for cell in cells)


@cache
def constants_of(language: str) -> set[str]:
    """Numbers that stand in the console's own words: bounds and rules, not figures."""
    return {number for texts in words().values() for number in numbers_of(re.sub(r"\{\w+\}", " ", texts[language]))}


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk through the pages of a console found: how many pages and facts, and what is wrong with them."""

    pages: int
    facts: int
    wrong: tuple[str, ...]


def walk(visit: httpx.Client, language: str, indicator_titles: Sequence[str]) -> Walk:
    """Read every page of figures that the visitor reaches from the overviews; say what no table supports."""
    pages = facts = 0
    wrong: list[str] = []
    home = visit.get("/").text
    for start in ("/", *dict.fromkeys(re.findall(r'"(/\?organisation=[^"]+)"', home))):
        overview = visit.get(start).text
        benefits = visit.get("/benefits" + start[1:])
        addresses = dict.fromkeys(re.findall(r'href="(/(?:units|indicators)/[^"]+)"', overview))
        texts = {start: overview} | {address: visit.get(unescape(address)).text for address in addresses}
        read_pages = {address: read(text) for address, text in texts.items()}
        place_names = [page.heading for address, page in read_pages.items() if not address.startswith("/indicators")]
        behind = [read(benefits.text)] if benefits.status_code == 200 else []
        for address, text in texts.items():
            plain = plain_text(text)
            worded = unused(plain) + uninflected(plain, language)
            wrong += [f"{address}: “{words_found}” is not what people say" for words_found in worded]
        for address, page in read_pages.items():
            alerts = dict.fromkeys(re.findall(r'href="(/alerts/[^"#]+)"', texts[address]))
            # what an alert says rests on its own page, what a decision does on the programme's
            more = [*behind, read_pages[start], *(read(visit.get(alert).text) for alert in alerts)]
            stated = facts_of(page, language, place_names, indicator_titles)
            pages, facts = pages + 1, facts + len(stated)
            wrong += [
                f"{address}: {number} of “{text}”" for text, number in unsupported(page, language, more, place_names)
            ]
            wrong += [f"{address}: {fact} contradicts" for fact in contradictions(stated)]
            wrong += [f"{address}: “{text}” is counted otherwise" for text in miscounted(page, language)]
        for page in behind:
            wrong += [
                f"benefits: {number} of “{text}”" for text, number in unsupported(page, language, (), place_names)
            ]
    return Walk(pages, facts, tuple(wrong))
