"""Who gets in, over real sockets: forged headers, foreign hosts and origins, bodies before sign-in, slow peers."""

from __future__ import annotations

import gzip
import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from nytta.surfaces.authentication.proxy import SECRET_HEADER, Proxy
from nytta.surfaces.console.context import Console
from tests.support.processes import HTTP
from tests.surfaces.console.test_forms import upload
from tests.surfaces.console.world import HEADER, NOW, ROLES, SECRET, World, served

ADMINISTRATOR = {HEADER: ROLES["administrator"]}


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    place = urlsplit(address)
    with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30) as line:
        yield line


def head(address: str, method: str, path: str, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(address).netloc}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status(line: socket.socket) -> int:
    return int(line.recv(4096).split(b" ", 2)[1])


@pytest.fixture
def behind(seen: World) -> Iterator[str]:
    """A console whose proxy is another machine: no process of this one is it."""
    console = seen.console()
    console.proxy = Proxy(HEADER, ("10.1.2.3",))
    with served(console) as address:
        yield address


@pytest.mark.parametrize(
    "forwarded",
    [
        {},
        {"X-Forwarded-For": "10.1.2.3"},
        {"X-Forwarded-For": "foo"},
        {"X-Forwarded-For": "10.1.2.3, 10.1.2.3"},
        {"X-Real-IP": "10.1.2.3", "X-Forwarded-Host": "10.1.2.3"},
        {"Forwarded": "for=10.1.2.3;host=nytta.example;proto=https"},
        {"X-Nytta-Proxy-Secret": SECRET},
    ],
)
@pytest.mark.parametrize("path", ["/", "/import", "/access-log", "/api/v1/overview", "/api/v1/access-log"])
def test_no_process_of_this_machine_is_a_proxy_of_another(behind: str, forwarded: dict[str, str], path: str) -> None:
    assert HTTP.get(f"{behind}{path}", headers=ADMINISTRATOR | forwarded).status_code == 401


@pytest.mark.parametrize("shown", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "wrong" * 8}, {SECRET_HEADER: SECRET[:-1]}])
def test_a_proxy_of_this_machine_shows_its_secret(seen: World, shown: dict[str, str]) -> None:
    answer = HTTP.get(f"{seen.address()}/import", headers=ADMINISTRATOR | shown)
    assert answer.status_code == 401
    assert seen.visit("administrator").get("/import").status_code == 200


@pytest.mark.parametrize("value", ["foo", "192.0.2.1, foo", "192.0.2.1:443", ",", "192.0.2.1\t192.0.2.2", "::gg"])
def test_a_malformed_forwarded_address_signs_nobody_in(seen: World, value: str) -> None:
    headers = ADMINISTRATOR | {SECRET_HEADER: SECRET, "X-Forwarded-For": value}
    assert HTTP.get(f"{seen.address()}/import", headers=headers).status_code == 401


def test_ordinary_proxies_of_this_machine_sign_people_in(seen: World) -> None:
    headers = ADMINISTRATOR | {SECRET_HEADER: SECRET, "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    assert HTTP.get(f"{seen.address()}/import", headers=headers).status_code == 200
    twice = [*headers.items(), ("X-Forwarded-For", "192.0.2.2")]
    assert HTTP.get(f"{seen.address()}/import", headers=twice).status_code == 401
    named_twice = [*headers.items(), (HEADER, ROLES["lead"])]
    assert HTTP.get(f"{seen.address()}/import", headers=named_twice).status_code == 401


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1", 200),
        ("localhost:1", 200),
        ("[::1]:8650", 200),
        ("nytta.town.example", 200),
        ("NYTTA.town.example", 200),
        ("evil.example", 421),
        ("nytta.town.example.evil.example", 421),
        ("nytta.town.example:99", 421),
        ("[", 421),
        ("127.0.0.1:8650, evil.example", 421),
        ("evil.example@127.0.0.1:8650", 421),
        ("127.0.0.1/evil.example", 421),
    ],
)
def test_only_the_consoles_own_names_lead_to_it(seen: World, host: str, code: int) -> None:
    console = seen.console(address="https://nytta.town.example")
    with served(console) as address:
        answer = HTTP.get(f"{address}/static/mark.svg", headers={"Host": host})
        assert answer.status_code == code
        assert "evil" not in answer.text


def test_no_redirect_names_a_host(seen: World) -> None:
    visit = seen.visit("manager")
    for path in ("/", "/units/u00/", "/language/sv?to=/units/u00", "//evil.example/", "/alerts/"):
        answer = visit.get(path)
        assert not urlsplit(answer.headers.get("location", "")).netloc


@pytest.mark.parametrize("origin", ["null", "", "https://evil.example", "http://127.0.0.1:1", "file://"])
def test_a_form_names_the_page_that_it_stood_on(seen: World, origin: str) -> None:
    visit = seen.visit("administrator")
    answer = visit.post("/operations", data={"form": seen.token(visit)}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "came from another site" in answer.text


@pytest.mark.parametrize("path", ["/", "/units/u00", "/benefits", "/alerts", "/api/v1/alerts", "/language/sv", "/nix"])
def test_too_many_fields_of_a_query_are_a_bad_request(seen: World, path: str) -> None:
    query = "&".join(f"f{n}={n}" for n in range(41))
    assert seen.visit("administrator").get(f"{path}?{query}").status_code == 400


@pytest.mark.parametrize("path", ["/import", "/operations", "/alerts/x", "/seats", "/sign-out", "/import/x"])
def test_nobody_is_listened_to_before_it_is_known_who_asks(seen: World, path: str) -> None:
    """The body is announced and never comes: the answer does not wait for it, and the connection ends soon after."""
    address = seen.address()
    with connected(address) as line:
        begun = time.monotonic()
        form = ("Content-Type: multipart/form-data; boundary=b", f"Content-Length: {400 << 20}")
        line.sendall(head(address, "POST", path, *form))
        assert status(line) == 401
        assert time.monotonic() - begun < 2
        while line.recv(65536):
            pass
        assert time.monotonic() - begun < 10


def test_a_form_that_does_not_come_is_not_waited_for(seen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nytta.surfaces.console.context.FORM_SECONDS", 0.5)
    address = seen.address()
    signed = (f"{HEADER}: {ROLES['administrator']}", f"{SECRET_HEADER}: {SECRET}")
    with connected(address) as line:
        form = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 1000")
        line.sendall(head(address, "POST", "/operations", *signed, *form) + b"form=")
        assert status(line) == 408


@pytest.mark.parametrize("cookies", [{}, {"nytta_form": "made up"}])
def test_what_somebody_signed_out_sends_is_read_within_narrow_bounds(seen: World, cookies: dict[str, str]) -> None:
    address = seen.address()
    shown = "; ".join(f"{name}={value}" for name, value in cookies.items())
    with connected(address) as line:
        begun = time.monotonic()
        form = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 1000", f"Cookie: {shown}")
        line.sendall(head(address, "POST", "/seats", *form) + b"seat=")
        assert status(line) == 401
        assert time.monotonic() - begun < 6


def test_slow_peers_do_not_keep_others_out(seen: World) -> None:
    """More connections than there is room for, all of which say nothing or half a head, or trickle a body.

    Fewer whole heads than places: where every place is being answered at once, the next one hears 503 rightly.
    """
    console = seen.console()
    with ExitStack() as stack:
        address = stack.enter_context(served(console, connections=40))
        for number in range(90):
            line = stack.enter_context(connected(address))
            if number % 3:
                line.sendall(
                    head(address, "POST", "/import", "Content-Length: 1000000")[: 30 if number % 3 == 1 else None]
                )
        begun = time.monotonic()
        assert seen.visit("administrator", console=console, address=address).get("/help").status_code == 200
        assert time.monotonic() - begun < 5


@pytest.mark.slow
def test_a_small_file_that_unpacks_to_a_huge_one_keeps_no_page_waiting(own: World) -> None:
    visit = own.visit("administrator")
    place = upload(visit, "bomb.xes.gz", gzip.compress(b"<log>" + bytes(300 << 20))).headers["location"]
    bomb = upload(visit, "bomb.csv.gz", gzip.compress(b'a,b\n"' + b"x" * (300 << 20))).headers["location"]
    for at in (place, bomb):
        for mapping in ("wabo-receipt", "draft"):
            begun = time.monotonic()
            page = visit.get(f"{at}?mapping={mapping}")
            assert page.status_code == 200
            assert time.monotonic() - begun < 30


def test_somebody_who_leaves_is_no_fault(seen: World, caplog: pytest.LogCaptureFixture) -> None:
    address = seen.address()
    signed = (f"{HEADER}: {ROLES['administrator']}", f"{SECRET_HEADER}: {SECRET}")
    with caplog.at_level(logging.WARNING):
        for path, sent in (("/operations", b"form="), ("/import", b"--b\r\n"), ("/import", b"")):
            with connected(address) as line:
                kind = (
                    "application/x-www-form-urlencoded" if path == "/operations" else "multipart/form-data; boundary=b"
                )
                form = (f"Content-Type: {kind}", "Content-Length: 100000")
                line.sendall(head(address, "POST", path, *signed, *form) + sent)
        with connected(address) as line:
            line.sendall(head(address, "GET", "/", *signed))
        assert seen.visit("administrator").get("/help").status_code == 200
    assert not caplog.records


def test_a_link_is_opened_on_this_machine_alone(seen: World) -> None:
    console: Console = seen.console(proxy=False)
    browser = seen.browser(console)
    assert browser.get(f"/sign-in/{console.links.issue(NOW)}").status_code == 303
    api = browser.get("/api/v1/overview")
    assert api.status_code == 200, json.dumps(api.json())
    assert re.search("<html", browser.get("/help").text)
