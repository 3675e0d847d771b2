"""Actors who are no persons by what they are called: robots, and accounts that several persons share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

_ROBOT: Final = re.compile(
    r"(?<![^\W\d_])(robot|rpa|bot|chatbot|batch|system|api|automat(ik|ic|ion|ed|isk|iserad|isert)?|auto|svc|srv|cron"
    r"|scheduler|daemon|workflow|integration|integrasjon|webhook|script|monitoring|no[ _-]?reply"
    r"|system[ _-]?(konto|bruker|användare|user|account)"
    r"|(service|tjeneste|tjänste)[ _-]?(konto|account|user))(?![^\W\d_])",
    re.IGNORECASE,
)
"""Names of accounts behind which nobody sits, as a word of their own: "batch_03", never "Systemförvaltare"."""
_SHARED: Final = re.compile(
    r"(?<![^\W\d_])(role|roll|rolle|team|group|grupp|gruppe|grupo|groupe|gruppo|queue|kö|help[ _-]?desk"
    r"|service[ _-]?(desk|cent(er|re)|point)|support|suporte|soporte|equipe|equipo|kund(tjänst|service|center)"
    r"|kundecenter|brukerstøtte"
    r"|kontakt[ _-]?(center|senter)|(call|contact)[ _-]?cent(er|re)|(first|second|third|1st|2nd|3rd)[ _-]?line"
    r"|department|dept|avdelning|avdeling|afdeling|abteilung|osasto|enhet|enhed|unit|office|kontor|sektion|seksjon"
    r"|admin|administrator|anonymous|anonym|guest|gäst|gjest|unknown|okänd|ukjent|ukendt)(?![^\W\d_])",
    re.IGNORECASE,
)
"""Names of roles, of groups and of accounts that several persons use: "ROLE_ADMIN", "Team A", "Servicedesk"."""
_TITLE: Final = re.compile(
    r"((senior|junior|chief|head|lead|first|claims?|loan|credit|case|customer|service|sales|front|back|it|hr)[ _-])*"
    r"(advisor|adviser|assessor|clerk|manager|officer|analyst|specialist|agent|accountant|supervisor|operator|handler"
    r"|engineer|technician|consultant|coordinator|assistant|nurse|doctor|physician|secretary|expert|applicant|customer"
    r"|employee|employer|tester|dealer|trader|handläggare|registrator|chef|enhetschef|saksbehandler|leder|sagsbehandler"
    r"|sachbearbeiter|behandelaar|medewerker)",
    re.IGNORECASE,
)
"""What somebody is, and not who, where nothing else is said: "Loan Officer", never "Officer 7" or "Ann Clerk"."""
_KINDS: Final[Mapping[str, re.Pattern[str]]] = {"system": _ROBOT, "shared": _SHARED}


def is_no_person(name: str) -> bool:
    """Whether an actor is called like a robot, a role or a group."""
    return _is_title(name) or any(pattern.search(_own(name)) for pattern in _KINDS.values())


def _own(name: str) -> str:
    """A name without the domain of its address, which says nothing of who has it."""
    return name.partition("@")[0]


def _is_title(name: str) -> bool:
    return _TITLE.fullmatch(name.strip()) is not None


def no_persons(actors: Iterable[str]) -> Mapping[str, str]:
    """Regular expressions for those of these actors who are no persons → what they are instead (`actor_kind`)."""
    names = {name.strip() for name in actors}
    patterns: dict[str, str] = {}
    for kind, word in _KINDS.items():
        words = {match[0].lower() for name in names if (match := word.search(_own(name)))}
        if words:
            patterns[f"(?i)^([^@]*[\\W\\d_])?({_any_of(words)})([\\W\\d_]|$)"] = kind
    if titles := {name.lower() for name in names if _is_title(name)}:
        patterns[f"(?i)^({_any_of(titles)})$"] = "shared"
    return patterns


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words)))
