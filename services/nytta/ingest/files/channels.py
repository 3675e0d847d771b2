"""By which way somebody turned to the body, as the words of a list say it."""

from __future__ import annotations

import re
from typing import Final

_CHANNELS: Final = (
    (r"e-?post|e-?mail|mail|outlook", "email"),
    (r"telefon|phone|\btel\b|ringt|ringde|samtal|\bcall(?!er)|\bsms\b|\bivr\b", "phone"),
    (r"papper|papir|paper", "post"),
    (r"chat|teams|messenger|slack|virtual.agent", "chat"),
    (
        r"e-?tjänst|etjänst|e-?tjeneste|webb?|portal|självservice|selvbetjening|self.?service|skjema|formulär|form\b"
        r"|digital|internet|nett|altinn|helsenorge|online|mina sidor|min side|borger\.dk|catalog|widget|e-?bygg"
        r"|bygge?søk"
        r"|mittbygge",
        "web",
    ),
    (r"\bapp\b|mobil", "app"),
    (
        r"besök|disk|reception|oppmøte|frammøte|fremmøde|personligt|muntlig|skranke|walk|person|counter|servicetorg"
        r"|(?<!help)(?<!help )(?<!service)(?<!service )desk",
        "desk",
    ),
    (r"\bpost\b|brev|letter|\bmail room", "post"),
    (r"\bapi\b|integration|integrasjon", "api"),
    (
        r"övervak|overvåk|monitor|cloudwatch|pagerduty|\bevent|alarm|alert|automat|\bintern(?!et)|system|tekniker"
        r"|technician|proaktiv|proactive|^note$",
        "internal",
    ),
)
"""What texts of a channel say, the first that is found."""


_UNKNOWN: Final = re.compile(r"(unknown|okän[dt]|ukjent|ukendt|uppgift saknas|not (known|recorded))", re.IGNORECASE)


def is_unknown(text: str) -> bool:
    """Whether a text says that nobody knows by which way, which is no other way."""
    return _UNKNOWN.fullmatch(text.strip()) is not None


def channel(text: str) -> str:
    """The channel that a text seems to say; `other` where it says none."""
    return next(
        (known_channel for pattern, known_channel in _CHANNELS if re.search(pattern, text, re.IGNORECASE)), "other"
    )
