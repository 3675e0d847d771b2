"""What comes in: CloudEvents with usage data, checked, pseudonymised and made into columns.

`decode` is the one way in; the models in `nytta.ingest.events.models` say what passes it.
"""

from nytta.ingest.events.batch import Batch, Reject, decode
from nytta.ingest.events.columns import ALWAYS, COLUMNS, DEFAULTS
from nytta.ingest.events.encode import encode, to_ndjson
from nytta.ingest.events.envelope import EVENTS, Event
from nytta.ingest.events.models import TYPES, ActorKind, Channel, Data, DecisionState, Mode
from nytta.ingest.events.pseudonyms import Pseudonym, Pseudonymiser, parse
from nytta.ingest.events.reasons import MEANINGS, Reason
from nytta.ingest.events.validation import Refused, validate

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
    "encode",
    "parse",
    "to_ndjson",
    "validate",
]
