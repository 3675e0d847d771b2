"""How a process ends when it is asked to: what runs stops at its next statement, and nothing is waited for too long.

Whatever is broken off can be begun again, as after a power cut; so the end may be hard without harm. Of a service:

    at once       no new connections, no new statement but those that answer somebody; a second signal ends it here
    2 seconds     statements under way are broken off in the engine
    8 seconds     the process ends, and says what was still under way
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from nytta.storage.client import Connection

CANCEL_SECONDS: Final = 2.0
END_SECONDS: Final = 8.0
_AGAIN: Final = 0.5
"""Seconds between two tries to break off what is under way in the engine."""

_log = logging.getLogger(__name__)
_under_way: dict[object, str] = {}


@contextlib.contextmanager
def under_way(work: str) -> Iterator[None]:
    """While this is entered, `work` is named where the process ends without waiting for it."""
    work_key = object()
    _under_way[work_key] = work
    try:
        yield
    finally:
        del _under_way[work_key]


class Ending:
    """The end of a process, from the first signal on.

    `connection` is the store whose statements are broken off, if there is one; `forget` is done last where the end is
    hard; `tell` has those stop who serve.
    """

    def __init__(
        self, connection: Connection | None = None, forget: Callable[[], None] = lambda: None
    ) -> None:
        self.tell: Callable[[], object] = lambda: None
        self._connection = connection
        self._forget = forget
        self._asked = False

    def ask(self, number: int) -> None:
        """The process got signal `number`: end in order, or at once where it is the second one."""
        if self._asked:
            self._leave(128 + number)
        self._asked = True
        # first, so that the end comes in time whatever the rest of this waits for
        threading.Thread(target=self._watch, name="ending", daemon=True).start()
        if self._connection is not None:
            self._connection.stop()
        self.tell()

    def _watch(self) -> None:
        end = time.monotonic() + END_SECONDS
        time.sleep(CANCEL_SECONDS)
        while (seconds_left := end - time.monotonic()) > 0:
            # again and again: one may have begun as the others were broken off
            if self._connection is not None:
                # in a thread of its own: breaking off may wait for the engine, and the end must not
                threading.Thread(target=self._connection.cancel, name="cancel", daemon=True).start()
            time.sleep(min(_AGAIN, seconds_left))
        # a copy of the list, for other threads still enter and leave
        broken_off = dict.fromkeys(list(_under_way.values()))
        _log.warning(
            "stopped without waiting any longer; broken off: %s. Everything acknowledged is stored",
            "; ".join(broken_off) or "nothing but the closing of the store",
        )
        self._leave(int(self._connection is not None and self._connection.damaged))

    def _leave(self, exit_code: int) -> None:
        """End without waiting for any thread."""
        self._forget()
        # `os._exit` runs nothing that the interpreter does at its end: what was printed would be lost
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(exit_code)


@contextlib.contextmanager
def interruptible(connection: Connection) -> Iterator[None]:
    """For a command that has the store to itself: Ctrl-C breaks off the statement under way, a second one the command.

    The interpreter hears a signal only between two statements of the engine, which may take long.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    receiver, sender = socket.socketpair()
    sender.setblocking(False)

    def listen() -> None:
        interrupts = 0
        with receiver:
            while numbers := receiver.recv(16):
                interrupts += numbers.count(signal.SIGINT)
                if interrupts > 1:
                    os._exit(128 + signal.SIGINT)
                if interrupts:
                    connection.cancel()

    previous_descriptor = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=listen, name="interrupts", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous_descriptor)
        sender.close()
