"""The CloudEvents 1.0 envelope around the data of an event."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from nytta.ingest.events.fields import (
    EXTENSION_NAME,
    EventId,
    Extension,
    JsonMediaType,
    Retracted,
    Revision,
    Sequence,
    Subject,
    Text,
    Time,
    UriReference,
    kept_extensions,
)
from nytta.ingest.events.models import TYPES, Data


class RetractedData(BaseModel):
    """What a retraction may say: the unit for which it speaks, where its sender may speak for some units only."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    unit: Text = None


class Event(BaseModel):
    """A CloudEvent in JSON, version 1.0. Source and id together are its identity."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        use_attribute_docstrings=True,
        json_schema_extra={"propertyNames": {"pattern": f"^{EXTENSION_NAME.pattern}$"}},
    )
    __pydantic_extra__: dict[str, Extension] = Field(init=False)

    specversion: Literal["1.0"]
    """The version of CloudEvents."""
    id: EventId
    """The event within its source; the same id from the same source is the same event."""
    source: UriReference
    """The source of the event: a URI or a relative reference, with other characters percent-encoded."""
    type: str
    """The type of the event."""
    time: Time
    """When it happened, with an offset; kept in milliseconds."""
    subject: Subject | None = None
    """The subject in the source's own words; checked, but not kept, for it may name a person or a case."""
    datacontenttype: JsonMediaType | None = None
    """The media type of the data, which is JSON."""
    dataschema: UriReference | None = None
    """The address of a schema of the data; checked, but not kept."""
    sequence: Sequence = 0
    """The place of the event among those of its source, such as a row number; 0 where order is unknown."""
    revision: Revision = 0
    """Of several contents of one event, the one with the greatest revision counts; 0 where none is given."""
    retracted: Retracted = False
    """Whether the event is taken back, by this revision of it; its data are then not looked at."""
    data: Data
    """What happened."""

    @model_validator(mode="after")
    def _named_as_cloudevents_ask(self) -> Self:
        for name in self.__pydantic_extra__:
            if not EXTENSION_NAME.fullmatch(name):
                raise PydanticCustomError(
                    "extension_name",
                    "an extension attribute has a name that is not all lower-case letters and digits",
                )
        return self

    @property
    def extensions(self) -> dict[str, str]:
        """The extension attributes Nytta does not know, as texts."""
        return kept_extensions(self.__pydantic_extra__)


class Retraction(BaseModel):
    """An event that is taken back: whose identity, and since which revision. What it said is not repeated."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    specversion: Literal["1.0"]
    id: EventId
    source: UriReference
    type: str
    time: Time | None = None
    revision: Revision = 0
    data: RetractedData | None = None


def _event(model: type[Data]) -> type[Event]:
    fields: dict[str, Any] = {
        "type": (Literal[model.type_name()], Field(description="The type of the event.")),
        "data": (model, Field(description="What happened.")),
    }
    return create_model(
        f"{model.__name__}Event",
        __base__=Event,
        __doc__=model.__doc__,
        # it has no source text to take them from
        __cls_kwargs__={"use_attribute_docstrings": False},
        **fields,
    )


EVENTS: Final[Mapping[str, type[Event]]] = MappingProxyType(
    {name: _event(model) for name, model in TYPES.items()}
)
"""CloudEvents type to the model of the whole event."""
