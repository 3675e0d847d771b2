"""Teams and the signed webhook."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any

import httpx
import msgspec

from nytta.insight.alerts.delivery.channels import ChannelError, Channels
from nytta.insight.store.alerts import Outgoing

_MOST = 990  # characters that a card's text may have


async def teams(url: str, outgoing: Outgoing, channels: Channels) -> None:
    """Post a message as an Adaptive Card to the address of a Teams workflow."""
    # with a hundred other services: for whoever has Teams
    from apprise.plugins.workflows import NotifyWorkflows

    workflow: Any = NotifyWorkflows  # has no types
    understood = workflow.parse_native_url(url)
    if understood is None:
        raise ChannelError(
            "the contact's Teams address is not understood: copy the workflow's HTTP address from Teams",
            final=True,
        )
    service = workflow(**{**understood, "include_image": False})
    service.socket_connect_timeout = service.socket_read_timeout = channels.timeout
    card_body = card(outgoing, channels)
    # apprise writes the address, which is a secret, into its warnings: what went wrong stays a sentence of ours
    if not await asyncio.to_thread(service.notify, body=card_body, title=outgoing.message.subject):
        raise ChannelError(
            f"Teams took no card within {channels.timeout:g} s: check the contact's workflow"
        )


def card(outgoing: Outgoing, channels: Channels) -> str:
    """The text of a card, in Markdown, whole lines only."""
    message = outgoing.message
    blocks = [" ".join(message.paragraphs)]
    if message.suggestions:
        blocks.append(
            "\n".join(f"{number}. {text}" for number, text in enumerate(message.suggestions, 1))
        )
    blocks += [f"- {line}" for line in message.lines]
    if channels.address:
        label = message.buttons[0].label if message.buttons else "Nytta"
        blocks.append(f"[{label}]({channels.address.rstrip('/')}/alerts)")
    while len("\n\n".join(blocks)) > _MOST and len(blocks) > 1:
        blocks.pop(-2 if channels.address and len(blocks) > 2 else -1)
    return "\n\n".join(blocks)[:_MOST]


async def webhook(outgoing: Outgoing, channels: Channels) -> None:
    """POST a message as JSON. The receiver checks X-Nytta-Signature: sha256 of timestamp, a full stop and the body."""
    body = msgspec.json.encode(payload(outgoing))
    stamp = str(int(outgoing.decided.timestamp()))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": outgoing.id,
        "X-Nytta-Timestamp": stamp,
        "X-Nytta-Signature": f"sha256={signature(channels.webhook_secret, stamp, body)}",
    }
    try:
        async with httpx.AsyncClient(timeout=channels.timeout) as client:
            response = await client.post(channels.webhook, content=body, headers=headers)
    except httpx.TimeoutException as error:
        raise ChannelError(f"the webhook does not answer in {channels.timeout:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ChannelError(f"the webhook cannot be reached: {type(error).__name__}") from error
    if response.is_error:
        final = response.is_client_error and response.status_code not in (408, 425, 429)
        raise ChannelError(f"the webhook answers {response.status_code}", final=final)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA-256, in hex."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def payload(outgoing: Outgoing) -> dict[str, Any]:
    """What the webhook gets: the message and which alerts it speaks of; roles and units, no persons."""
    message = outgoing.message
    return {
        "id": outgoing.id,
        "decided": outgoing.decided.isoformat(),
        "role": outgoing.role,
        "unit": outgoing.unit,
        "system": outgoing.system,
        "language": message.language,
        "subject": message.subject,
        "text": message.text,
        "alerts": list(outgoing.alerts),
    }
