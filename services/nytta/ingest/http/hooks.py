"""Webhooks of systems that know no CloudEvents: the sender's signature is verified, a mapping reads what it sent."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final, Literal

import pyarrow as pa

from nytta.ingest.events.batch import Reject, decode
from nytta.ingest.events.columns import join, unnumbered
from nytta.ingest.files.errors import InputError
from nytta.ingest.files.files import Stream
from nytta.ingest.files.mapping import Mapping as FieldMapping
from nytta.ingest.files.read import reader_of, translate
from nytta.ingest.http.problems import Problem
from nytta.ingest.http.validation import Circumstances

Signer = Literal["zammad", "jira", "github", "glpi"]
"""Whose way of signing it is: which hash of what stands in which header."""

# of each way of signing: header, algorithm, and what stands before the digits
_SIGNATURES: Final[Mapping[str, tuple[str, str, str]]] = {
    "zammad": ("x-hub-signature", "sha1", "sha1="),
    "jira": ("x-hub-signature", "sha256", "sha256="),
    "github": ("x-hub-signature-256", "sha256", "sha256="),
    "glpi": ("x-glpi-signature", "sha256", ""),
}


@dataclass(frozen=True, slots=True)
class Hook:
    """One sender: its mapping bears its source, and what it sends is signed with `secret`."""

    mapping: FieldMapping
    signed: Signer
    secret: bytes = field(repr=False)


def is_signed(hook: Hook, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the body is what the sender signed."""
    header, algorithm, prefix = _SIGNATURES[hook.signed]
    signed_bytes = body
    # it signs the time of sending with the body
    if hook.signed == "glpi":
        signed_bytes += headers.get("x-glpi-timestamp", "").encode()
    signature = (
        prefix + hmac.new(hook.secret, signed_bytes, getattr(hashlib, algorithm)).hexdigest()
    )
    presented = headers.get(header, "").strip()
    # compared in constant time: how long it takes must not tell how much of a guess was right
    return hmac.compare_digest(signature.encode(), presented.encode())


def events_of(
    hook: Hook, body: bytes, circumstances: Circumstances, conceal: Any
) -> tuple[pa.Table, list[Reject], int]:
    """The events of a body, what was rejected, and how many rows there were. Problem where it is no such document."""
    try:
        stream = Stream(BytesIO(body), "the body", len(body))
        reader = reader_of(stream, hook.mapping)
        chunk = translate(reader, hook.mapping, conceal)
    except InputError as error:
        raise Problem(400, f"the body cannot be read: {error.message}") from error
    batch = circumstances.table(chunk.ndjson)
    # retractions name no actor, and the ids of their rows are concealed already: no key is needed
    retractions = decode(chunk.retractions, received_at=circumstances.now, pseudonymise=None)
    events = join([unnumbered(batch.table), retractions.table])
    rejects = [*chunk.rejects, *batch.rejects]
    return events, rejects, chunk.rows
