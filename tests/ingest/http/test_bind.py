"""The socket that gateway and console listen on."""

from __future__ import annotations

import socket

from nytta.ingest.http.server import bind


def test_answers_are_sent_at_once() -> None:
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        taken, _ = listening.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
