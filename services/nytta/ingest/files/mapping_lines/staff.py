"""The mapping of a list of staff: who belongs to which unit, and is expected to use what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.mapping_lines.fields import (
    answers_yes,
    moment,
    quoted,
    unit_line,
    yaml_list,
)
from nytta.ingest.files.mapping_lines.read_columns import WORDS

_LEADERS: Final = re.compile(
    r"chef|leder\b|leiar|rektor|manager|\bhead\b|director|direktør|direktör|sjef", re.IGNORECASE
)


def staff(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """The unit, the day, and an event of each system that somebody is expected to use or may ask support for."""
    fields = draft.fields
    # the first day is compared with both ends, which must be written in one notation
    is_comparable = "from" in fields and fields.get("to") not in draft.others
    first_date = answered.get("not_before", "") if is_comparable else ""
    yield unit_line(draft, answered)
    if answered.get("system"):
        yield f"system: {{constant: {quoted(answered['system'])}}}"
    since_field = f"{{constant: {answered.get('since') or 'YYYY-MM-DD'}}}"
    if "from" in fields:
        since_field = moment(
            draft, fields["from"], answered, f"not_before: {first_date}" if first_date else ""
        )
    yield f"time: {since_field}"
    yield f"actor: {quoted(fields['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    membership = list(_membership(draft, answered, since_field, first_date))
    yield "events:"
    yield "  - " + membership[0].lstrip()
    yield from membership[1:]
    if "access" in fields:
        access = answers_yes(draft, fields["access"])
        yield f"    account: {access}"
        yield f"    licence: {access}"
    systems = {answered.get("system", "")}
    for aim, explanation in (
        ("support", "everybody may ask for support there"),
        ("expected", "everybody is to use it"),
    ):
        for system in answered.get(aim, "").split():
            if system not in systems:
                yield f"  - also: {aim}_{re.sub(r'[^a-z0-9]', '_', system)}  # {explanation}"
                yield f"    system: {{constant: {quoted(system)}}}"
                yield from membership
            systems.add(system)


def _membership(
    draft: Draft, answered: Mapping[str, str], since_field: str, first_date: str
) -> Iterator[str]:
    """The event that somebody belongs to a unit, without its system."""
    fields = draft.fields
    yield "    type: people.eligibility"
    condition = _employed(draft)
    if first_date and "to" in fields:
        lasting = f"field: {quoted(fields['to'])}, lasts_to: {first_date}"
        lasting += f", where: {condition}" if condition else ""
        yield f"    when: {{{lasting}}}  # figures begin then"
    elif condition:
        yield f"    when: {condition}"
    if "role" in fields:
        role = quoted(fields["role"])
        yield f"    role: {role}"
        leaders = {
            cell_text
            for cell_text in cells.filled(draft.texts(fields["role"]))
            if _LEADERS.search(cell_text)
        }
        if leaders:
            leader_mappings = ", ".join(
                f"{quoted(leader)}: managers" for leader in sorted(leaders)[:WORDS]
            )
            yield f"    tier: {{field: {role}, values: {{{leader_mappings}}}, otherwise: staff}}"
    if "fte" in fields:
        yield from position(draft, fields["fte"])
    yield f"    valid_from: {since_field}"
    if "to" in fields:
        # lists name the last day, events the day after it
        yield f"    valid_to: {moment(draft, fields['to'], answered, 'add_days: 1')}"


def _employed(draft: Draft) -> str:
    """The condition that somebody has not left, where a column says it; "" where none does."""
    column = draft.fields.get("employed", "")
    words = cells.words_of_leaving(draft.texts(column)) if column else None
    return f"{{field: {quoted(column)}, is_not: {yaml_list(words)}}}" if words else ""


def position(draft: Draft, column: str) -> Iterator[str]:
    """The part of a full position in percent, where the cells are whole percents or parts of 1."""
    cell_texts = cells.filled(draft.look.cells(column))
    try:
        shares = [
            float(cell_text.replace("%", "").replace(" ", "").replace(",", "."))
            for cell_text in cell_texts
        ]
    except ValueError:
        return
    if any("%" in cell_text for cell_text in cell_texts):
        return
    if max(shares) <= 1 and any(round(share * 100, 6) % 1 for share in shares):
        return  # parts of a percent, which events do not hold
    if max(shares) <= 1:
        yield f"    fte: {{field: {quoted(column)}, times: 100}}"
    elif all(share == int(share) and 1 <= share <= 100 for share in shares):
        yield f"    fte: {quoted(column)}"
