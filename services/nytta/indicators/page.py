"""The page that lists every indicator, from the definitions themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nytta.indicators.definition import Definition, Derived, Detection, Texts

_LANGUAGES = ("sv", "nb", "en")

_FAMILIES = {
    "access": "Access",
    "adoption": "Adoption",
    "digital-process": "Digital process",
    "support": "Support",
    "readiness": "Readiness",
    "governance": "Governance",
    "benefit": "Benefit",
}

_HEAD = """# Indicators

Made by `nytta schemas build` from `schemas/indicators` and `schemas/derived.yaml`; `make check` compares. A counted
indicator is one file with two integers per week and unit; a derived one is one pure function over published rows.
"""


def page(definitions: Sequence[Definition], derived: Mapping[str, Derived]) -> str:
    """The page as Markdown: counted indicators by family, then the derived ones."""
    page_lines = [_HEAD]
    for family, family_name in _FAMILIES.items():
        family_definitions = [
            definition for definition in definitions if definition.family == family
        ]
        if family_definitions:
            page_lines += [
                f"## {family_name}\n",
                *(line for definition in family_definitions for line in _counted(definition)),
            ]
    page_lines.append("## Derived\n")
    for indicator_id, derived_definition in derived.items():
        page_lines += [
            *_texts(
                indicator_id,
                derived_definition.code,
                derived_definition.title,
                derived_definition.question,
                derived_definition.pitfalls,
            )
        ]
        page_lines += [
            f"Function `{derived_definition.function}`; read with `{derived_definition.read}`.\n"
        ]
    return "\n".join(page_lines)


def _counted(definition: Definition) -> Iterator[str]:
    yield from _texts(
        definition.id, definition.code, definition.title, definition.question, definition.pitfalls
    )
    weeks = "1 week" if definition.display.window == 1 else f"{definition.display.window} weeks"
    detected = (
        f"watched for {', '.join(definition.detect.detectors)}"
        if isinstance(definition.detect, Detection)
        else "drawn, never mailed"
    )
    facts = [
        f"version {definition.version}",
        f"{definition.kind} in {definition.display.unit_of_measure}",
        f"window {weeks}",
        f"protects {definition.protects}",
        f"purpose {definition.purpose}",
        detected,
        *([f"known of {definition.known:.0%} at least"] if definition.known else []),
    ]
    yield f"{'; '.join(facts)[:1].upper()}{'; '.join(facts)[1:]}.\n"
    yield "```sql"
    for name, side in (
        ("numerator", definition.numerator),
        ("denominator", definition.denominator),
    ):
        where = "" if side.where == "1" else f" where {side.where}"
        yield f"{name}: {side.value} of {side.subject}{where}"
    yield "```\n"
    if definition.sources:
        yield f"Source: {'; '.join(definition.sources)}.\n"


def _texts(indicator_id: str, code: str, *texts: Texts) -> Iterator[str]:
    title, question, pitfalls = texts
    yield f"### `{indicator_id}`{f' ({code})' if code else ''}\n"
    yield "| | Title | Question | Pitfalls |\n|---|---|---|---|"
    yield from _rows(title, question, pitfalls)
    yield ""


def _rows(*texts: Texts) -> Iterable[str]:
    for language in _LANGUAGES:
        yield f"| {language} | {' | '.join(getattr(text, language).replace('|', '/') for text in texts)} |"
