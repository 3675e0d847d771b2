"""Where the brokers are and how they are spoken to: one set of settings for every Kafka library."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Any

from nytta import Mendable

_PATIENCE = 5.0
"""Seconds for which one broker is waited for."""


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

    @property
    def options(self) -> dict[str, Any]:
        """The settings as aiokafka and kafka-python both name them."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": self.security,
            "ssl_context": self.tls,
        }
        if self.security.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options

    def why_not(self) -> str:
        """A sentence on why no broker answers: asked after a client gave up."""
        server_names = ", ".join(self.servers)
        # from the outside in: each question can be asked only where the one before was answered
        reached = [server for server in self.servers if _opens(server)]
        if not reached:
            return f"no broker answers at {server_names}: start Kafka, or correct NYTTA_KAFKA"
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
    # in this order: Python refuses the second while names are checked
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection(_address(server), _PATIENCE) as plain:
            plain.settimeout(_PATIENCE)
            context.wrap_socket(plain, server_hostname=_address(server)[0]).close()
    except (OSError, ssl.SSLError) as error:
        # a broker that asks for our certificate has spoken TLS
        return isinstance(error, ssl.SSLError) and "CERTIFICATE_REQUIRED" in str(error)
    return True
