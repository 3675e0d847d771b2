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
    lines = [_HEAD]
    for family, name in _FAMILIES.items():
        its = [d for d in definitions if d.family == family]
        if its:
            lines += [f"## {name}\n", *(line for d in its for line in _counted(d))]
    lines.append("## Derived\n")
    for id_, each in derived.items():
        lines += [*_texts(id_, each.code, each.title, each.question, each.pitfalls)]
        lines += [f"Function `{each.function}`; read with `{each.read}`.\n"]
    return "\n".join(lines)


def _counted(d: Definition) -> Iterator[str]:
    yield from _texts(d.id, d.code, d.title, d.question, d.pitfalls)
    weeks = "1 week" if d.display.window == 1 else f"{d.display.window} weeks"
    detected = (
        f"watched for {', '.join(d.detect.detectors)}" if isinstance(d.detect, Detection) else "drawn, never mailed"
    )
    facts = [
        f"version {d.version}",
        f"{d.kind} in {d.display.unit_of_measure}",
        f"window {weeks}",
        f"protects {d.protects}",
        f"purpose {d.purpose}",
        detected,
        *([f"known of {d.known:.0%} at least"] if d.known else []),
    ]
    yield f"{'; '.join(facts)[:1].upper()}{'; '.join(facts)[1:]}.\n"
    yield "```sql"
    for name, side in (("numerator", d.numerator), ("denominator", d.denominator)):
        where = "" if side.where == "1" else f" where {side.where}"
        yield f"{name}: {side.value} of {side.subject}{where}"
    yield "```\n"
    if d.sources:
        yield f"Source: {'; '.join(d.sources)}.\n"


def _texts(id_: str, code: str, *texts: Texts) -> Iterator[str]:
    title, question, pitfalls = texts
    yield f"### `{id_}`{f' ({code})' if code else ''}\n"
    yield "| | Title | Question | Pitfalls |\n|---|---|---|---|"
    yield from _rows(title, question, pitfalls)
    yield ""


def _rows(*texts: Texts) -> Iterable[str]:
    for language in _LANGUAGES:
        yield f"| {language} | {' | '.join(getattr(each, language).replace('|', '/') for each in texts)} |"
