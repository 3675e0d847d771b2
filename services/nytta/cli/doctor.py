"""What stands in the way of a sound installation: one look at each part, and what to do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from nytta import Mendable
from nytta import service as nytta
from nytta.cli.accounts import client_of
from nytta.ingest.keys import load_or_make
from nytta.ingest.pull.declared import read as declared_sources
from nytta.insight.alerts.delivery.channels import Channels
from nytta.registry import declarations
from nytta.service import command_client
from nytta.service.brokers import cluster_of
from nytta.service.keeping import private_places
from nytta.service.pulls import ask_of, mapping_of, secret_of
from nytta.service.settings import Settings, unknown_variables
from nytta.storage import client, migrate, permissions
from nytta.surfaces.authentication.oidc.provider import Description, Provider
from nytta.surfaces.authentication.oidc.refusal import Refusal
from nytta.surfaces.authentication.proxy import Proxy, refuse_open_house

State = Literal["good", "watch", "bad"]
FREE_WATCH, FREE_BAD = 0.15, 0.05
SKEW: Final = 5.0
"""Seconds by which clocks may differ."""
_SECONDS: Final = 5.0
_LOOKED_AT: Final = 500_000
"""Files and folders that are looked at: some ten seconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `mend` says what to do, '' where nothing is to be done."""

    what: str
    state: State
    found: str
    mend: str = ""


def examine(data_folder: Path | None, registry_folder: Path | None) -> list[Finding]:
    """Everything in turn. Nothing is changed, and what is out of order keeps nothing else from being looked at."""
    try:
        settings = Settings() if data_folder is None else Settings(data=data_folder)
    except ValidationError as error:
        return [_wrong_setting(detail["loc"], detail["msg"]) for detail in error.errors()]
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "settings": _settings,
        "registry": lambda: _registry(settings, registry_folder),
        "keys": lambda: _keys(settings),
        "files": lambda: _files(settings),
        "store": lambda: _store(settings),
        "broker": lambda: _broker(settings),
        "mail": lambda: _ways_out(settings),
        "sign-in": lambda: _sign_in(settings),
        "sources": lambda: _sources(registry_folder or settings.registry),
        "clock": lambda: _clock(settings),
        "disk": lambda: _disk(settings),
    }
    return [finding for subject, look in looks.items() for finding in _guarded(subject, look)]


def _wrong_setting(place: tuple[int | str, ...], problem: str) -> Finding:
    variable = ".".join(map(str, place)).upper()
    return Finding("settings", "bad", f"NYTTA_{variable}: {problem}", "correct the variable")


def _guarded(subject: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    # a part that is out of order is a finding, and the rest is looked at all the same
    except (Mendable, OSError) as error:
        yield Finding(subject, "bad", str(error), "see the sentence before")


def _settings() -> Iterator[Finding]:
    unknown = unknown_variables(os.environ)
    if unknown:
        yield Finding(
            "settings",
            "watch",
            f"nobody reads {', '.join(unknown)}",
            "correct the name; README has every setting",
        )
    else:
        yield Finding("settings", "good", "every variable is one that is read")


def _registry(settings: Settings, named: Path | None) -> Iterator[Finding]:
    folder = named or settings.registry
    if folder is None:
        yield Finding(
            "registry", "watch", "none is named: units come from logs alone", "set NYTTA_REGISTRY"
        )
        return
    read_registry = nytta.read_registry(
        folder, nytta.read_definitions(declarations.schemas() / "indicators")
    )
    assert read_registry is not None
    approved = {approval.organisation for approval in read_registry.approvals}
    unapproved = (
        []
        if "" in approved
        else sorted({organisation.id for organisation in read_registry.organisations} - approved)
    )
    summary = (
        f"{len(read_registry.units)} units of {len(read_registry.organisations)} organisations"
    )
    if unapproved:
        remedy = "add approvals in organisation.yaml: without one no figure is computed"
        yield Finding(
            "registry", "watch", f"{summary}; no approval: {', '.join(unapproved)}", remedy
        )
    else:
        yield Finding("registry", "good", summary)


def _sources(folder: Path | None) -> Iterator[Finding]:
    """Whether each declared source can be asked, with which rights, and whether its clock is ours."""
    for declared in declared_sources(folder):
        subject = f"source {declared.id}"
        # a source that ended is not asked: its system may be gone, and its secret too
        if not declared.runs(datetime.now(UTC).date()):
            yield Finding(subject, "good", f"ended on {declared.ended_on}")
            continue
        try:
            mapping_of(declared, folder)
            if not declared.is_asked:
                secret_of(declared)
                yield Finding(
                    subject,
                    "good",
                    f"sends to /hooks/{declared.id}, signed as {declared.signed} signs",
                )
                continue
            with contextlib.closing(ask_of(declared)) as asking:
                findings = declared.source().probe(asking, datetime.now(UTC))
        except Mendable as error:
            yield Finding(
                subject,
                "bad",
                str(error),
                "see the sentence before; nytta pull --probe looks again",
            )
            continue
        closed = [finding.what for finding in findings.found if not finding.fine]
        if closed:
            remedy = "ask for the right, or live with what nytta pull --probe calls dark"
            yield Finding(subject, "watch", f"cannot read {', '.join(closed)}", remedy)
        if findings.clock is not None and abs(findings.clock) > SKEW:
            yield Finding(
                subject,
                "watch",
                f"its clock is {findings.clock:+.0f} seconds from ours",
                "set one of them right",
            )
        if not closed:
            yield Finding(subject, "good", f"{declared.kind} at {declared.address} answers")


def _keys(settings: Settings) -> Iterator[Finding]:
    key_path = settings.key_place
    if not key_path.exists():
        if (settings.data / "store").exists():
            # a new key would give every person a second pseudonym, and nothing could join the two again
            remedy = "put the key file of this store there before anything else: with another one persons count twice"
            yield Finding("keys", "bad", f"{key_path} is missing, and there is a store", remedy)
        else:
            yield Finding("keys", "good", f"{key_path} is made on first use")
        return
    load_or_make(key_path)
    if permissions.exposure([key_path]).count:
        mode = stat.S_IMODE(key_path.stat().st_mode)
        yield Finding(
            "keys", "bad", f"{key_path} can be read by others ({mode:o})", f"chmod 600 {key_path}"
        )
    else:
        yield Finding("keys", "good", f"{key_path}: back it up apart from the data")


def _files(settings: Settings) -> Iterator[Finding]:
    """Whether the data folder, all that is in it, and secrets elsewhere are their owner's alone."""
    paths = private_places(settings)
    if settings.kafka_certificate:
        paths.append(settings.kafka_certificate)
    exposure = permissions.exposure(paths, _LOOKED_AT)
    if not exposure.seen:
        yield Finding("files", "good", f"{settings.data} is made on first use")
        return
    if exposure.foreign:
        yield Finding(
            "files",
            "watch",
            f"{exposure.foreign} of {exposure.seen} files and folders belong to another user than the one who asks",
            "give every command as the user who runs the service; what others own of it, chown to that user",
        )
    if exposure.count:
        yield Finding(
            "files",
            "bad",
            f"{exposure.count} of {exposure.seen} files and folders can be read by others: {exposure.named()}",
            shlex.join(["chmod", "-R", "go=", *(str(path) for path in paths if path.exists())]),
        )
    elif exposure.seen == _LOOKED_AT:
        yield Finding(
            "files", "good", f"the first {exposure.seen} files and folders are their owner's alone"
        )
    else:
        yield Finding("files", "good", f"{exposure.seen} files and folders are their owner's alone")


def _store(settings: Settings) -> Iterator[Finding]:
    tables = declarations.schemas() / "tables"
    if settings.clickhouse:
        connection = client.server(settings.clickhouse)
    # the engine locks its folder: a second process could not open it, and need not
    elif command_client.running(settings.data):
        yield Finding("store", "good", f"the service runs on {settings.data}")
        return
    elif not (settings.data / "store").exists():
        yield Finding("store", "good", f"{settings.data / 'store'} is made on first use")
        return
    else:
        connection = client.embedded(settings.data / "store", memory=settings.memory)
    try:
        missing = migrate.missing(connection, tables)
        version = connection.value("SELECT version()")
        if missing:
            remedy = (
                "run nytta migrate"
                if settings.clickhouse
                else "they are applied when the store is next opened"
            )
            yield Finding(
                "store", "watch", f"engine {version}; {len(missing)} migrations are missing", remedy
            )
        else:
            yield Finding("store", "good", f"engine {version}, tables up to date")
    finally:
        connection.close()


def _broker(settings: Settings) -> Iterator[Finding]:
    if not settings.kafka:
        yield Finding("broker", "good", "none: everything is in one process")
        return
    from nytta.ingest.stream import topics

    if not settings.clickhouse:
        yield Finding(
            "broker",
            "bad",
            "NYTTA_KAFKA without NYTTA_CLICKHOUSE",
            "name a ClickHouse server: it is shared",
        )
    cluster = cluster_of(settings)
    if not any(map(_reached, cluster.servers)):
        yield Finding(
            "broker", "bad", cluster.why_not(), "docs/runbook/NyttaLag.md, once it is back"
        )
        return
    topics.check(cluster)
    yield Finding("broker", "good", f"{settings.kafka}: every topic as it must be")


def _reached(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
    except OSError:
        return False
    return True


def _ways_out(settings: Settings) -> Iterator[Finding]:
    channels = nytta.read_channels(settings)
    if channels.smtp is None:
        yield Finding(
            "mail",
            "watch",
            "no mail server: alerts are kept, and reach nobody by mail",
            "set NYTTA_SMTP",
        )
    else:
        yield _mail(channels)
    for channel, address in (
        ("webhook", channels.webhook),
        ("Alertmanager", channels.alertmanager),
    ):
        if address:
            address_parts = urlsplit(address)
            usual_port = 443 if address_parts.scheme == "https" else 80
            server = (address_parts.hostname or "", address_parts.port or usual_port)
            with socket.create_connection(server, _SECONDS):
                yield Finding(channel, "good", f"{address_parts.hostname} can be reached")
    if not settings.address:
        yield Finding(
            "links",
            "watch",
            "messages have no links",
            "set NYTTA_ADDRESS to where people reach the console",
        )


def _mail(channels: Channels) -> Finding:
    """Greets the server and signs in; sends nothing."""
    import aiosmtplib

    smtp = channels.smtp
    assert smtp is not None

    async def greet() -> None:
        session = aiosmtplib.SMTP(
            hostname=smtp.host,
            port=smtp.port,
            use_tls=smtp.tls,
            start_tls=smtp.starttls and not smtp.tls,
            username=smtp.user or None,
            password=smtp.password or None,
            timeout=_SECONDS,
        )
        try:
            await session.connect()
            await session.quit()
        finally:
            session.close()

    try:
        asyncio.run(greet())
    except (aiosmtplib.SMTPException, OSError) as error:
        remedy = "correct NYTTA_SMTP: host, port, user, password, or ?starttls=no for a server without TLS"
        return Finding(
            "mail",
            "bad",
            f"{smtp.host}:{smtp.port} does not let us in: {type(error).__name__}",
            remedy,
        )
    return Finding("mail", "good", f"{smtp.host}:{smtp.port} answers; nothing was sent")


def _sign_in(settings: Settings) -> Iterator[Finding]:
    """What signs people in; of a provider its description, its keys and its clock, as a sign-in would find them."""
    try:
        proxy = Proxy.of(
            settings.proxy_header, settings.proxies, settings.proxy_secret.get_secret_value()
        )
        client = client_of(settings)
        refuse_open_house("127.0.0.1", proxy, oidc=client is not None)
    except ValueError as error:
        yield Finding("sign-in", "bad", str(error), "correct the variable")
        return
    if client is None:
        by_proxy = f"a proxy names who it is in {settings.proxy_header}"
        yield Finding(
            "sign-in", "good", by_proxy if proxy else "one-time links, at this machine alone"
        )
        return

    async def asked() -> tuple[Description, int]:
        provider = Provider(client)
        return await provider.description(), len((await provider.keys()).keys)

    asked_at = _now()
    try:
        about, key_count = asyncio.run(asked())
    except Refusal as refusal:
        remedy = "nobody can sign in until this is mended; nytta link still lets you in"
        yield Finding("sign-in", "bad", refusal.why, remedy)
        return
    if not about.pkce:
        remedy = "have the provider allow PKCE with S256 to this client"
        yield Finding("sign-in", "watch", f"{client.issuer} does not announce PKCE", remedy)
    if about.date is not None and not asked_at - SKEW <= about.date <= _now() + SKEW:
        # tokens bear the moment they were issued, and are refused when that is too far away
        drift = f"the provider's clock is {about.date - asked_at:+.0f} s off"
        remedy = "mend time synchronisation: its tokens would be too old, or from the future"
        yield Finding("sign-in", "bad", drift, remedy)
        return
    yield Finding(
        "sign-in",
        "good",
        f"{client.issuer}, {key_count} keys; it must know the address {client.redirect}",
    )


def _clock(settings: Settings) -> Iterator[Finding]:
    """This machine's clock beside that of each other part that tells its own."""
    clocks: dict[str, float] = {}
    if settings.clickhouse:
        connection = client.server(settings.clickhouse)
        try:
            clocks["ClickHouse"] = (
                float(connection.value("SELECT toUnixTimestamp64Milli(now64(3)) / 1000")) - _now()
            )
        finally:
            connection.close()
    for service_name, address in (
        ("Alertmanager", settings.alertmanager),
        ("Grafana", settings.grafana),
    ):
        if address:
            try:
                date_header = httpx.get(address, timeout=_SECONDS).headers.get("date")
            except httpx.HTTPError:
                continue
            if date_header:
                clocks[service_name] = parsedate_to_datetime(date_header).timestamp() - _now()
    off = {service_name: seconds for service_name, seconds in clocks.items() if abs(seconds) > SKEW}
    if off:
        drifts = ", ".join(
            f"{service_name} is {seconds:+.0f} s off" for service_name, seconds in off.items()
        )
        yield Finding("clock", "bad", drifts, "mend time synchronisation on both machines")
    else:
        alone = f"{datetime.now(UTC):%F %T} UTC"
        yield Finding("clock", "good", f"as that of {', '.join(clocks)}" if clocks else alone)


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _disk(settings: Settings) -> Iterator[Finding]:
    for folder_path in (settings.data, Path(tempfile.gettempdir())):
        existing = next(
            folder
            for folder in (folder_path.absolute(), *folder_path.absolute().parents)
            if folder.exists()
        )
        usage = shutil.disk_usage(existing)
        free = usage.free / usage.total
        summary = f"{folder_path}: {usage.free / 2**30:.1f} GiB free ({free:.0%})"
        if not os.access(existing, os.W_OK):
            yield Finding(
                "disk",
                "bad",
                f"{folder_path} cannot be written",
                f"give this user the right to write {existing}",
            )
        elif free < FREE_WATCH:
            state: State = "bad" if free < FREE_BAD else "watch"
            yield Finding("disk", state, summary, "free space, or docs/runbook/NyttaDiskFills.md")
        else:
            yield Finding("disk", "good", summary)
