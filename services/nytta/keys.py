"""The organisation's secret: pseudonyms and sealed rejects are made with it; it never enters a database."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nytta.events.pseudonyms import Pseudonymiser

_BYTES = 32


class KeyFileError(Exception):
    """The key file cannot be used: what to do."""


@dataclass(frozen=True, slots=True)
class Keys:
    """A key and its id; what is derived from it serves one purpose each."""

    id: str
    secret: bytes

    def pseudonymiser(self) -> Pseudonymiser:
        """Makes the pseudonyms of persons, cases, tickets and clients."""
        return Pseudonymiser(self.id, self._derived(b"pseudonyms"))

    def seal(self, body: bytes) -> bytes:
        """Encrypt a rejected body."""
        return Fernet(base64.urlsafe_b64encode(self._derived(b"rejects"))).encrypt(body)

    def unseal(self, token: bytes) -> bytes:
        """Decrypt a rejected body. KeyFileError where it was sealed with another key."""
        try:
            return Fernet(base64.urlsafe_b64encode(self._derived(b"rejects"))).decrypt(token)
        except InvalidToken as error:
            raise KeyFileError("the reject was sealed with another key: restore the key file of that time") from error

    def _derived(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), _BYTES, salt=None, info=b"nytta " + purpose).derive(self.secret)


def load_or_make(path: Path) -> Keys:
    """The key of `path`; a random one is made, readable by the owner alone, where there is no file."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"id": "k1", "secret": secrets.token_hex(_BYTES)})
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    try:
        held = json.loads(path.read_text("utf-8"))
        return Keys(str(held["id"]), bytes.fromhex(held["secret"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileError(
            f'{path}: not a key file; it holds {{"id": …, "secret": 64 hexadecimal digits}}. Restore it from its '
            "backup: with another key, persons already stored would count twice"
        ) from error
