"""Where the brokers are and how they are spoken to: one set of settings for every Kafka library."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any, Self

from nytta.errors import Mendable
from nytta.settings import Settings

_PATIENCE = 5.0


class BrokerError(Mendable):
    """The brokers, or a topic, are not as they must be: what happened and what to change."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kafka cluster as the settings name it; `prefix` begins the names of topics and of the consumer group."""

    servers: tuple[str, ...]
    prefix: str
    security: str
    mechanism: str
    user: str
    password: str
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The cluster of an installation. BrokerError where the settings do not go together."""
        servers = tuple(part.strip() for part in settings.kafka.split(",") if part.strip())
        if not servers:
            raise BrokerError("no broker is named: set NYTTA_KAFKA to host:port of your Kafka brokers")
        for server in servers:
            host, _, port = server.rpartition(":")
            if not host or not port.isdigit():
                raise BrokerError(f"NYTTA_KAFKA: '{server}' is not host:port")
        if settings.kafka_security.startswith("SASL") and not settings.kafka_user:
            raise BrokerError(f"NYTTA_KAFKA_SECURITY is {settings.kafka_security}: name the user in NYTTA_KAFKA_USER")
        return cls(
            servers,
            settings.kafka_prefix,
            settings.kafka_security,
            settings.kafka_mechanism,
            settings.kafka_user,
            settings.kafka_password.get_secret_value(),
            _context(settings) if settings.kafka_security.endswith("SSL") else None,
        )

    @property
    def options(self) -> dict[str, Any]:
        """The settings as aiokafka and kafka-python both name them."""
        named: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": self.security,
            "ssl_context": self.tls,
        }
        if self.security.startswith("SASL"):
            named |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return named

    def why_not(self) -> str:
        """A sentence on why no broker answers: asked after a client gave up."""
        names = ", ".join(self.servers)
        reached = [server for server in self.servers if _opens(server)]
        if not reached:
            return f"no broker answers at {names}: start Kafka, or correct NYTTA_KAFKA"
        if self.tls is None and _speaks_tls(reached[0]):
            return (
                f"the broker at {reached[0]} requires TLS: set NYTTA_KAFKA_SECURITY to SSL or SASL_SSL, and "
                "NYTTA_KAFKA_CA to the file of its authority"
            )
        if self.tls is not None and not _speaks_tls(reached[0]):
            return f"the broker at {reached[0]} does not speak TLS: set NYTTA_KAFKA_SECURITY to PLAINTEXT, or its port"
        return (
            f"the broker at {reached[0]} is there, but does not let us in: check NYTTA_KAFKA_SECURITY, "
            "NYTTA_KAFKA_MECHANISM, NYTTA_KAFKA_USER, NYTTA_KAFKA_PASSWORD, NYTTA_KAFKA_CA"
        )


def _context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca)
        if settings.kafka_certificate:
            context.load_cert_chain(settings.kafka_certificate)
    except (OSError, ssl.SSLError) as error:
        named = settings.kafka_certificate or settings.kafka_ca
        raise BrokerError(f"{named}: cannot be used as a certificate: {error}") from error
    return context


def _address(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


def _opens(server: str) -> bool:
    try:
        socket.create_connection(_address(server), _PATIENCE).close()
    except OSError:
        return False
    return True


def _speaks_tls(server: str) -> bool:
    """Whether a TLS handshake is answered at all; no certificate is judged here, and nothing is sent."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(_address(server), _PATIENCE) as plain:
            plain.settimeout(_PATIENCE)
            context.wrap_socket(plain, server_hostname=_address(server)[0]).close()
    except (OSError, ssl.SSLError) as error:
        return isinstance(error, ssl.SSLError) and "CERTIFICATE_REQUIRED" in str(error)
    return True
