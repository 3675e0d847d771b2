"""Words that public servants do not say, and numbers that do not inflect, in whatever people read."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import default
from typing import Final

UNUSED: Final = (
    *("Digital inkomst", "Avsedd användning", "Räckvidd per vecka", "Återfall till papper", "Omarbete", "Bollning"),
    *("Kvarvarande gammal miljö", "säkerhetsintervall", "sikkerhetsintervall", "trädets ordning", "treets rekkefølge"),
    *(
        "ur kurs",
        "rätt kurs",
        "te av kurs",
        "löftet till förfallodagen",
        "left lying",
        "inte gör det:",
        "løftet til forfallsdagen",
    ),
    *("väntat två gånger", '"Taget"', '"Tatt"', "taget {", "tatt {", "digital utan att utnyttjas", "Antal bakom"),
    *("Vem som svarar", "nyttoansvarig", "hålla två vägar öppna", "för ny för att bedömas", "You look at this as"),
    *("Look as somebody", "As the machine", "intervals of certainty", "about as half a year before"),
    *(
        "What is held back",
        "is to go;",
        "a cost is to go",
        "omarbetet",
        "Tilsiktet bruk",
        "Rekkevidde per uke",
        "Tilbakefall til papir",
        "Kasteball",
        "Gjenværende gammelt miljø",
    ),
)
"""What stood on pages before."""

_UNUSED: Final = re.compile(rf".{{0,30}}(?<!\w)(?:{'|'.join(map(re.escape, UNUSED))}).{{0,20}}", re.IGNORECASE)

_MANY: Final = {
    "sv": "enheter|larm är öppna|ärenden|timmar|veckor|dagar|personer|nyttor|källor|händelser|rader|gånger|månader",
    "nb": "enheter|varsler|saker|timer|uker|dager|personer|gevinster|kilder|hendelser|rader|ganger|måneder",
    "en": "units|alerts|cases|hours|weeks|days|persons|people|benefits|sources|events|rows|times|months|tickets",
}
_ONE: Final = {
    "sv": "enhet|ärende|timme|vecka|dag|person|nytta|källa|händelse|gång|månad",
    "nb": "enhet|varsel|sak|time|uke|dag|person|gevinst|kilde|hendelse|gang|måned",
    "en": "unit|alert|case|hour|week|day|person|benefit|source|event|time|month|ticket",
}


def unused(text: str) -> list[str]:
    """Words of a text that nobody uses, with what stands around them."""
    return [match[0] for match in _UNUSED.finditer(text)]


def uninflected(text: str, language: str) -> list[str]:
    """One with a noun for many, more than one with a noun for one, and percent set as another language sets it."""
    gap = r"[ \u00a0\u202f]"
    one = rf"(?<![\d.,–\u00a0\u202f-])1{gap}(?:{_MANY[language]})\b"
    many = rf"(?<![\d.,:-])(?:[2-9]|\d\d+){gap}(?:{_ONE[language]})\b(?!-| types?\b)"
    percent = rf"\d{gap}%" if language == "en" else r"\d%"
    return [match[0] for match in re.finditer(rf"{one}|{many}|{percent}", text)]


def mail_text(message: bytes) -> tuple[str, str]:
    """What a mail says, its subject and its plain text, and its language."""
    mail = message_from_bytes(message, policy=default)
    body = mail.get_body(("plain",))
    return f"{mail['subject']}\n{body.get_content() if body else ''}", mail["Content-Language"]
