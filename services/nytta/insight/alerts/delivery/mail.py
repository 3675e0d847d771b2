"""A message as a mail: plain text, HTML with the chart inside, and headers by which a repeat is the same mail."""

from __future__ import annotations

from datetime import date
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import aiosmtplib
from jinja2 import Environment, StrictUndefined

from nytta.insight.alerts.delivery.channels import ChannelError, Channels, Smtp
from nytta.insight.store.alerts import Outgoing

_CHART = "chart@nytta"


def mail(outgoing: Outgoing, recipient: str, channels: Channels) -> EmailMessage:
    """The mail to one address. The same message gives the same Message-ID and Date whenever it is made."""
    message = outgoing.message
    mail_message = EmailMessage()
    mail_message["Subject"] = message.subject
    mail_message["From"] = Address("Nytta", addr_spec=channels.sender)
    mail_message["To"] = recipient
    domain = channels.sender.rpartition("@")[2]
    mail_message["Message-ID"] = f"<{outgoing.id}@{domain}>"
    mail_message["Date"] = format_datetime(outgoing.decided)
    mail_message["Auto-Submitted"] = "auto-generated"
    leave = f"<mailto:{channels.sender}?subject={quote(f'unsubscribe {outgoing.recipient}')}>"
    mail_message["List-Unsubscribe"] = leave
    mail_message["List-Id"] = f"<alerts.{domain}>"
    mail_message.set_content(message.text)
    mail_message.add_alternative(html(outgoing, channels, f"cid:{_CHART}"), subtype="html")
    if outgoing.chart:
        payload = mail_message.get_payload()
        assert isinstance(payload, list)
        page = payload[1]
        assert isinstance(page, EmailMessage)
        page.add_related(
            outgoing.chart,
            "image",
            "png",
            cid=f"<{_CHART}>",
            filename="chart.png",
            disposition="inline",
        )
    # last: parts that are added take such headers along
    mail_message["Content-Language"] = message.language
    return mail_message


def html(outgoing: Outgoing, channels: Channels, chart: str) -> str:
    """The HTML part; `chart` is the address of the picture. Buttons are links that show and change nothing."""
    first_alert = outgoing.alerts[0] if outgoing.alerts else ""
    page = (
        f"{channels.address.rstrip('/')}/alerts/{quote(first_alert, safe='')}"
        if channels.address
        else ""
    )
    html_text = _TEMPLATE.render(
        said=outgoing.message,
        chart=chart if outgoing.chart else "",
        chart_text=outgoing.chart_text,
        page=page,
    )
    # a line never begins with the sign
    return html_text.replace(" %", "\u00a0%")


async def send(smtp: Smtp, message: EmailMessage, timeout: float) -> None:
    """Hand a mail to the server. ChannelError with what the server said."""
    try:
        await aiosmtplib.send(
            message,
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.user or None,
            password=smtp.password or None,
            use_tls=smtp.tls,
            start_tls=smtp.starttls and not smtp.tls,
            timeout=timeout,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = sorted({reply.code for reply in error.recipients})
        final = all(500 <= code < 600 for code in codes)
        raise ChannelError(
            f"the mail server refuses the address ({codes}): check the contact", final=final
        ) from error
    except aiosmtplib.SMTPResponseException as error:
        raise ChannelError(
            f"the mail server says {error.code} {_short(error.message)}",
            final=500 <= error.code < 600,
        ) from error
    except aiosmtplib.SMTPTimeoutError as error:
        raise ChannelError(
            f"the mail server {smtp.host}:{smtp.port} does not answer in {timeout:g} s"
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise ChannelError(
            f"no mail server at {smtp.host}:{smtp.port}: {_short(str(error))}"
        ) from error


def keep(mailbox: Path, day: date, message: EmailMessage) -> None:
    """Write a mail into a folder as a file that mail programs open. The same mail gives the same file.

    ChannelError where it cannot be written.
    """
    name = str(message["Message-ID"]).strip("<>").partition("@")[0]
    try:
        mailbox.mkdir(parents=True, exist_ok=True)
        (mailbox / f"{day} {name[:8]}.eml").write_bytes(message.as_bytes(policy=SMTP))
    except OSError as error:
        raise ChannelError(f"no mail can be written into {mailbox}: {error.strerror}") from error


def _short(text: str) -> str:
    """One line without an address of a person in it."""
    words = ["…" if "@" in word else word for word in text.split()]
    return " ".join(words)[:200]


_TEMPLATE = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).from_string(
    resources.files("nytta.insight.alerts.delivery").joinpath("mail.html.j2").read_text("utf-8")
)
