"""By which way somebody turned to the body, as the words of a list say it."""

from __future__ import annotations

import re
from typing import Final

_CHANNELS: Final = (
    (
        r"e-?post|e-?mail|mail|outlook|correo(?! postal)|courriel|sähköposti|posta elettronica",
        "email",
    ),
    (
        r"telefon|telefoo?n|t[eé]l[eé](fon|phon)|puhel|llamada|ligação|\bappel\b|anruf|phone|\btel\b|ringt|ringde|samtal"
        r"|\bcall(?!er)|\bsms\b|\bivr\b|\bvoice\b",
        "phone",
    ),
    (r"papper|papir|paper|papier|\bpapel\b|correo postal|courrier|paperi", "post"),
    (r"chat|teams|messenger|messaging|slack|whatsapp|virtual.agent", "chat"),
    (
        r"e-?tjänst|etjänst|e-?tjeneste|webb?|portal|självservice|selvbetjening|self.?service|skjema|formulär|form\b"
        r"|formul[aá]ri|formul(aire|ier|ar)|lomake|portail|portaal|portale|verkko|sähköinen asiointi|selbstbedien"
        r"|zelfbedien|autoservi|\bsitio\b|digital|internet|nett|altinn|helsenorge|online|mina sidor|min side|borger\.dk"
        r"|catalog|widget|e-?bygg|bygge?søk"
        r"|mittbygge",
        "web",
    ),
    (r"\bapp\b|mobil", "app"),
    (
        r"besök|disk|reception|oppmøte|frammøte|fremmøde|personligt|muntlig|mondeling|mündlich|skranke|walk|person|persön|counter|servicetorg"
        r"|presencial|balcão|ventanilla|guichet|schalter|balie|sportello|palvelupiste|käynti|^dire[ck]?to?$"
        r"|(?<!help)(?<!help )(?<!service)(?<!service )desk",
        "desk",
    ),
    (
        r"\bpost\b|brev|letter|\bmail room|\bbrief\b|lettera|lettre|\bcarta\b|kirje|escrito|écrit|schriftlich"
        r"|schriftelijk",
        "post",
    ),
    (r"\bapi\b|integration|integrasjon", "api"),
    (
        r"övervak|overvåk|monitor|cloudwatch|pagerduty|\bevent|alarm|alert|automat|\bintern(?!et)|system|tekniker"
        r"|technician|proaktiv|proactive|^note$",
        "internal",
    ),
)
"""What texts of a channel say, the first that is found."""


_UNKNOWN: Final = re.compile(
    r"(unknown|okän[dt]|ukjent|ukendt|uppgift saknas|not (known|recorded)|desconhecid[oa]|desconocid[oa]|inconnue?"
    r"|unbekannt|onbekend|sconosciut[oa]|tuntematon)",
    re.IGNORECASE,
)


def is_unknown(cell_text: str) -> bool:
    """Whether a text says that nobody knows by which way, which is no other way."""
    return _UNKNOWN.fullmatch(cell_text.strip()) is not None


def channel(cell_text: str) -> str:
    """The channel that a text seems to say; `other` where it says none."""
    return next(
        (
            known_channel
            for pattern, known_channel in _CHANNELS
            if re.search(pattern, cell_text, re.IGNORECASE)
        ),
        "other",
    )
