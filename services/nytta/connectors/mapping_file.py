"""YAML in which every value is text and every place has a line: no word ever turns into something else.

Without this, `no` would be false, `1.10` would be 1.1, and `2024-04-28` a date.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from nytta.organisation.problems import Problem

Path = tuple[str | int, ...]
"""Keys and positions from the top of the document to a value."""


@dataclass(slots=True)
class Document:
    """The texts, lists and mappings of one YAML document, and where they stand."""

    file: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    _lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line, from 1, of the value at `path` or of the nearest value around it."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def add(self, path: Path, message: str) -> None:
        """Note a problem at `path`."""
        self.problems.append(Problem(self.file, self.line(path), message))


def parse(text: str, file: str) -> Document:
    """The YAML document `text`. What is wrong with it is in its `problems`; `data` is then None or a part."""
    document = Document(file)
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            if isinstance(event, yaml.AliasEvent):
                text = "references (*name) are not used here; write the value out"
                document.problems.append(Problem(file, _line(event.start_mark), text))
                return document
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        document.problems.append(Problem(file, _line(mark), f"the YAML cannot be read: {error.problem}"))
        return document
    except yaml.YAMLError as error:
        document.problems.append(Problem(file, 1, f"the YAML cannot be read: {error}"))
        return document
    document.data = _value(node, (), document) if node is not None else {}
    return document


def _line(mark: Any) -> int:
    return mark.line + 1 if mark is not None else 1


def _value(node: yaml.Node, path: Path, document: Document) -> Any:
    document._lines[path] = _line(node.start_mark)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in found:
                text = f"'{key}' stands here a second time; keep one of the two"
                document.problems.append(Problem(document.file, _line(key_node.start_mark), text))
                continue
            found[key] = _value(value_node, (*path, key), document)
            document._lines[(*path, key)] = _line(key_node.start_mark)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, index), document) for index, item in enumerate(node.value)]
    return node.value
