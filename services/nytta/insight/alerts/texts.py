"""What a message says. One catalogue, three languages, figures as published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from nytta.insight.alerts.facts import Facts
from nytta.insight.alerts.kinds import Kind, Role, role
from nytta.insight.alerts.model import Alert
from nytta.insight.alerts.placeholders import begun, figure_fields, lacking, placeholders
from nytta.insight.alerts.rules import READY
from nytta.insight.alerts.schedule import Occasion
from nytta.insight.alerts.wordings import WORDINGS, Wording
from nytta.registry.programme import Suggestion
from nytta.registry.units import Names

MOST_WORDS = 120
"""Longest body of a message."""

_FORBIDDEN = re.compile(
    r"\b(sämst\w*|bottenplac\w*|ranking\w*|rangordn\w*|verst\w*|dårligst\w*|rangering\w*|worst|bottom|rank(ed|s)?|"
    r"jumbo\w*|eftersläntrare|laggards?)\b",
    re.IGNORECASE,
)
_DECIMALS = re.compile(r"\d[.,]\d+\s?%")
_RECOVERIES = {Kind.RELAPSE: "recovery", Kind.LEVEL: "reached", Kind.BEHIND_PLAN: "ended"}
"""The line of a recovery by kind. What never was at a level is not back at it, and a forecast ends with its day, the
target reached or not."""
_ADDRESS = re.compile(r"\S+@\S+\.\w+")

_ALSO_SEEN_BY = {
    Role.MANAGER: Role.PROGRAMME_LEAD.value,
    Role.BENEFIT_OWNER: Role.PROGRAMME_LEAD.value,
    Role.OPERATIONS: Role.PROGRAMME_LEAD.value,
    Role.PROGRAMME_LEAD: "representatives",
}

_FIELDS = (
    "unit",
    "system",
    "indicator",
    "value",
    "comparison",
    "since",
    "why",
    "ruled_out",
    "cost",
    "actions",
    "buttons",
    "sees",
    "links",
    "about_unit",
)


class FactsError(ValueError):
    """A fact lacks that the kind of alert cannot be told without."""


@dataclass(frozen=True, slots=True)
class Field:
    """One of the facts beneath the text, with its label."""

    id: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Button:
    """An answer that the reader can give; `id` is acknowledge, plan, snooze or not_right."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message in one language.

    `body` is the whole text in at most 120 words; `paragraphs` and `suggestions` are what it consists of before the
    buttons. `lines` are further alerts of the same message, one line each. `fields` hold every mandatory fact.
    """

    language: str
    subject: str
    body: str
    paragraphs: tuple[str, ...]
    suggestions: tuple[str, ...]
    buttons: tuple[Button, ...]
    fields: tuple[Field, ...]
    lines: tuple[str, ...] = ()
    further: str = ""
    heading: str = ""

    @property
    def text(self) -> str:
        """The message as plain text: body, further lines, facts."""
        blocks = [self.body]
        if self.lines:
            head = f"{self.further}:\n" if self.further else ""
            blocks.append(head + "\n".join(f"- {line}" for line in self.lines))
        if self.fields:
            blocks.append(
                f"{self.heading}:\n"
                + "\n".join(f"{field.label}: {field.text}" for field in self.fields)
            )
        return "\n\n".join(blocks) + "\n"


@dataclass(frozen=True, slots=True)
class Item:
    """An alert in a message, why it stands there, and what is known about it."""

    what: Occasion
    alert: Alert
    facts: Facts


def render(alert: Alert, facts: Facts, language: str) -> Message:
    """The message about one alert, in English where the language is not kept.

    Suggestions, then sentences that may lack, give way where the body would be longer than 120 words. Raises FactsError
    where a fact lacks that the kind needs.
    """
    wording = _wording(language)
    known_facts = placeholders(alert, facts, wording)
    proposed = list(suggestions(alert.kind, facts, language).values())
    reader = wording.roles[_ALSO_SEEN_BY[role(alert.kind)]]
    buttons = tuple(Button(button_name, label) for button_name, label in wording.buttons.items())
    body = _fitting_body(alert, known_facts, proposed, buttons, wording, reader)
    return Message(
        wording.language,
        _fill(wording.kinds[alert.kind].subject, known_facts, alert),
        body.text,
        body.paragraphs,
        body.proposals,
        buttons,
        _fields(alert, facts, known_facts, proposed, buttons, wording, reader),
        heading=wording.heading,
    )


@dataclass(frozen=True, slots=True)
class _Body:
    text: str
    paragraphs: tuple[str, ...]
    proposals: tuple[str, ...]


def _fitting_body(
    alert: Alert,
    known_facts: dict[str, str],
    proposed: Sequence[Suggestion],
    buttons: Sequence[Button],
    wording: Wording,
    reader: str,
) -> _Body:
    """The body in at most `MOST_WORDS`, as far as sentences may lack: those that begin with `?`."""
    template = wording.kinds[alert.kind].body
    sentences = [
        sentence
        for sentence in template
        if not (_is_spare(sentence) and lacking(sentence, known_facts))
    ]
    proposals = tuple(suggestion.text.text(wording.language) for suggestion in proposed[:2])
    seen_by = wording.seen_by.format(role=reader)
    # what the reader can do without goes first: the second suggestion, then optional sentences from the last on
    while True:
        paragraphs = tuple(
            _fill(sentence.removeprefix("?"), known_facts, alert) for sentence in sentences
        )
        text = _body_text(paragraphs, proposals, buttons, wording, seen_by)
        spare = [
            sentence_number
            for sentence_number, sentence in enumerate(sentences)
            if _is_spare(sentence)
        ]
        if words(text) <= MOST_WORDS or (len(proposals) < 2 and not spare):
            return _Body(text, paragraphs, proposals)
        if len(proposals) > 1:
            proposals = proposals[:1]
        else:
            del sentences[spare[-1]]


def _is_spare(sentence: str) -> bool:
    return sentence.startswith("?")


def _fields(
    alert: Alert,
    facts: Facts,
    known_facts: dict[str, str],
    proposed: Sequence[Suggestion],
    buttons: Sequence[Button],
    wording: Wording,
    reader: str,
) -> tuple[Field, ...]:
    """Every mandatory fact, in order; one that is not known says so."""
    language = wording.language
    # some alerts rest on a matter that is no indicator: it has a name and no definition
    has_definition = known_facts["indicator"] != known_facts["definition"]
    labels = wording.labels if has_definition else {**wording.labels, "indicator": wording.matter}
    indicator = (
        _fill(wording.indicator, known_facts, alert) if has_definition else known_facts["indicator"]
    )
    numbered = [
        f"{proposal_number}) {suggested(suggestion, language)}"
        for proposal_number, suggestion in enumerate(proposed, 1)
    ]
    fields = {
        **wording.absent,
        "unit": facts.unit.text(language),
        "system": facts.system.text(language),
        "indicator": indicator,
        "since": begun(alert, facts, wording, in_full=True),
        "why": wording.kinds[alert.kind].why,
        "ruled_out": wording.kinds[alert.kind].ruled_out,
        "actions": "  ".join(numbered),
        "buttons": ", ".join(button.label for button in buttons),
        "sees": reader,
        "about_unit": wording.about_unit,
        **figure_fields(known_facts, facts, wording),
    }
    return tuple(
        Field(field_name, labels[field_name], fields[field_name]) for field_name in _FIELDS
    )


def line(item: Item, language: str) -> str:
    """An alert in one line, with the link to its chart: reminders, escalations, what is over, what others speak for."""
    wording = _wording(language)
    fields = placeholders(item.alert, item.facts, wording)
    subject = _fill(wording.kinds[item.alert.kind].subject, fields, item.alert)
    line_name = item.what.value
    if item.what is Occasion.RECOVERY:
        line_name = _RECOVERIES.get(item.alert.kind, "over")
    sentence = wording.lines[line_name].format_map({**fields, "subject": subject})
    return f"{sentence} {item.facts.chart}" if item.facts.chart else sentence


def compose(items: Sequence[Item], language: str, day: date) -> Message:
    """One message to one recipient over all systems: the first new alert in full, the others in a line each.

    ValueError without items.
    """
    if not items:
        raise ValueError("a message is about something")
    wording = _wording(language)
    lead_item = next((item for item in items if item.what is Occasion.NEW), None)
    further_lines = tuple(line(item, language) for item in items if item is not lead_item)
    if lead_item is not None:
        message = render(lead_item.alert, lead_item.facts, language)
        return replace(
            message, lines=further_lines, further=wording.further if further_lines else ""
        )
    return Message(
        wording.language,
        wording.follow_up.format(week=day.isocalendar().week),
        wording.about_unit,
        (wording.about_unit,),
        (),
        (),
        (),
        further_lines,
    )


def suggestions(kind: Kind, facts: Facts, language: str) -> dict[str, Suggestion]:
    """What to do about an alert, at most three things, by the id of each as an action.

    The registry's own, else what of the catalogue facts speak for: nobody trains who is trained, and no paper route is
    closed where there is none. An id is the same whatever the facts say, so that a planned action keeps its words.
    """
    speaks = {
        "": True,
        "untrained": facts.ready is None or facts.ready < READY,
        "paper": facts.paper is not None and facts.paper > 0,
    }
    # ids are given before facts choose, so that the same advice has the same id in every week
    by_id = actions(kind, facts.suggestions, language)
    if not facts.suggestions:
        catalogue = _wording(language).kinds[kind].suggestions
        by_id = {
            action_id: suggestion
            for (action_id, suggestion), advice in zip(by_id.items(), catalogue, strict=True)
            if speaks[advice.where]
        }
    return dict(list(by_id.items())[:3])


def actions(kind: Kind, registered: Sequence[Suggestion], language: str) -> dict[str, Suggestion]:
    """Everything that can be done about a kind of alert, by id: what the registry suggests (`registered`), else the
    whole catalogue."""
    wording = _wording(language)
    catalogue = [
        Suggestion(kind.value, Names.of(advice.text), Names.of(wording.roles[advice.owner]))
        for advice in wording.kinds[kind].suggestions
    ]
    return {
        f"{kind.value}-{action_number}": suggestion
        for action_number, suggestion in enumerate(registered or catalogue, 1)
    }


def suggested(suggestion: Suggestion, language: str) -> str:
    """A suggestion in one line: what, who, and where to begin."""
    link = f" {suggestion.link}" if suggestion.link else ""
    return f"{suggestion.text.text(language)} ({suggestion.owner.text(language)}){link}"


def problems(message: Message) -> list[str]:
    """What a message must not have: too many words, words that grade units, decimals of percent, addresses."""
    complaints = []
    if words(message.body) > MOST_WORDS:
        complaints.append(
            f"the body has {words(message.body)} words; at most {MOST_WORDS} are read"
        )
    message_text = f"{message.subject}\n{message.text}"
    for pattern, complaint in (
        (_FORBIDDEN, "grades units"),
        (_DECIMALS, "has decimals of a percent"),
        (_ADDRESS, "is somebody's address"),
    ):
        complaints += [f"'{match[0]}' {complaint}" for match in pattern.finditer(message_text)]
    return complaints


def words(text: str) -> int:
    """Number of words; a number with spaces in it is one."""
    return len(text.replace("\u00a0", "").split())


def _wording(language: str) -> Wording:
    return WORDINGS.get(language, WORDINGS["en"])


def _fill(template: str, placeholder_values: dict[str, str], alert: Alert) -> str:
    unknown = lacking(template, placeholder_values)
    if unknown:
        raise FactsError(
            f"alert {alert.id} of kind {alert.kind} cannot be told without {', '.join(unknown)}"
        )
    return template.format_map(placeholder_values)


def _body_text(
    paragraphs: Sequence[str],
    proposals: Sequence[str],
    buttons: Sequence[Button],
    wording: Wording,
    seen_by: str,
) -> str:
    numbered = [
        f"{proposal_number}) {proposal}." for proposal_number, proposal in enumerate(proposals, 1)
    ]
    advice = " ".join([wording.suggested, *numbered])
    answers = " ".join(f"[{button.label}]" for button in buttons)
    return "\n\n".join([" ".join(paragraphs), advice, answers, f"{wording.about_unit} {seen_by}"])
