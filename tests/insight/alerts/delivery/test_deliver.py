"""Every way out against a server that is really there, or really not."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from nytta.insight.alerts.delivery.channels import Channels, ChannelSettingError, Smtp, smtp_of
from nytta.insight.alerts.delivery.deliver import ATTEMPTS, FIRST_WAIT, deliver
from nytta.insight.alerts.delivery.hooks import card, signature
from nytta.insight.alerts.delivery.mail import mail
from nytta.insight.alerts.model import State
from nytta.insight.store.alerts import AlertStore, Changes, Outgoing
from tests.insight.alerts.delivery.conftest import DAY, NOW, Receiver, alert, outgoing, registry

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
Put = Callable[..., None]


@dataclass
class Mailbox:
    """An SMTP server; `refuse` is what it answers to a recipient, '' to take the mail."""

    port: int = 0
    refuse: str = ""
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: list[str]) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        found = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 OK"


@pytest.fixture
def mailbox(free_port: int) -> Iterator[Mailbox]:
    box = Mailbox(free_port)
    controller = Controller(box, hostname="127.0.0.1", port=free_port)
    controller.start()
    yield box
    controller.stop()


def to(port: int) -> Channels:
    return Channels(smtp=Smtp("127.0.0.1", port, starttls=False), sender="nytta@town.example", timeout=0.5)


def test_a_digest_arrives_with_text_page_chart_and_headers(book: AlertStore, waiting: Put, mailbox: Mailbox) -> None:
    waiting(outgoing(chart=PIXEL))
    done = deliver(book, registry(), to(mailbox.port), NOW)
    assert (done.sent, done.problems) == (1, [])
    (found,) = mailbox.mails
    assert found["To"] == "ada@town.example"
    assert found["Subject"] == "Omsorg: Arken används mindre än väntat sedan vecka 8"
    assert found["Message-ID"] == "<m1@town.example>"
    assert found["List-Unsubscribe"].startswith("<mailto:nytta@town.example")
    assert found["Content-Language"] == "sv"
    plain, page = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "Ungefär 40 %" in plain.get_content()
    assert "Omsorg &lt;b&gt;" in page.get_content()
    assert 'src="cid:chart@nytta"' in page.get_content()
    picture = next(part for part in found.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<chart@nytta>"
    assert picture.get_content() == PIXEL


def test_a_message_is_sent_once(book: AlertStore, waiting: Put, mailbox: Mailbox) -> None:
    waiting(outgoing())
    for minutes in range(3):
        deliver(book, registry(), to(mailbox.port), NOW + timedelta(minutes=minutes))
    waiting(outgoing())
    deliver(book, registry(), to(mailbox.port), NOW + timedelta(hours=1))
    assert len(mailbox.mails) == 1


def test_a_refused_address_is_named_and_not_tried_again(book: AlertStore, waiting: Put, mailbox: Mailbox) -> None:
    mailbox.refuse = "550 no such mailbox"
    waiting(outgoing())
    (problem,) = deliver(book, registry(), to(mailbox.port), NOW).problems
    assert (problem.channel, problem.state) == ("mail", "dead")
    assert "550" in problem.error
    assert "ada" not in problem.error
    mailbox.refuse = ""
    assert deliver(book, registry(), to(mailbox.port), NOW + timedelta(days=1)).sent == 0


def test_a_busy_server_is_tried_again_ever_later_and_then_given_up(
    book: AlertStore, waiting: Put, mailbox: Mailbox
) -> None:
    mailbox.refuse = "450 try later"
    waiting(outgoing())
    now, waits = NOW, []
    for attempt in range(1, ATTEMPTS + 1):
        (problem,) = deliver(book, registry(), to(mailbox.port), now).problems
        assert problem.attempts == attempt
        assert deliver(book, registry(), to(mailbox.port), problem.next_at - timedelta(seconds=1)).problems == []
        waits.append(problem.next_at - now)
        now = problem.next_at
    assert problem.state == "dead"
    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert max(waits) == timedelta(hours=12)


def test_what_failed_goes_out_when_the_server_is_back(book: AlertStore, waiting: Put, mailbox: Mailbox) -> None:
    mailbox.refuse = "450 try later"
    waiting(outgoing())
    deliver(book, registry(), to(mailbox.port), NOW)
    mailbox.refuse = ""
    assert deliver(book, registry(), to(mailbox.port), NOW + FIRST_WAIT).sent == 1
    assert mailbox.mails[0]["Message-ID"] == "<m1@town.example>"


def test_no_server_and_a_server_that_says_nothing_are_told_apart(
    book: AlertStore, waiting: Put, closed_port: int, silent: int
) -> None:
    waiting(outgoing("m1"), outgoing("m2"))
    first = deliver(book, registry(), to(closed_port), NOW).problems
    assert {p.error.split(":")[0] for p in first} == {"no mail server at 127.0.0.1"}
    second = deliver(book, registry(), to(silent), NOW + FIRST_WAIT).problems
    assert all("does not answer in 0.5 s" in p.error for p in second)


def test_without_a_mail_server_and_without_an_address_it_is_said(book: AlertStore, waiting: Put) -> None:
    waiting(outgoing("m1"), outgoing("m2", unit="town", role="programme_lead"))
    errors = {p.message: p.error for p in deliver(book, registry(), Channels(), NOW).problems}
    assert "NYTTA_SMTP" in errors["m1"]
    assert "organisation.yaml" in errors["m2"]


def test_a_folder_takes_the_mails_of_a_demonstration_once(book: AlertStore, waiting: Put, tmp_path: Path) -> None:
    waiting(outgoing("m1"))
    channels = Channels(mailbox=tmp_path / "mails")
    assert deliver(book, registry(), channels, NOW).sent == 1
    assert deliver(book, registry(), channels, NOW + FIRST_WAIT).sent == 0
    (file,) = (tmp_path / "mails").iterdir()
    kept = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert kept["Message-ID"] == "<m1@localhost>"
    assert kept["To"] == "ada@town.example"
    (tmp_path / "taken").write_text("no folder")
    waiting(outgoing("m2"))
    (problem,) = deliver(book, registry(), Channels(mailbox=tmp_path / "taken"), NOW).problems
    assert "no mail can be written" in problem.error


def test_a_teams_address_that_times_out_or_is_none_of_teams_is_named(
    book: AlertStore, waiting: Put, silent: int
) -> None:
    channels = Channels(timeout=0.5)
    waiting(outgoing("m1", unit="school"))
    slow = registry(f"https://127.0.0.1:{silent}/workflows/abc/triggers/manual/paths/invoke?sig=def&verify=no")
    (problem,) = deliver(book, slow, channels, NOW).problems
    assert (problem.channel, problem.state) == ("teams", "failed")
    assert "took no card within 0.5 s" in problem.error
    (problem,) = deliver(book, registry("https://elsewhere.example/x"), channels, NOW + timedelta(days=1)).problems
    assert (problem.state, "not understood" in problem.error) == ("dead", True)


def test_a_card_holds_the_message_in_the_length_that_teams_takes() -> None:
    text = card(outgoing(), Channels(address="https://nytta.town.example"))
    assert "Ungefär 40 %" in text
    assert "[Jag tar det](https://nytta.town.example/alerts)" in text
    said = dataclasses.replace(outgoing().message, lines=tuple(["x" * 300] * 9))
    long = card(msgspec.structs.replace(outgoing(), message=said), Channels(address="https://nytta.town.example"))
    assert 600 < len(long) <= 1000
    assert long.endswith("(https://nytta.town.example/alerts)")


def test_the_webhook_gets_what_it_can_check(book: AlertStore, waiting: Put, receiver: Receiver) -> None:
    channels = Channels(webhook=receiver.url + "/in", webhook_secret="shared")
    receiver.answers = [503, 200]
    waiting(outgoing(unit="town", role="programme_lead"))
    (problem,) = deliver(book, registry(), channels, NOW).problems
    assert problem.error == "the webhook answers 503"
    assert deliver(book, registry(), channels, NOW + FIRST_WAIT).sent == 1
    (path, headers, body), (_, again, same) = receiver.got
    assert (path, body, headers["Idempotency-Key"]) == ("/in", same, again["Idempotency-Key"])
    stamp = headers["X-Nytta-Timestamp"]
    assert headers["X-Nytta-Signature"] == f"sha256={signature('shared', stamp, body)}"
    assert signature("other", stamp, body) != signature("shared", stamp, body)
    sent = msgspec.json.decode(body)
    assert (sent["unit"], sent["role"], sent["alerts"]) == ("town", "programme_lead", ["care/arken/use/2026-02-16"])


def test_a_webhook_that_forbids_is_dead(book: AlertStore, waiting: Put, receiver: Receiver, closed_port: int) -> None:
    receiver.answers = [403]
    waiting(outgoing(unit="town", role="programme_lead"))
    (problem,) = deliver(book, registry(), Channels(webhook=receiver.url, webhook_secret="x"), NOW).problems
    assert (problem.state, problem.error) == ("dead", "the webhook answers 403")
    waiting(outgoing("m2", unit="town", role="programme_lead"))
    nobody = Channels(webhook=f"http://127.0.0.1:{closed_port}", webhook_secret="x")
    (problem,) = deliver(book, registry(), nobody, NOW).problems
    assert (problem.state, "cannot be reached" in problem.error) == ("failed", True)


def test_the_same_decision_is_the_same_mail() -> None:
    one, two = (mail(outgoing(chart=PIXEL), "ada@town.example", to(1)) for _ in range(2))
    assert (one["Message-ID"], one["Date"]) == (two["Message-ID"], two["Date"])


def test_a_manager_of_alerts_that_is_down_is_seen(book: AlertStore, closed_port: int) -> None:
    book.commit("town", Changes(alerts=[alert()]), NOW)
    (problem,) = deliver(book, registry(), Channels(alertmanager=f"http://127.0.0.1:{closed_port}"), NOW).problems
    assert (problem.channel, problem.state) == ("alertmanager", "failed")
    assert book.deliveries()["", "alertmanager"].state == "failed"


def test_live_alerts_are_posted_again_and_again_and_ended_ones_once(book: AlertStore, receiver: Receiver) -> None:
    channels = Channels(alertmanager=receiver.url)
    book.commit("town", Changes(alerts=[alert()]), NOW)
    for hours in (0, 1):
        deliver(book, registry(), channels, NOW + timedelta(hours=hours))
    ended = alert(state=State.INVALID, closed=DAY, invalid="other")
    book.commit("town", Changes(alerts=[ended]), NOW + timedelta(hours=2))
    for hours in (2, 3):
        deliver(book, registry(), channels, NOW + timedelta(hours=hours))
    posts = [msgspec.json.decode(body)[0] for path, _, body in receiver.got if path == "/api/v2/alerts"]
    assert len(posts) == 3
    assert [p["endsAt"][11:16] for p in posts] == ["09:35", "10:35", "08:35"]
    assert len({str(p["labels"]) for p in posts}) == 1


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("", None),
        ("smtp://mail", Smtp("mail", 587)),
        ("smtp://mail:25?starttls=no", Smtp("mail", 25, starttls=False)),
        ("smtps://a%40b:p%3Aw@mail", Smtp("mail", 465, "a@b", "p:w", tls=True)),
    ],
)
def test_a_mail_server_is_one_address(text: str, server: Smtp | None) -> None:
    assert smtp_of(text) == server


def test_what_is_no_mail_server_is_said() -> None:
    with pytest.raises(ChannelSettingError, match="smtp://user:password@host:587"):
        smtp_of("mail.town.example:25")


def test_outbox_and_book_come_back_as_they_were_written(book: AlertStore) -> None:
    message: Outgoing = outgoing(chart=PIXEL)
    book.commit("town", Changes(alerts=[alert()], messages=[message], heard=DAY), NOW)
    assert book.messages() == [message]
    held = book.book("town", DAY)
    assert (list(held.alerts.values()), held.heard) == ([alert()], DAY)
    book.commit("town", Changes(dropped=[alert()]), NOW)
    assert book.book("town", DAY).alerts == {}
