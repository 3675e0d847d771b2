import gzip
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nytta.ingest.files import xes
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream, opened
from nytta.ingest.files.rows import Row
from nytta.ingest.files.xes import XesReader

Write = Callable[..., Path]


def rows(content: str | bytes) -> list[Row]:
    data = content if isinstance(content, bytes) else content.encode()
    found = list(XesReader(Stream(io.BytesIO(data), "log.xes", len(data))))
    assert all(isinstance(row, dict) for row in found)
    return found  # type: ignore[return-value]


def log(body: str, head: str = "") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0">{head}{body}</log>'


def refused(content: str | bytes, match: str) -> None:
    with pytest.raises(InputError, match=match) as told:
        rows(content)
    assert told.value.file == "log.xes"
    assert told.value.position.startswith("line ")


def test_an_event_has_its_attributes_and_those_of_its_trace() -> None:
    body = """
      <trace>
        <string key="concept:name" value="case 1"/>
        <date key="start" value="2011-10-11T13:42:22.688+02:00"/>
        <event>
          <string key="concept:name" value="receive"/><int key="n" value="3"/><boolean key="b" value="true"/>
        </event>
        <event><string value="send" key="concept:name"/></event>
      </trace>
      <trace><string key="concept:name" value="case 2"/><event><float key="f" value="1.5"/></event></trace>"""
    case = {"case:concept:name": "case 1", "case:start": "2011-10-11T13:42:22.688+02:00"}
    assert rows(log(body)) == [
        case | {"concept:name": "receive", "n": "3", "b": "true"},
        case | {"concept:name": "send"},
        {"case:concept:name": "case 2", "f": "1.5"},
    ]


def test_what_the_log_says_of_itself_is_not_data() -> None:
    head = """
      <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
      <global scope="trace"><string key="concept:name" value="UNKNOWN"/></global>
      <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
      <classifier name="Activity" keys="concept:name"/>
      <string key="meta" value="outer"><int key="inner" value="1"/></string>"""
    assert rows(log('<trace><event><int key="n" value="1"/></event></trace>', head)) == [{"n": "1"}]


def test_traces_without_events_and_attributes_yield_nothing() -> None:
    assert rows(log('<trace/><trace><string key="a" value="b"/></trace><trace><event/></trace>')) == [{}]
    assert rows(log("")) == []


def test_the_attributes_of_a_trace_do_not_reach_the_next() -> None:
    body = '<trace><string key="a" value="b"/><event/></trace><trace><event/></trace>'
    assert rows(log(body)) == [{"case:a": "b"}, {}]


def test_nested_attributes_are_found_by_their_path() -> None:
    body = """
      <trace>
        <string key="person" value="p">
          <string key="office" value="o"><int key="floor" value="2"/></string>
        </string>
        <event>
          <string key="cost" value="1"><string key="currency" value="EUR"/></string>
          <list key="parts">
            <values><string key="part" value="x"/><string key="part" value="y"/></values>
          </list>
          <string key="after" value="z"/>
        </event>
      </trace>"""
    assert rows(log(body)) == [
        {
            "case:person": "p",
            "case:person/office": "o",
            "case:person/office/floor": "2",
            "cost": "1",
            "cost/currency": "EUR",
            "parts/part": "x",
            "after": "z",
        }
    ]


def test_a_log_with_a_namespace_a_prefix_a_byte_order_mark_and_comments_is_read() -> None:
    body = '<x:trace><x:event><x:string key="a" value="b"/><!-- no --></x:event></x:trace>'
    content = f'<?xml version="1.0"?><!-- c --><x:log xmlns:x="http://www.xes-standard.org/">{body}</x:log>'
    assert rows(b"\xef\xbb\xbf" + content.encode()) == [{"a": "b"}]


def test_events_may_stand_outside_traces() -> None:
    assert rows(log('<event><string key="a" value="b"/></event><event/>')) == [{"a": "b"}, {}]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_counts(encoding: str) -> None:
    body = '<trace><event><string key="å" value="Ærø"/></event></trace>'
    content = f'<?xml version="1.0" encoding="{encoding}"?><log>{body}</log>'
    assert rows(content.encode(encoding)) == [{"å": "Ærø"}]


def test_texts_are_kept_as_they_are() -> None:
    body = '<string key="k" value="EMPTY"/><string key="e" value=""/><string key="n" value="&#10; &amp; "/>'
    assert rows(log(f"<event>{body}</event>")) == [{"k": "EMPTY", "e": "", "n": "\n & "}]


_KEY = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: "\ufffe" not in text and "\uffff" not in text
)


@given(st.lists(st.dictionaries(_KEY, _KEY, max_size=4), max_size=4))
def test_every_text_survives_the_escapes_of_xml(events: list[dict[str, str]]) -> None:
    body = "".join(
        "<event>" + "".join(f"<string key={quoteattr(k)} value={quoteattr(v)}/>" for k, v in event.items()) + "</event>"
        for event in events
    )
    assert rows(log(f"<trace>{body}</trace>")) == events


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE log>",
        '<!DOCTYPE log SYSTEM "http://example.org/x.dtd">',
        '<!DOCTYPE log [<!ENTITY a "b">]>',
        '<!DOCTYPE log [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE log [<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]>',
    ],
)
def test_a_document_type_is_refused(declaration: str) -> None:
    refused(f'<?xml version="1.0"?>\n{declaration}\n<log/>', "line 2: the file declares a document type")


def test_an_entity_is_refused() -> None:
    refused(log('<event><string key="a" value="&b;"/></event>'), "line 2: the file uses an entity")


def test_a_log_that_is_cut_off_is_refused_after_its_whole_events() -> None:
    event = '<event><string key="a" value="b"/></event>'
    whole = log(f"<trace>{event}\n{event}</trace>")
    for length in range(60, len(whole) - 1):
        refused(whole[:length], "the file ends in the middle of the log")
    refused("", "line 1: the file is empty")


def test_other_files_are_refused() -> None:
    refused("number,state\n1,New\n", "no XML; name a table mapping")
    refused("<html><body/></html>", "outermost element is 'html', not 'log'")
    refused(log("<trace></event>"), "line 2: the XML is malformed")


@pytest.mark.parametrize(
    ("declared", "text"),
    [("", b"\xe5"), ('encoding="UTF-8"', b"\xff"), ('encoding="x-no"', b"a"), ('encoding="shift_jis"', b"a")],
)
def test_a_wrong_encoding_is_told(declared: str, text: bytes) -> None:
    content = (
        f'<?xml version="1.0" {declared}?>\n<log><event><string key="a" value="'.encode() + text + b'"/></event></log>'
    )
    refused(content, "the bytes are not")


def test_a_trace_attribute_after_an_event_is_refused() -> None:
    refused(
        log('<trace><event/>\n<string key="a" value="b"/></trace>'),
        "line 3: an attribute of a trace stands after",
    )


def test_deep_nesting_is_refused() -> None:
    refused(log("<event>" + '<string key="a" value="b">' * 100), "nested more than 64 deep")


class Endless(io.RawIOBase):
    """A file that would go on for a gigabyte and more."""

    def __init__(self, beginning: bytes, more: bytes) -> None:
        super().__init__()
        self._beginning = beginning
        self._more = more
        self._began = False

    def read(self, size: int = -1) -> bytes:
        piece = self._more if self._began else self._beginning
        self._began = True
        return piece

    def seek(self, offset: int, whence: int = 0) -> int:
        self._began = False
        return 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (b"x" * (1 << 16), "an element here is longer than 1 MiB"),
        (
            b'"/>' + b'<string key="a" value="b"/>' * 2500 + b'<string key="a" value="',
            "an event here is longer than 1 MiB",
        ),
    ],
    ids=["attribute", "event"],
)
def test_an_element_or_event_without_end_is_refused_with_flat_memory(
    more: bytes, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xes, "BOUND", 1 << 20)
    beginning = b'<log><trace><event><string key="a" value="'
    stream = Endless(beginning, more)
    reader = XesReader(Stream(stream, "log.xes", 0))  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=message):
            list(reader)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_memory_does_not_grow_with_the_log(write: Write) -> None:
    event = '<event><string key="concept:name" value="step"/><string key="who" value="person {}"/></event>'
    trace = '<trace><string key="concept:name" value="case {}"/>' + event * 20 + "</trace>"

    def peak(traces: int) -> int:
        with io.BytesIO() as packed:
            with gzip.open(packed, "wt", encoding="utf-8") as file:
                file.write('<?xml version="1.0"?><log>')
                for number in range(traces):
                    file.write(trace.replace("{}", str(number)))
                file.write("</log>")
            path = write(packed.getvalue(), f"{traces}.xes.gz")
        tracemalloc.start()
        try:
            with opened(path) as stream:
                assert sum(1 for _ in XesReader(stream)) == 20 * traces
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    small, large = peak(100), peak(1_000)
    assert large < small * 1.5 + (1 << 20)
