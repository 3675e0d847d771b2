"""A fingerprint of the registry's content, by which a shell sees that it changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import blake2b

from nytta.registry.registry import Registry


def digest(registry: Registry) -> str:
    """32 hexadecimal digits that depend on what the registry says, not on how its files are written.

    Key order, comments, line breaks and spelled-out defaults make no difference. The order of units does:
    siblings are shown in it.
    """
    # of what was built rather than of the files, so that a comment or another order of words changes nothing
    text = json.dumps(
        asdict(registry), sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return blake2b(text.encode(), digest_size=16).hexdigest()
