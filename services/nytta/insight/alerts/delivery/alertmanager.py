"""Alertmanager as a sink: live alerts are posted again and again until they end, as its API v2 wants it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx

from nytta.insight.alerts.delivery.channels import ChannelError, Channels
from nytta.insight.alerts.kinds import role
from nytta.insight.alerts.model import Alert

KEEPS = timedelta(hours=3)
"""So long an alert stands without being posted again: three rounds may fail."""

_WORDS = {
    "level": "below comparable units",
    "relapse": "has fallen back",
    "behind_plan": "will probably miss its target",
    "ready_not_used": "ready but not used",
    "not_moved": "has not moved",
    "abandonment": "support rises while use falls",
    "training_need": "support rises with use",
    "benefit_off_course": "benefit off course",
    "decision_stuck": "decision not acknowledged",
    "not_anchored": "staff rollout started, managers not anchored",
    "outage": "outage",
    "stale_source": "source incomplete",
    "access": "access lacks",
    "common_cause": "many units fall at once",
    "reorganisation": "reorganised units",
    "many_behind_plan": "many units behind plan",
}


def posted(
    organisation: str, alert: Alert, current_time: datetime, address: str, *, ended: bool
) -> dict[str, Any]:
    """One alert as Alertmanager knows it; the labels are the same as long as it lives."""
    key = alert.key
    opened = datetime.combine(alert.opened or alert.since, time(), UTC)
    body: dict[str, Any] = {
        "labels": {
            "alertname": f"nytta_{alert.kind}",
            "organisation": organisation,
            "unit": key.unit,
            "system": key.system or "none",
            "family": key.family.value,
            "role": role(alert.kind).value,
            "episode": alert.since.isoformat(),
        },
        "annotations": {
            "summary": f"{key.unit}: {key.system} {_WORDS[alert.kind]}".replace(":  ", ": "),
            "state": alert.state.value,
        },
        "startsAt": min(opened, current_time).isoformat(),
        "endsAt": (current_time if ended else current_time + KEEPS).isoformat(),
    }
    if address:
        body["generatorURL"] = f"{address.rstrip('/')}/alerts"
    return body


async def post(alerts: Sequence[dict[str, Any]], channels: Channels) -> None:
    """Hand alerts over. ChannelError where Alertmanager does not take them."""
    if not alerts:
        return
    url = f"{channels.alertmanager.rstrip('/')}/api/v2/alerts"
    try:
        async with httpx.AsyncClient(timeout=channels.timeout) as client:
            response = await client.post(url, json=list(alerts))
    except httpx.TimeoutException as error:
        raise ChannelError(f"Alertmanager does not answer in {channels.timeout:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ChannelError(f"Alertmanager cannot be reached: {type(error).__name__}") from error
    if response.is_error:
        raise ChannelError(f"Alertmanager answers {response.status_code}: {response.text[:160]}")
