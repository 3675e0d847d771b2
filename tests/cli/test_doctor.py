"""The doctor finds what stands in the way, says what to do, and changes nothing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections import namedtuple
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import orjson
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from typer.testing import CliRunner

from nytta.cli import commands, doctor, load
from nytta.cli.doctor import Finding, examine
from nytta.ingest.keys import load_or_make
from nytta.service.settings import Settings
from nytta.storage import permissions
from tests.organisations import SMALL_COUNTY
from tests.surfaces.authentication.provider import Answer, Provider, provided

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test."""
    for name in list(os.environ):
        if name.startswith("NYTTA_"):
            monkeypatch.delenv(name)


def of(found: list[Finding], what: str) -> Finding:
    """The worst that was found of one thing."""
    return max((f for f in found if f.what == what), key=lambda f: ("good", "watch", "bad").index(f.state))


def test_an_empty_place_is_in_order_and_stays_empty(tmp_path: Path) -> None:
    found = examine(tmp_path / "data", None)
    assert not [f for f in found if f.state == "bad"]
    assert all(f.mend for f in found if f.state != "good")
    assert not (tmp_path / "data").exists()


def test_wrong_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NYTTA_SMPT", "smtp://mail")
    assert "NYTTA_SMPT" in of(examine(tmp_path, None), "settings").found
    monkeypatch.setenv("NYTTA_MEMORY", "much")
    (wrong,) = examine(tmp_path, None)
    assert (wrong.state, wrong.found[:13]) == ("bad", "NYTTA_MEMORY:")


def test_a_registry_with_problems_and_one_without_approval(tmp_path: Path) -> None:
    for name, content in SMALL_COUNTY.items():
        (tmp_path / name).write_bytes(content)
    assert of(examine(tmp_path / "data", tmp_path), "registry").state == "good"
    text = SMALL_COUNTY["organisation.yaml"].decode()
    (tmp_path / "organisation.yaml").write_text(text.split("approvals:")[0])
    assert "no approval: county" in of(examine(tmp_path / "data", tmp_path), "registry").found
    (tmp_path / "organisation.yaml").write_text("organisations: 7\n")
    assert of(examine(tmp_path / "data", tmp_path), "registry").state == "bad"


def test_a_store_without_its_key_and_a_key_for_everybody(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    keys = doctor._keys(Settings(data=tmp_path))
    assert "with another one persons count twice" in next(keys).mend
    load_or_make(tmp_path / "key.json")
    (tmp_path / "key.json").chmod(0o644)
    found = next(doctor._keys(Settings(data=tmp_path)))
    assert (found.state, found.mend) == ("bad", f"chmod 600 {tmp_path / 'key.json'}")


def test_files_that_others_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, secrets = tmp_path / "data", tmp_path / "secrets"
    permissions.make_folder(data / "reads" / "parts")
    permissions.make_folder(secrets)
    monkeypatch.setenv("NYTTA_KEY_FILE", str(secrets / "key.json"))
    monkeypatch.setenv("NYTTA_KAFKA_CERTIFICATE", str(secrets / "client.pem"))
    load_or_make(secrets / "key.json")
    for name in ("client.pem", "key.json.lock"):
        permissions.create(secrets / name).close()
    assert of(examine(data, None), "files").found == "6 files and folders are their owner's alone"
    for path in (data / "reads" / "parts", secrets / "client.pem", secrets / "key.json.lock"):
        path.chmod(0o755 if path.is_dir() else 0o640)
    found = of(examine(data, None), "files")
    assert (found.state, found.found.split(":")[0]) == ("bad", "3 of 6 files and folders can be read by others")
    assert found.mend.startswith(f"chmod -R go= {data} {secrets / 'key.json'} ")
    subprocess.run(found.mend, shell=True, check=True)
    assert of(examine(data, None), "files").state == "good"


def test_a_broker_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("NYTTA_KAFKA", f"127.0.0.1:{free.getsockname()[1]}")
    found = [f for f in examine(tmp_path, None) if f.what == "broker"]
    assert "name a ClickHouse server" in found[0].mend
    assert (found[-1].state, "start Kafka" in found[-1].found) == ("bad", True)


class _Sink(Message):
    def handle_message(self, message: object) -> None:
        raise AssertionError("the doctor sends nothing")


@pytest.fixture
def mail_server() -> Iterator[int]:
    port = _free_port()
    controller = Controller(_Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_mail_server_is_greeted_and_one_that_is_away_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mail_server: int
) -> None:
    monkeypatch.setenv("NYTTA_SMTP", f"smtp://127.0.0.1:{mail_server}?starttls=no")
    assert of(examine(tmp_path, None), "mail").state == "good"
    monkeypatch.setenv("NYTTA_SMTP", f"smtp://127.0.0.1:{mail_server}")  # offers no TLS
    assert of(examine(tmp_path, None), "mail").state == "bad"
    monkeypatch.setenv("NYTTA_SMTP", f"smtp://user:secret@127.0.0.1:{_free_port()}?starttls=no")
    away = of(examine(tmp_path, None), "mail")
    assert (away.state, "secret" in away.found) == ("bad", False)


def test_a_clock_beside_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(BaseHTTPRequestHandler):
        said = "Mon, 02 Mar 2026 08:00:00 GMT"

        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", self.said)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Clock)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        monkeypatch.setenv("NYTTA_GRAFANA", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setattr(doctor, "_now", lambda: 1772438400.0)  # the same moment
        assert of(examine(tmp_path, None), "clock").state == "good"
        monkeypatch.setattr(doctor, "_now", lambda: 1772438410.0)
        assert "Grafana is -10 s off" in of(examine(tmp_path, None), "clock").found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("free", "state"), [(50, "good"), (10, "watch"), (4, "bad")])
def test_a_disk_that_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 << 30, 0, free << 30))
    assert of(examine(tmp_path, None), "disk").state == state


def test_the_command_ends_with_one_where_something_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("doctor")
    run = CliRunner()
    done = run.invoke(commands, ["doctor", "--data", str(tmp_path / "data"), "--json"])
    assert done.exit_code == 0
    assert {row["what"] for row in orjson.loads(done.stdout)} >= {
        "settings",
        "keys",
        "store",
        "broker",
        "clock",
        "disk",
    }
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 << 30, 0, 1 << 30))
    done = run.invoke(commands, ["doctor", "--data", str(tmp_path / "data")])
    assert done.exit_code == 1
    assert "NyttaDiskFills" in done.stderr


def _with_provider(monkeypatch: pytest.MonkeyPatch, issuer: str, **more: str) -> None:
    settings = {
        "NYTTA_OIDC_ISSUER": issuer,
        "NYTTA_OIDC_CLIENT": "nytta",
        "NYTTA_OIDC_SECRET": "hidden",
        "NYTTA_OIDC_DOMAINS": "town.example",
        "NYTTA_ADDRESS": "https://nytta.town.example",
    } | more
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def test_what_signs_people_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "one-time links" in of(examine(tmp_path, None), "sign-in").found
    monkeypatch.setenv("NYTTA_PROXY_HEADER", "X-Email")
    assert "NYTTA_PROXIES" in of(examine(tmp_path, None), "sign-in").found
    monkeypatch.setenv("NYTTA_PROXIES", "10.0.0.1")
    assert "a proxy names" in of(examine(tmp_path, None), "sign-in").found
    with provided(Provider()) as provider:
        _with_provider(monkeypatch, provider.issuer)
        assert "keep one of them" in of(examine(tmp_path, None), "sign-in").found


def test_a_provider_is_looked_at_as_a_sign_in_would_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with provided(Provider()) as provider:
        _with_provider(monkeypatch, provider.issuer)
        found = of(examine(tmp_path, None), "sign-in")
        assert (found.state, found.mend) == ("good", "")
        assert "https://nytta.town.example/sign-in/callback" in found.found
        provider.description = {"code_challenge_methods_supported": ["plain"]}
        assert "PKCE" in of(examine(tmp_path, None), "sign-in").mend
        provider.description = {"issuer": "https://login.town.example"}
        assert "another issuer" in of(examine(tmp_path, None), "sign-in").found
        provider.description = {}
        provider.answers["/keys"] = Answer(200, b'{"keys": []}')
        assert "publishes no key" in of(examine(tmp_path, None), "sign-in").found
        document = orjson.dumps(provider.describe())
        day = {"Date": "Sun, 29 Nov 2020 08:00:00 GMT", "Content-Type": "application/json"}
        provider.answers = {"/.well-known/openid-configuration": Answer(200, document, day)}
        late = of(examine(tmp_path, None), "sign-in")
        assert (late.state, "clock is -" in late.found) == ("bad", True)
    away = of(examine(tmp_path, None), "sign-in")
    assert (away.state, "nytta link" in away.mend, "hidden" in away.found) == ("bad", True, False)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NYTTA_OIDC_ISSUER", "https://login.microsoftonline.com/common/v2.0", "name your own tenant"),
        ("NYTTA_OIDC_ISSUER", "http://idp.town.example", "begins with https"),
        ("NYTTA_ADDRESS", "http://nytta.town.example", "must begin with https"),
        ("NYTTA_ADDRESS", "", "needs NYTTA_ADDRESS"),
        ("NYTTA_OIDC_SECRET", "", "needs NYTTA_OIDC_SECRET"),
        ("NYTTA_OIDC_DOMAINS", "town", "names domains"),
    ],
)
def test_settings_of_a_provider_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    _with_provider(monkeypatch, "https://idp.town.example", **{name: value})
    found = of(examine(tmp_path, None), "sign-in")
    assert (found.state, says in found.found) == ("bad", True), found
