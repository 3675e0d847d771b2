"""Bearer tokens: who may send what. The file holds hashes; a token itself is seen once, when it is made.

A token is `nytta_<id>_<secret>` with 32 random bytes, so that one round of SHA-256 is enough to keep it.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from nytta.storage import permissions

_PREFIX: Final = "nytta"
_LOOKED_SECONDS: Final = 0.1
"""So long a look at the file holds: a token that is taken back ends within that time."""


def sender_id(sender_name: str) -> str:
    """What stands for a sender where counters are open to others: the same for all its tokens, and no name.

    Whoever guesses the name recognises it.
    """
    return sha256(f"sender {sender_name}".encode()).hexdigest()[:8]


class TokenFileError(Exception):
    """The file of tokens cannot be used: what to do."""


class Token(BaseModel):
    """One token of a source and what may be sent with it. A source may have several, so that they can rotate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    source: str = Field(min_length=1, max_length=64)
    """The name of the sender, which counters and logs bear."""
    hash: str
    created: AwareDatetime
    expires: AwareDatetime | None = None
    event_sources: tuple[str, ...] = ()
    """Patterns (`*`) of the CloudEvents sources it may speak for; all when empty."""
    types: tuple[str, ...] = ()
    """Patterns of event types, such as `case.*`; all when empty."""
    units: tuple[str, ...] = ()
    """Units it may send events of."""
    subtrees: tuple[str, ...] = ()
    """Units it may send events of, with all units below. All units when both are empty."""

    def lives(self, current_time: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires is None or current_time < self.expires

    def may_speak_for(self, source: str) -> bool:
        """Whether events may come from this CloudEvents source."""
        return not self.event_sources or any(
            fnmatchcase(source, pattern) for pattern in self.event_sources
        )

    def may_send(self, kind: str) -> bool:
        """Whether events of a type, such as `case.step`, may be sent."""
        return not self.types or any(fnmatchcase(kind, pattern) for pattern in self.types)

    @property
    def everywhere(self) -> bool:
        """Whether events of all units may be sent."""
        return not self.units and not self.subtrees


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tokens: tuple[Token, ...] = ()


class Tokens:
    """The tokens of a file, read again when it changes. Without a file there are none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._looked = -_LOOKED_SECONDS
        self._stamp: tuple[int, int] | None = None
        self._tokens: tuple[Token, ...] = ()

    def all(self) -> tuple[Token, ...]:
        """Every token, the latest last. TokenFileError where the file cannot be read."""
        try:
            status = self.path.stat()
            # the file is replaced whole, so its number changes though the clock may not have moved
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._tokens = _File.model_validate_json(self.path.read_bytes()).tokens
                self._stamp = stamp
            self._looked = time.monotonic()
        except FileNotFoundError:
            self._tokens, self._stamp = (), None
        except (OSError, ValidationError) as error:
            raise TokenFileError(
                f"{self.path}: is no file of tokens, or cannot be read; restore it, or remove it and make new tokens"
            ) from error
        return self._tokens

    def find(self, token_text: str, current_time: datetime) -> Token | None:
        """The living token that a sender shows; None where it is none of ours."""
        digest = _digest(token_text)
        matching = None
        # a look at the file costs as much as the rest of this
        is_fresh = time.monotonic() - self._looked < _LOOKED_SECONDS
        for token in self._tokens if is_fresh else self.all():
            # every one is compared, so that time tells nothing
            if hmac.compare_digest(token.hash, digest) and token.lives(current_time):
                matching = token
        return matching

    def add(
        self,
        source: str,
        current_time: datetime,
        *,
        expires: datetime | None = None,
        event_sources: Sequence[str] = (),
        types: Sequence[str] = (),
        units: Sequence[str] = (),
        subtrees: Sequence[str] = (),
    ) -> tuple[Token, str]:
        """A new token and its text, which cannot be had again."""
        # the id stands in the token too, so that a person who holds one can find it in the list
        token_id = secrets.token_hex(4)
        token_text = f"{_PREFIX}_{token_id}_{secrets.token_urlsafe(32)}"
        token = Token(
            id=token_id,
            source=source,
            hash=_digest(token_text),
            created=current_time.astimezone(UTC).replace(microsecond=0),
            expires=expires,
            event_sources=tuple(event_sources),
            types=tuple(types),
            units=tuple(units),
            subtrees=tuple(subtrees),
        )
        self._write((*self.all(), token))
        return token, token_text

    def revoke(self, token_id: str) -> bool:
        """Take back the token of that id; False where there is none."""
        tokens = self.all()
        remaining = tuple(token for token in tokens if token.id != token_id)
        if len(remaining) == len(tokens):
            return False
        self._write(remaining)
        return True

    def _write(self, tokens: tuple[Token, ...]) -> None:
        """Replace the file whole, readable by its owner alone."""
        permissions.make_folder(self.path.parent)
        self._looked = -_LOOKED_SECONDS
        permissions.replace(self.path, _File(tokens=tokens).model_dump_json(indent=2).encode())


def _digest(token_text: str) -> str:
    return "sha256:" + sha256(token_text.encode("utf-8", "surrogateescape")).hexdigest()
