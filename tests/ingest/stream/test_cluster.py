"""What a person is told when the brokers cannot be reached or spoken to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nytta.ingest.stream.cluster import BrokerError, Cluster
from nytta.service.brokers import cluster_of
from nytta.service.settings import Settings
from tests.ingest.stream.certificates import self_signed
from tests.support.processes import free_port


def cluster(**given: Any) -> Cluster:
    return cluster_of(Settings(**given))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "NYTTA_KAFKA"),
        ({"kafka": " , "}, "NYTTA_KAFKA"),
        ({"kafka": "broker"}, "'broker' is not host:port"),
        ({"kafka": "a:1,b:kafka"}, "'b:kafka' is not host:port"),
        ({"kafka": "a:1", "kafka_security": "SASL_SSL"}, "NYTTA_KAFKA_USER"),
        ({"kafka": "a:1", "kafka_security": "SSL", "kafka_ca": Path("none.pem")}, "none.pem"),
    ],
)
def test_settings_that_do_not_go_together_are_named(given: dict[str, Any], told: str) -> None:
    with pytest.raises(BrokerError, match=told):
        cluster(**given)


def test_the_password_is_in_no_text() -> None:
    settings = Settings(kafka="a:1", kafka_security="SASL_PLAINTEXT", kafka_user="u", kafka_password="s3cret")  # type: ignore[arg-type]
    assert "s3cret" not in repr(settings)
    made = cluster_of(settings)
    assert (made.options["sasl_plain_password"], made.options["sasl_mechanism"]) == ("s3cret", "SCRAM-SHA-512")


@contextlib.contextmanager
def listening(context: ssl.SSLContext | None) -> Iterator[int]:
    """Somebody who takes connections, with TLS or without, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                with contextlib.suppress(OSError, ssl.SSLError):
                    taken, _ = server.accept()
                    taken.settimeout(1)
                    with taken, context.wrap_socket(taken, server_side=True) if context else taken as spoken:
                        spoken.recv(100)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        stopped.set()
        thread.join()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


def test_a_broker_that_requires_tls_is_told(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with listening(context) as port:
        assert "requires TLS: set NYTTA_KAFKA_SECURITY" in cluster(kafka=f"127.0.0.1:{port}").why_not()
        spoken = cluster(kafka=f"127.0.0.1:{port}", kafka_security="SSL", kafka_ca=certificate)
        assert "does not let us in" in spoken.why_not()


def test_a_broker_without_tls_is_told() -> None:
    with listening(None) as port:
        assert "does not speak TLS" in cluster(kafka=f"127.0.0.1:{port}", kafka_security="SSL").why_not()
        assert "does not let us in" in cluster(kafka=f"127.0.0.1:{port}").why_not()


def test_a_broker_that_is_away_is_told() -> None:
    port = free_port()
    assert f"no broker answers at 127.0.0.1:{port}" in cluster(kafka=f"127.0.0.1:{port}").why_not()
