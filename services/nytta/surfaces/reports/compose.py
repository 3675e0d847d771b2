"""From a statement to the document of a report: two pages to decide from, then an appendix."""

from __future__ import annotations

from datetime import UTC, datetime

from nytta.insight.benefits.statement import Statement
from nytta.surfaces.reports import appendix, figures, summary
from nytta.surfaces.reports.content import Content
from nytta.surfaces.reports.document import Break, Document


def document(
    statement: Statement, published_at: datetime, language: str, system: str = "", *, font: str
) -> Document:
    """The report of an organisation's benefits, of one system or all (''), as it was stated at `published_at`."""
    content = Content(statement, language, system, font)
    is_known = system in statement.systems
    about = content.say(
        "about",
        system=content.system_name(system) if is_known else content.say("every_system"),
        organisation=content.name(statement.names),
        week=figures.week(statement.week, language),
    )
    moment = f"{published_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    blocks = (*summary.blocks(content), Break(), *appendix.blocks(content))
    return Document(
        language, content.say("title"), about, content.say("foot", moment=moment), blocks
    )
