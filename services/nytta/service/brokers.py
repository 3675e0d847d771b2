"""The brokers that the settings name."""

from __future__ import annotations

import ssl

from nytta.ingest.stream.cluster import BrokerError, Cluster
from nytta.service.settings import Settings


def cluster_of(settings: Settings) -> Cluster:
    """The cluster of an installation. BrokerError where the settings do not go together."""
    names = (name.strip() for name in settings.kafka.split(","))
    servers = tuple(name for name in names if name)
    if not servers:
        raise BrokerError("no broker is named: set NYTTA_KAFKA to host:port of your Kafka brokers")
    for server in servers:
        host, _, port = server.rpartition(":")
        if not host or not port.isdigit():
            raise BrokerError(f"NYTTA_KAFKA: '{server}' is not host:port")
    if settings.kafka_security.startswith("SASL") and not settings.kafka_user:
        raise BrokerError(
            f"NYTTA_KAFKA_SECURITY is {settings.kafka_security}: name the user in NYTTA_KAFKA_USER"
        )
    return Cluster(
        servers=servers,
        prefix=settings.kafka_prefix,
        security=settings.kafka_security,
        mechanism=settings.kafka_mechanism,
        user=settings.kafka_user,
        password=settings.kafka_password.get_secret_value(),
        tls=_context(settings) if settings.kafka_security.endswith("SSL") else None,
    )


def _context(settings: Settings) -> ssl.SSLContext:
    try:
        # of the machine's authorities where no file is named
        context = ssl.create_default_context(cafile=settings.kafka_ca)
        if settings.kafka_certificate:
            context.load_cert_chain(settings.kafka_certificate)
    except (OSError, ssl.SSLError) as error:
        file = settings.kafka_certificate or settings.kafka_ca
        raise BrokerError(f"{file}: cannot be used as a certificate: {error}") from error
    return context
