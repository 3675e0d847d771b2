"""What comes in: CloudEvents with usage data, checked, pseudonymised and made into columns.

`decode` is the one way in; the models in `nytta.ingest.events.models` say what passes it. Names are loaded when they
are first asked for: models and readers take longest of all to load, and who needs columns alone does not wait for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nytta.ingest.events.batch import Batch, Reject, decode
    from nytta.ingest.events.columns import ALWAYS, COLUMNS, DEFAULTS
    from nytta.ingest.events.encode import to_ndjson
    from nytta.ingest.events.envelope import EVENTS, Event
    from nytta.ingest.events.models import TYPES, ActorKind, Channel, Data, DecisionState, Mode
    from nytta.ingest.events.pseudonyms import Pseudonym, Pseudonymiser, parse
    from nytta.ingest.events.reasons import MEANINGS, Reason
    from nytta.ingest.events.validation import Refused, validate

_MODULES = {
    "batch": ("Batch", "Reject", "decode"),
    "columns": ("ALWAYS", "COLUMNS", "DEFAULTS"),
    "encode": ("to_ndjson",),
    "envelope": ("EVENTS", "Event"),
    "models": ("TYPES", "ActorKind", "Channel", "Data", "DecisionState", "Mode"),
    "pseudonyms": ("Pseudonym", "Pseudonymiser", "parse"),
    "reasons": ("MEANINGS", "Reason"),
    "validation": ("Refused", "validate"),
}

__all__ = [
    "ALWAYS",
    "COLUMNS",
    "DEFAULTS",
    "EVENTS",
    "MEANINGS",
    "TYPES",
    "ActorKind",
    "Batch",
    "Channel",
    "Data",
    "DecisionState",
    "Event",
    "Mode",
    "Pseudonym",
    "Pseudonymiser",
    "Reason",
    "Refused",
    "Reject",
    "decode",
    "parse",
    "to_ndjson",
    "validate",
]


def __getattr__(attribute_name: str) -> Any:
    for module, names in _MODULES.items():
        if attribute_name in names:
            return getattr(import_module(f"nytta.ingest.events.{module}"), attribute_name)
    raise AttributeError(f"module {__name__!r} has no attribute {attribute_name!r}")
