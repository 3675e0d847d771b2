"""What comes in: CloudEvents with usage data, checked, pseudonymised and made into columns.

`decode` is the one door; the models in `nytta.events.models` say what passes it.
"""

from nytta.events.batch import Batch, Reject, decode
from nytta.events.columns import ALWAYS, COLUMNS, DEFAULTS
from nytta.events.encode import encode, to_ndjson
from nytta.events.envelope import EVENTS, Event
from nytta.events.models import TYPES, ActorKind, Channel, Data, DecisionState, Mode
from nytta.events.pseudonyms import Pseudonym, Pseudonymiser, parse
from nytta.events.reasons import MEANINGS, Reason
from nytta.events.validation import Refused, validate

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
