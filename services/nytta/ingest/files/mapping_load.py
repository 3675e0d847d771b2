"""Mappings from their YAML: all that is wrong with one is said at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping as Lookup
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from nytta.ingest.files import mapping_file
from nytta.ingest.files.contract import Target, targets
from nytta.ingest.files.errors import MappingError
from nytta.ingest.files.mapping import Head, Mapping, Rule, Source
from nytta.ingest.files.specs import Moment, Spec, Table, Test, Texts, Value
from nytta.registry import declarations
from nytta.registry.problems import Problem, nearest

_TIME = Target("day", required=True)
_NESTED = ("json", "lines", "object", "xml")
"""Formats whose rows may hold lists."""
_Model = TypeVar("_Model", bound=BaseModel)


def shipped() -> list[str]:
    """The names of the mappings that come with Nytta, in order."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def load(mapping_name: str | Path) -> Mapping:
    """The shipped mapping of that name, or the one in that file. `MappingError` lists all that is wrong."""
    path = Path(mapping_name)
    if path.suffix not in (".yaml", ".yml"):
        path = _folder() / f"{mapping_name}.yaml"
        if not path.is_file():
            known_names = shipped()
            suggestion = nearest(str(mapping_name), known_names)
            message = (
                f"no mapping comes with that name{suggestion} Known: {', '.join(known_names)}; "
            )
            raise MappingError([Problem(str(mapping_name), 1, message + "or name a .yaml file")])
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MappingError(
            [Problem(str(path), 1, f"the mapping cannot be opened: {error.strerror}")]
        ) from error
    except UnicodeDecodeError as error:
        raise MappingError(
            [Problem(str(path), 1, "the mapping is not UTF-8; save it as UTF-8")]
        ) from error
    return parse(text, str(path))


def parse(text: str, file: str) -> Mapping:
    """The mapping in YAML `text`; `file` is its name in messages. `MappingError` lists all that is wrong."""
    document = mapping_file.parse(text, file)
    mapping = _Builder(document).build() if document.data is not None else None
    # all of them at once: whoever mends a mapping should not meet them one by one
    if document.problems:
        raise MappingError(sorted(document.problems))
    assert mapping is not None
    return mapping


def _folder() -> Path:
    return declarations.schemas() / "mappings"


class _Builder:
    """Turns the texts of a document into a mapping and notes every problem on the way."""

    def __init__(self, document: mapping_file.Document) -> None:
        self._document = document
        self._known = {field_name for fields in targets().values() for field_name in fields} | {
            "time"
        }

    def build(self) -> Mapping | None:
        data = self._document.data
        if not isinstance(data, dict):
            self._document.add((), "a mapping is a list of `name: value` lines")
            return None
        head = self._model(
            Head,
            {
                field_name: data[field_name]
                for field_name in data
                if field_name in Head.model_fields
            },
            (),
        )
        rules = self._rules(data.get("events"))
        types = {type_name for rule in rules for type_name in rule.types}
        remaining = {
            field_name: given_value
            for field_name, given_value in data.items()
            if field_name not in Head.model_fields and field_name != "events"
        }
        common = self._fields(remaining, (), types)
        mapping = None
        if head is not None:
            head_fields = {
                field_name: getattr(head, field_name) for field_name in Head.model_fields
            }
            mapping = Mapping.model_construct(
                **head_fields, common=MappingProxyType(common), rules=tuple(rules)
            )
            self._check_whole(mapping)
        return mapping

    def _rules(self, given_rules: Any) -> list[Rule]:
        if not isinstance(given_rules, list) or not given_rules:
            self._document.add(
                ("events",),
                "events: list at least one event that a row becomes, such as `- type: case.step`",
            )
            return []
        rules = [
            rule
            for rule_index, entry in enumerate(given_rules)
            if (rule := self._rule(entry, ("events", rule_index)))
        ]
        # events of a row are told apart by that word: two with the same would have one id
        seen_rules: set[tuple[str, tuple[str, ...] | None]] = set()
        for rule_index, rule in enumerate(rules):
            if (rule.also, rule.identity) in seen_rules:
                rule_name = f"also: {rule.also}" if rule.also else "an event without also"
                self._document.add(
                    ("events", rule_index),
                    f"{rule_name} stands here a second time; give each event its own word",
                )
            seen_rules.add((rule.also, rule.identity))
        return rules

    def _rule(self, entry: Any, path: mapping_file.Path) -> Rule | None:
        if not isinstance(entry, dict):
            self._document.add(
                path, "an event is a list of `name: value` lines, first of all `type:`"
            )
            return None
        head = self._model(
            _RuleHead,
            {
                field_name: entry[field_name]
                for field_name in entry
                if field_name in _RuleHead.model_fields
            },
            path,
        )
        types = self._types(head.type, (*path, "type")) if head is not None else ()
        remaining = {
            field_name: given_value
            for field_name, given_value in entry.items()
            if field_name not in _RuleHead.model_fields
        }
        fields = self._fields(remaining, path, set(types))
        if head is None or not types:
            return None
        # a type that is the same for every row is known now, and looked up no more
        choice = head.type if head.type.constant is None else None
        return Rule(
            types, head.also, choice, head.when, head.once, head.identity, MappingProxyType(fields)
        )

    def _types(self, field_value: Value, path: mapping_file.Path) -> tuple[str, ...]:
        type_names = tuple(dict.fromkeys(field_value.results))
        if field_value.constant is None and field_value.passes_through:
            self._document.add(
                path, "say which text means which type: {field: …, values: {text: case.step}}"
            )
        for type_name in type_names:
            if type_name not in targets():
                self._document.add(
                    path, f"there is no event type '{type_name}'{nearest(type_name, targets())}"
                )
        return tuple(type_name for type_name in type_names if type_name in targets())

    def _fields(
        self, given_fields: Lookup[str, Any], path: mapping_file.Path, types: set[str]
    ) -> dict[str, Source]:
        sources: dict[str, Source] = {}
        for field_name, field_value in given_fields.items():
            entry_path = (*path, field_name)
            if field_name not in self._known:
                known_names = self._known | (
                    _RuleHead.model_fields.keys() if path else Head.model_fields.keys()
                )
                self._document.add(
                    entry_path,
                    f"there is no field '{field_name}'{nearest(field_name, known_names)}",
                )
                continue
            taking = (
                [_TIME]
                if field_name == "time"
                else [
                    targets()[type_name][field_name]
                    for type_name in sorted(types)
                    if field_name in targets()[type_name]
                ]
            )
            if not taking:
                if types:
                    self._document.add(
                        entry_path,
                        f"{' and '.join(sorted(types))} cannot have '{field_name}'; remove it",
                    )
                continue
            source = self._source(taking[0], field_value, entry_path)
            if source is not None:
                sources[field_name] = source
        return sources

    def _source(self, target: Target, given_source: Any, path: mapping_file.Path) -> Source | None:
        if target.kind == "day":
            return self._model(
                Moment,
                {"field": given_source} if isinstance(given_source, str) else given_source,
                path,
            )
        if target.kind == "flag":
            if given_source in ("true", "false"):
                return bool(given_source == "true")
            if isinstance(given_source, str):
                self._document.add(
                    path, "a flag is true, false, or a question such as {field: …, is: …}"
                )
                return None
            return self._model(Test, given_source, path)
        field_value = self._model(
            Value, {"field": given_source} if isinstance(given_source, str) else given_source, path
        )
        if field_value is None:
            return None
        for text in field_value.results:
            if target.kind == "choice" and text not in target.choices:
                self._document.add(path, f"'{text}' is none of {', '.join(target.choices)}")
            if target.kind == "whole" and not text.lstrip("-").isdigit():
                self._document.add(path, f"'{text}' is not a whole number")
        if target.kind != "whole" and (field_value.sum is not None or field_value.times != 1):
            self._document.add(path, "sum and times are for numbers; this field takes text")
        return field_value

    def _check_whole(self, mapping: Mapping) -> None:
        """Say what its parts, each right by itself, contradict together."""
        self._check_identity(mapping)
        self._check_form(mapping)
        for rule_index, rule in enumerate(mapping.rules):
            self._check_rule(mapping, rule, rule_index)

    def _check_identity(self, mapping: Mapping) -> None:
        if mapping.source is not None and mapping.identity is None:
            self._document.add(
                ("source",), "source belongs to identity; remove it, or say which fields name a row"
            )
        if mapping.identity is not None and mapping.source is None:
            self._document.add(
                ("identity",),
                "identity needs the name of its source, the same for every export: source: …",
            )
        if mapping.snapshot and mapping.identity is None:
            self._document.add(
                ("snapshot",),
                "a snapshot needs identity: the fields by which rows of two exports are the same",
            )
        if mapping.complete and not mapping.snapshot:
            self._document.add(
                ("complete",), "complete belongs to snapshot: true, for it is about the whole list"
            )
        if mapping.revision is not None and mapping.identity is None:
            self._document.add(
                ("revision",),
                "a revision needs identity: the fields by which a row is the same again",
            )

    def _check_form(self, mapping: Mapping) -> None:
        if mapping.format != "table" and mapping.table != Table():
            self._document.add(
                ("table",),
                "table is for format: table; other formats say themselves how they are written",
            )
        nested = mapping.format in _NESTED
        if mapping.records and (not nested or mapping.format == "lines"):
            self._document.add(
                ("records",),
                "records is for format: json, object or xml; others have one list only",
            )
        for field_name in ("each", "entries"):
            if getattr(mapping, field_name) and not nested:
                self._document.add(
                    (field_name,),
                    f"{field_name} is for format: json, lines, object or xml; others have no lists",
                )

    def _check_rule(self, mapping: Mapping, rule: Rule, rule_index: int) -> None:
        if rule.identity is not None and mapping.identity is None:
            self._document.add(
                ("events", rule_index),
                "an event's own identity needs source and identity of the rows beside it",
            )
        for type_name in rule.types:
            fields = mapping.fields_of(rule, type_name)
            required = [
                field_name for field_name, target in targets()[type_name].items() if target.required
            ]
            for field_name in [*required, "time"]:
                if field_name not in fields:
                    self._document.add(
                        ("events", rule_index),
                        f"{type_name} needs '{field_name}'; say where it comes from",
                    )

    def _model(
        self, model: type[_Model], given_value: Any, path: mapping_file.Path
    ) -> _Model | None:
        try:
            return model.model_validate(given_value)
        except ValidationError as error:
            for detail in error.errors():
                self._document.add(*_in_words(detail, path, model))
            return None


class _RuleHead(Spec):
    type: Annotated[
        Value,
        BeforeValidator(
            lambda short_form: (
                {"constant": short_form} if isinstance(short_form, str) else short_form
            )
        ),
    ]
    also: Annotated[str, Field(pattern="^[a-z][a-z_]*$")] = ""
    when: Test | None = None
    once: bool = False
    identity: Texts | None = None


def _in_words(
    detail: Any, path: mapping_file.Path, model: type[BaseModel]
) -> tuple[mapping_file.Path, str]:
    """Where pydantic's complaint belongs, and the complaint as a sentence that says what to change."""
    entry_path = (*path, *detail["loc"])
    field_name = detail["loc"][-1] if detail["loc"] else ""
    kind, message = detail["type"], str(detail["msg"])
    if kind == "missing":
        return path, f"'{field_name}' is missing"
    if kind == "extra_forbidden":
        known_names = [info.alias or field for field, info in model.model_fields.items()]
        return entry_path, f"there is no '{field_name}' here{nearest(str(field_name), known_names)}"
    if kind == "value_error":
        return entry_path, message.removeprefix("Value error, ")
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return (
            entry_path,
            "this is a list of `name: value` lines or {name: value, …}, not a single text",
        )
    if kind == "literal_error":
        return entry_path, f"'{detail['input']}' is none of {detail['ctx']['expected']}"
    if field_name:
        return entry_path, f"'{field_name}': {message[:1].lower()}{message[1:]}"
    return entry_path, message
