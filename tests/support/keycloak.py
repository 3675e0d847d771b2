"""A real Keycloak for tests, from its published distribution: a realm, a client, some people, its admin's hands."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.support.processes import PLAIN, ROOT, Process, answers, free_port, until

_POM: Final = Path(__file__).with_name("keycloak.pom.xml")
_KEPT: Final = ROOT / "var" / "keycloak"
_REALM: Final = "town"
_ADMIN: Final = "admin"
CLIENT: Final = "nytta"
SECRET: Final = "nytta's secret"
PASSWORD: Final = "correct horse"
_JAVA: Final = "-Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:MaxMetaspaceSize=256m"


class Keycloak:
    """A started Keycloak. People sign in with their e-mail address and PASSWORD."""

    def __init__(self, home: Path, log: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.issuer = f"{self.address}/realms/{_REALM}"
        # with the same options as the time before, it is not put together anew
        command = ["sh", str(home / "bin" / "kc.sh"), "start-dev", "--db=dev-mem", "--import-realm"]
        command += ["--http-host=127.0.0.1", f"--http-port={self.port}"]
        environment = {"JAVA_OPTS": _JAVA, "KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": _ADMIN}
        self._process = Process(command, log, environment)
        self._http = httpx.Client(base_url=self.address, timeout=60, trust_env=False, verify=PLAIN)

    def start(self) -> None:
        self._process.start()
        until(lambda: answers(f"{self.issuer}/.well-known/openid-configuration"), "Keycloak", self._process.log)

    def stop(self) -> None:
        self._http.close()
        self._process.kill()  # its data are in memory

    # the admin's hands

    def _admin(self, method: str, path: str, body: Any = None) -> httpx.Response:
        form = {"grant_type": "password", "client_id": "admin-cli", "username": _ADMIN, "password": _ADMIN}
        token = self._http.post("/realms/master/protocol/openid-connect/token", data=form).raise_for_status().json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        path = f"/admin/realms/{_REALM}{path}"
        return self._http.request(method, path, headers=headers, json=body).raise_for_status()

    def register(self, redirect: str, signed_out: str) -> None:
        """Let the client come back to these addresses."""
        (client,) = self._admin("GET", f"/clients?clientId={CLIENT}").json()
        client["redirectUris"] = [redirect]
        client["attributes"]["post.logout.redirect.uris"] = signed_out
        self._admin("PUT", f"/clients/{client['id']}", client)

    def change(self, email: str, **fields: Any) -> None:
        """Change an account, such as `enabled` or `emailVerified`."""
        (user,) = self._admin("GET", f"/users?email={email}&exact=true").json()
        self._admin("PUT", f"/users/{user['id']}", user | fields)

    def replace(self, email: str) -> None:
        """Take an account away and give its address to another."""
        (user,) = self._admin("GET", f"/users?email={email}&exact=true").json()
        self._admin("DELETE", f"/users/{user['id']}")
        self._admin("POST", "/users", person(email))

    def rotate(self) -> None:
        """Sign with a new key from now on; the earlier ones stay published for a while."""
        config = {"priority": ["1000"], "enabled": ["true"], "active": ["true"], "keySize": ["2048"]}
        kind = {"providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider"}
        self._admin("POST", "/components", {"name": "new", "config": config} | kind)

    def kids(self) -> set[str]:
        """The names of the keys with which it signs."""
        keys = self._http.get(f"/realms/{_REALM}/protocol/openid-connect/certs").json()["keys"]
        return {each["kid"] for each in keys if each["use"] == "sig"}


def person(email: str, *groups: str) -> dict[str, Any]:
    """An account in a realm's file."""
    return {
        "username": email,
        "email": email,
        "emailVerified": True,
        "enabled": True,
        "firstName": "A",
        "lastName": "Person",
        "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        "groups": list(groups),
    }


def _realm(people: list[dict[str, Any]]) -> dict[str, Any]:
    told = {"claim.name": "groups", "full.path": "true", "id.token.claim": "true", "access.token.claim": "false"}
    mapper = {"name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper"}
    client = {
        "clientId": CLIENT,
        "secret": SECRET,
        "publicClient": False,
        "standardFlowEnabled": True,
        "attributes": {"pkce.code.challenge.method": "S256"},
        "protocolMappers": [mapper | {"config": told}],
    }
    groups = sorted({group.strip("/") for each in people for group in each["groups"]})
    return {
        "realm": _REALM,
        "enabled": True,
        "clients": [client],
        "groups": [{"name": name} for name in groups],
        "users": people,
    }


class OwnMachine(httpx.HTTPTransport):
    """As browsers do: secure cookies go to this machine's own addresses without TLS too."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.headers = httpx.Headers(
            [(k, re.sub(r";\s*Secure", "", v) if k == "set-cookie" else v) for k, v in response.headers.multi_items()]
        )
        return response


def login(browser: httpx.Client, page: httpx.Response, email: str, password: str = PASSWORD) -> httpx.Response:
    """Fill in the form of Keycloak's own page, as a person would: what it answers."""
    form = re.search(r'<form[^>]*id="kc-form-login"[^>]*action="([^"]+)"', page.text)
    assert form, page.text
    return browser.post(unescape(form[1]), data={"username": email, "password": password, "credentialId": ""})


@contextmanager
def keycloak(folder: Path, people: list[dict[str, Any]]) -> Iterator[Keycloak]:
    """A started Keycloak. Without one, the test is skipped with the reason; under NYTTA_REQUIRE=keycloak it fails."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two who come at once fetch it once, and use it one after the other
        home, missing = _fetched()
        if missing:
            reason = f"no Keycloak: {missing}"
            if "keycloak" in os.environ.get("NYTTA_REQUIRE", ""):
                pytest.fail(reason)
            pytest.skip(reason)
        shutil.rmtree(home / "data", ignore_errors=True)
        (home / "data" / "import").mkdir(parents=True)
        (home / "data" / "import" / "realm.json").write_text(json.dumps(_realm(people)))
        started = Keycloak(home, folder / "keycloak.log")
        try:
            started.start()
            yield started
        finally:
            started.stop()


def _fetched() -> tuple[Path, str]:
    """The distribution's folder, and why it cannot be had; '' where it is there."""
    version = re.search(r"<version>(\d+\.\d+\.\d+)</version>\s*<type>", _POM.read_text())
    assert version
    home = _KEPT / version[1]
    if not shutil.which("java"):
        return home, "no Java"
    if home.is_dir():
        return home, ""
    if not shutil.which("mvn"):
        return home, "no Maven to fetch it with"
    with tempfile.TemporaryDirectory(dir=_KEPT) as beside:
        command = ["mvn", "--quiet", "--batch-mode", f"--file={_POM}", "dependency:copy-dependencies"]
        command.append(f"-DoutputDirectory={beside}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return home, f"it cannot be fetched ({(done.stdout + done.stderr).strip()[-200:]})"
        (packed,) = Path(beside).glob("*.tar.gz")
        with tarfile.open(packed) as archive:
            archive.extractall(beside, filter="data")
        Path(beside, f"keycloak-{version[1]}").rename(home)
    return home, ""
