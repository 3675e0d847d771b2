"""A console that a small provider signs people in to, and browsers of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from nytta.surfaces.authentication.oidc.accounts import Accounts
from nytta.surfaces.authentication.oidc.client import Client
from nytta.surfaces.authentication.oidc.sign_in import SignIn
from nytta.surfaces.console.context import Console
from tests.surfaces.authentication.provider import CLIENT, SECRET, Provider, provided
from tests.surfaces.console.world import NOW, ROLES, World, served


@dataclass
class Site:
    """The console with its provider."""

    world: World
    console: Console
    provider: Provider
    folder: Path
    address: str
    browsers: ExitStack

    def client(self) -> Client:
        """This installation as the provider knows it."""
        made = Client.of(self.provider.issuer, CLIENT, SECRET, self.address, "town.example", "groups")
        assert made is not None
        return made

    def reset(self) -> None:
        """As on the first day: a sound provider, and nobody who signed in."""
        fresh = Provider(self.provider.issuer, redirects=(f"{self.address}/sign-in/callback",))
        vars(self.provider).update(vars(fresh))
        self.console.now = lambda: NOW
        self.provider.now = lambda: self.console.now()  # noqa: PLW0108 - a test may set the console's clock
        self.console.address = self.address
        self.accounts.path.unlink(missing_ok=True)
        self.browsers.close()
        self.connect(self.client())

    def connect(self, client: Client) -> None:
        """Sign people in as this client from now on, with nothing kept of before but the accounts."""
        self.console.oidc = SignIn(client, self.accounts, self.console.links.sessions)

    @property
    def accounts(self) -> Accounts:
        """The accounts that signed in."""
        return Accounts(self.folder / "accounts.json", self.world.app.keys.pseudonymiser().digest)

    def browser(self, language: str = "en") -> httpx.Client:
        """A browser of nobody yet, which follows no redirect by itself."""
        headers = {"Accept-Language": language}
        return self.browsers.enter_context(
            httpx.Client(base_url=self.address, headers=headers, timeout=60, trust_env=False, verify=False)
        )

    def leave(self, browser: httpx.Client, to: str = "/") -> str:
        """Set out to sign in: the address at the provider."""
        answer = browser.get("/sign-in", params={"to": to})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def callback(self, request: str) -> str:
        """Sign in at the provider: the address of the way back."""
        answer = httpx.get(request, trust_env=False)
        assert answer.status_code == 302, answer.text
        callback: str = answer.headers["location"]
        assert callback.startswith(f"{self.address}/sign-in/callback?")
        return callback

    def sign_in(self, browser: httpx.Client, role: str = "manager", to: str = "/", **claims: object) -> httpx.Response:
        """The whole way: what the console answers to whoever comes back."""
        self.provider.person = {"email": ROLES[role], "sub": f"sub-{role}", "email_verified": True} | claims
        return browser.get(self.callback(self.leave(browser, to)))


@contextmanager
def opened(world: World, folder: Path) -> Iterator[Site]:
    """A console of the world that a provider of its own signs people in to."""
    console = world.console(proxy=False)
    with provided(Provider()) as provider, served(console) as address, ExitStack() as browsers:
        made = Site(world, console, provider, folder, address, browsers)
        made.reset()
        yield made
