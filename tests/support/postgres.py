"""A PostgreSQL of its own for a test run, from the packages of the distribution; it listens on loopback alone."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PACKAGED = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max((path for path in _PACKAGED.glob("*/bin") if (path / "initdb").exists()), default=None)


@contextmanager
def postgres() -> Iterator[str]:
    """Its address, as SQLAlchemy writes it; user and password are `nytta`. Skips where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'nytta[sql]'")
    where = programs()
    if where is None:
        pytest.skip("PostgreSQL is not installed (initdb is not found)")
    owner = pwd.getpwnam("postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
    folder = Path(tempfile.mkdtemp(prefix="nytta-pg-"))
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    password = folder / "password"
    password.write_text("nytta")
    os.chown(password, owner.pw_uid, owner.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def run(*words: str) -> None:
        user = owner.pw_name if os.getuid() == 0 else None
        subprocess.run([where / words[0], *words[1:]], check=True, capture_output=True, user=user, cwd=folder)

    data = str(folder / "data")
    log = str(folder / "log")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run("initdb", "-D", data, "-U", "nytta", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8")
    try:
        run("pg_ctl", "-D", data, "-l", log, "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
