"""Which columns of a list its mapping reads."""

from __future__ import annotations

import re
from typing import Final

from nytta.ingest.files import cells
from nytta.ingest.files.channels import is_unknown
from nytta.ingest.files.draft import Draft
from nytta.ingest.files.field_columns import product_used_last
from nytta.ingest.files.kinds import UNREAD, USE
from nytta.ingest.files.listed_units import slug

WORDS: Final = 40
"""Words of a column that a mapping lists."""


def product_columns(draft: Draft) -> dict[str, str]:
    """Columns that each say when a product was used last → the product; empty where not several do."""
    fields = draft.fields
    if draft.kind != USE or "app" in fields or product_used_last(fields["at"]) is None:
        return {}
    products: dict[str, str] = {}
    for column in draft.look.columns:
        product = product_used_last(column)
        is_alike = product and set(draft.dates) <= set(cells.notations(draft.look.cells(column)))
        if (
            product
            and is_alike
            and re.match("[a-z]", slug(product))
            and product not in products.values()
        ):
            products[column] = product
    return products if len(products) > 1 else {}


def columns_read(draft: Draft) -> set[str]:
    """The columns that the mapping of a draft may read: those of its fields, and of products."""
    return {column for role, column in draft.fields.items() if role not in UNREAD} | set(
        product_columns(draft)
    )


def unknown_channels(draft: Draft) -> set[str]:
    """Words of a channel that nobody knows, by which no other column that is read says anything."""
    column = draft.fields.get("channel", "")
    unknown_words = {
        cell_text.strip() for cell_text in draft.texts(column) if is_unknown(cell_text)
    }
    return unknown_words - {
        cell_text.strip()
        for other_column in columns_read(draft) - {column}
        for cell_text in draft.look.cells(other_column)
    }
