"""The embedded engine with the rights of one of the server's users, so that what is granted is refused and allowed.

    python -m tests.support.users USER FOLDER nytta WORD …       the command line
    python -m tests.support.users USER FOLDER gateway REGISTRY   what a gateway does when it starts, and as it learns
    python -m tests.support.users USER FOLDER ask SQL …          each statement's error, '' where it is carried out

FOLDER is the data folder. The engine knows one user, `default`, with what deploy/clickhouse/users.xml gives USER.
Only the grants of system tables cannot be tried so: the engine lets everybody read them.
"""

from __future__ import annotations

import copy
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import clickhouse_connect

USERS = Path(__file__).parents[2] / "deploy" / "clickhouse" / "users.xml"

IMAGE = """<clickhouse>
    <profiles><default/></profiles>
    <quotas><default/></quotas>
    <users>
        <default>
            <password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
        </default>
    </users>
</clickhouse>
"""
"""What the official image brings of users: `default`, without a password, for everybody."""


def configured(folder: Path, users: str, beside: str = "") -> Path:
    """A configuration with these users and, read after them as of users.d, those beside."""
    (folder / "users.d").mkdir(parents=True, exist_ok=True)
    (folder / "users.xml").write_text(users, "utf-8")
    if beside:
        (folder / "users.d" / "nytta.xml").write_text(beside, "utf-8")
    config = folder / "config.xml"
    config.write_text(f"<clickhouse><users_config>{folder / 'users.xml'}</users_config></clickhouse>", "utf-8")
    return config


def rights_of(user: str) -> str:
    """Users with one, `default`, who may what `user` may."""
    there = ElementTree.parse(USERS).getroot()
    own = copy.deepcopy(there.find(f"users/{user}"))
    assert own is not None
    own.tag = "default"
    for element in own.findall("password_sha256_hex"):
        own.remove(element)
    ElementTree.SubElement(own, "password")
    root = ElementTree.fromstring(IMAGE)
    for part in ("profiles", "quotas"):
        target, source = root.find(part), there.find(part)
        assert target is not None
        assert source is not None
        target.extend(source)
    users = root.find("users")
    assert users is not None
    users.clear()
    users.append(own)
    return ElementTree.tostring(root, "unicode")


def become(user: str, folder: Path) -> None:
    """Have whatever opens the embedded engine in this process do it as that user."""
    config = configured(folder / "as" / user, rights_of(user))
    real = clickhouse_connect.get_client

    def client(*, path: str, **others: Any) -> Any:
        return real(path=f"file:{path}?config-file={config}", **others)

    clickhouse_connect.get_client = client  # type: ignore[assignment]


def main(user: str, folder: str, what: str, *words: str) -> None:
    """Become the user, and do it."""
    data = Path(folder)
    become(user, data)
    from nytta.cli import main as command_line
    from nytta.storage import client

    if what == "nytta":
        sys.argv = ["nytta", *words, "--data", folder]
        command_line()
    elif what == "gateway":
        _gateway(data, Path(words[0]))
    else:
        connection = client.embedded(data / "store")
        print(json.dumps([_refusal(partial(connection.run, sql)) for sql in words]))
        connection.close()


def _gateway(data: Path, registry: Path) -> None:
    from nytta.ingest.keys import load_or_make
    from nytta.service import distributed
    from nytta.service.settings import Settings
    from nytta.storage import client

    client.server = lambda dsn, zones=None: client.embedded(data / "store", zones)  # noqa: ARG005
    settings = Settings(data=data, registry=registry, clickhouse="clickhouse://server", kafka="127.0.0.1:9")
    with distributed.distributed(settings) as app:
        assert app.intake.choice().root_of("north", "/desk") == "county"
        app.declare(app.intake.declared)
        app.intake.rekey(load_or_make(settings.key_place))


def _refusal(run: Any) -> str:
    try:
        run()
    except Exception as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main(*sys.argv[1:])
