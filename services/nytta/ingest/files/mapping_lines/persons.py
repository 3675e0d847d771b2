"""Mappings of what persons did: courses that they completed, applications that they used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nytta.ingest.files import cells
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.listed_units import slug
from nytta.ingest.files.mapping_lines.fields import (
    actor_kinds,
    answer,
    moment,
    quoted,
    unit_and_system,
    unit_line,
    yaml_list,
)
from nytta.ingest.files.mapping_lines.read_columns import product_columns


def training(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """A course that somebody completed."""
    fields = draft.fields
    yield unit_line(draft, answered)
    yield f"time: {moment(draft, fields['at'], answered)}"
    yield f"actor: {quoted(fields['person'])}"
    yield "actor_kind: {constant: person}"
    yield ""
    yield "events:"
    yield "  - type: change.training"
    yield from _done(draft)
    yield f"    course: {quoted(fields['course'])}"


def use(draft: Draft, answered: Mapping[str, str]) -> Iterator[str]:
    """That somebody used an application, or each of the products that have a column."""
    fields = draft.fields
    yield from unit_and_system(draft, answered)
    if products := product_columns(draft):
        yield f"actor: {quoted(fields['person'])}"
        yield from actor_kinds(draft, "person")
        yield ""
        yield "events:"
        for share, (column, product) in enumerate(products.items()):
            word = "" if share == 0 else f"also: {slug(product).replace('-', '_')}\n    "
            yield f"  - {word}type: platform.session"
            # a later report says later days, which take nothing back
            yield f"    identity: {yaml_list([fields['person'], column])}"
            yield f"    when: {{field: {quoted(column)}, present: true}}"
            yield f"    time: {moment(draft, column, answered)}"
            yield f"    app: {{constant: {quoted(product)}}}"
        return
    yield f"time: {moment(draft, fields['at'], answered)}"
    yield f"actor: {quoted(fields['person'])}"
    yield from actor_kinds(draft, "person")
    yield ""
    yield "events:"
    yield "  - type: platform.session"
    yield from _done(draft)
    if "app" in fields:
        yield f"    app: {quoted(fields['app'])}"


def _done(draft: Draft) -> Iterator[str]:
    """The condition that a course was completed, or a system used: an answer, or a day where some rows have none."""
    column = draft.fields["at"]
    if "done" in draft.fields:
        yield from answer(draft, "done", "    when")
    elif not draft.look.is_whole or len(cells.filled(draft.look.cells(column))) < len(
        draft.look.rows
    ):
        yield f"    when: {{field: {quoted(column)}, present: true}}"
