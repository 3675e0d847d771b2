"""The scenarios of the CloudEvents project's conformance suite for the JSON format, as changes to an event of ours.

Names are the suite's (format/json); names with "ours" say where our contract is narrower: an event needs a time, its
data are a JSON object, and its type is ours. So `validSimpleTextData` is among the invalid ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ABSENT = object()
"""An attribute that is left out; None is a JSON null."""

VALID: dict[str, dict[str, Any]] = {
    "validMinimal": {},
    "validMinimalWithNullForOptional": {"datacontenttype": None, "dataschema": None, "subject": None, "ext": None},
    "validAllCoreAttributes": {
        "datacontenttype": "application/json",
        "dataschema": "https://cloudevents.io/dataschema",
        "subject": "tests",
    },
    "validMinimalWithTimeUtc": {"time": "2018-04-05T17:31:00Z"},
    "validMinimalWithTimeToNanosecondsUtc": {"time": "2018-04-05T17:31:00.000000000Z"},
    "validMinimalWithTimeUsingPositiveOffset": {"time": "2018-04-05T18:31:00+01:00"},
    "validMinimalWithTimeUsingNegativeOffset": {"time": "2018-04-05T16:31:00-01:00"},
    "validRelativeSource": {"source": "#fragment"},
    "validAllExtensionTypes": {
        "extinteger": 10,
        "extboolean": True,
        "extstring": "text",
        "exturi": "https://cloudevents.io",
        "exturiref": "//authority/path",
        "exttimestamp": "2023-03-31T15:12:00Z",
        "extbinary": "TWE=",
    },
}

INVALID: dict[str, dict[str, Any]] = {
    "invalidNoSpecVersion": {"specversion": ABSENT},
    "invalidNoId": {"id": ABSENT},
    "invalidNoType": {"type": ABSENT},
    "invalidNoSource": {"source": ABSENT},
    "invalidTimeGarbage": {"time": "lunchtime"},
    "invalidTimeToMinute": {"time": "2018-04-05T18:31Z"},
    "invalidTimeOffsetX": {"time": "2018-04-05T18:31:00X"},
    "invalidTimeOffsetOutOfRange": {"time": "2018-04-05T18:31:00+25:00"},
    "invalidTimeOffsetNonInteger": {"time": "2018-04-05T18:31:00+xx:00"},
    "invalidTimeOffsetHourOnly": {"time": "2018-04-05T18:31:00+05"},
    "invalidEmptyId": {"id": ""},
    "invalidEmptyType": {"type": ""},
    "invalidEmptySource": {"source": ""},
    "invalidEmptySpecVersion": {"specversion": ""},
    "invalidUnknownSpecVersion": {"specversion": "0.9"},
    "invalidNonRfc2046DataContentType": {"datacontenttype": "xyz"},
    "invalidEmptyDataContentType": {"datacontenttype": ""},
    "invalidEmptyDataSchema": {"dataschema": ""},
    "invalidEmptySubject": {"subject": ""},
    "invalidNumericId": {"id": 25},
    "invalidObjectId": {"id": {"xyz": "abc"}},
    "invalidCapitalizedExtension": {"MyExtension": "bad"},
    "invalidPunctuatedExtension": {"my.extension": "bad"},
    "invalidNonIntegerExtensionValue": {"myextension": 1.5},
    "invalidBothDataAndDataBase64": {"data_base64": "eyAieHl6IjogMTIzIH0="},
    "JSON 2.2: integers have 32 bits": {"ext": 2**31},
    "JSON 2.2: no arrays": {"ext": [1]},
    "ours: a time is required": {"time": None},
    "ours: validSimpleTextData": {"data": "Simple text", "datacontenttype": "text/plain"},
}


def changed(event: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The event with these attributes in the place of its own."""
    return {k: v for k, v in (dict(event) | dict(attributes)).items() if v is not ABSENT}
