"""YAML text as a tree that remembers its lines. Every scalar stays text: what it means is the entry's matter.

YAML's own guesses are switched off, so that the country `NO` is not false, the code `0123` not 83, and an
impossible date is not an error without a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from nytta.registry.problems import Problem

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"

DEPTH = 50
"""Lists and mappings inside one another, beyond which a file is refused."""

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_FAST: Final[type[yaml.BaseLoader]] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""The reader that is written in C, where it is there: ten times as fast."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_TAB = re.compile(r" *\t")
_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Node:
    """One value of a file: text, nothing, a list or a mapping, with its line from 1.

    `keys` holds the line of each key of a mapping.
    """

    line: int
    value: str | list[Node] | dict[str, Node] | None
    keys: dict[str, int] = field(default_factory=dict)

    def at(self, *path: str | int) -> int:
        """The line of what `path` leads to, or of the last step of it that exists."""
        node = self
        line = self.line
        for step in path:
            if isinstance(node.value, dict) and isinstance(step, str) and step in node.value:
                # the key's own line: a value may begin on a later one
                line = node.keys[step]
                node = node.value[step]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.line
            else:
                break
        return line

    def plain(self) -> Plain:
        """The value without lines."""
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return self.value


def read(body: bytes, file: str) -> tuple[Node | None, list[Problem]]:
    """The tree of the YAML document in the bytes of a file, as `decode` and `parse` have it."""
    text, problems = decode(body, file)
    return (None, problems) if text is None else parse(text, file)


def decode(file_body: bytes, file: str) -> tuple[str | None, list[Problem]]:
    """The text of a file in UTF-8, with or without a byte order mark; None and the problem when it is not."""
    if file_body.startswith(_UTF16):
        return None, [Problem(file, 1, "the file is UTF-16; save it as UTF-8")]
    try:
        return file_body.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = file_body.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        message = f"the file is not UTF-8 (byte 0x{byte:02X}; perhaps ISO-8859-1 or Windows-1252); save it as UTF-8"
        return None, [Problem(file, line, message)]


def parse(
    yaml_text: str, file: str, null_words: frozenset[str] = NULLS
) -> tuple[Node | None, list[Problem]]:
    """The tree of one YAML document, None when it cannot be read at all, and what is wrong with it.

    A key given twice in one mapping is a problem; the first of the two stands in the tree. `nothing` are the
    words that, without quotation marks, stand for no value.
    """
    root, problems = _parse(yaml_text, file, null_words, _FAST)
    # what is wrong is told in the words and at the places of the reader that is written in Python
    if problems and _FAST is not yaml.BaseLoader:
        return _parse(yaml_text, file, null_words, yaml.BaseLoader)
    return root, problems


def _parse(
    yaml_text: str, file: str, null_words: frozenset[str], loader: type[yaml.BaseLoader]
) -> tuple[Node | None, list[Problem]]:
    try:
        # event by event first, which holds nothing: what would make a tree too large or too deep is seen before it is
        danger = _danger(yaml_text, file, loader)
        if danger:
            return None, [danger]
        root = yaml.compose(yaml_text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        # tabs are told as such: nobody sees them
        return None, _tabs(yaml_text, file) or [_syntax(error, file)]
    except yaml.reader.ReaderError as error:
        line = yaml_text.count("\n", 0, error.position) + 1
        sign = ord(error.character) if isinstance(error.character, str) else error.character
        return None, [
            Problem(file, line, f"the character U+{sign:04X} is not allowed in YAML; remove it")
        ]
    except (
        ValueError,
        OverflowError,
    ) as error:  # a number that YAML itself reads, of a sign or its own version
        return None, [Problem(file, 1, f"not valid YAML: {error}")]
    problems: list[Problem] = []
    if root is None:
        return None, [Problem(file, 1, "the file is empty; fill it in or remove it")]
    return _node(root, file, problems, null_words), problems


def _danger(text: str, file: str, loader: type[yaml.BaseLoader]) -> Problem | None:
    """The first thing of a document that would make its tree larger, deeper or stranger than any file of ours."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            # What one reference names may name others again: a short text could stand for a value of any size.
            return Problem(file, line, "references (*name) are not used here; write the value out")
        if isinstance(event, yaml.ScalarEvent) and _SURROGATE.search(event.value):
            message = (
                "an escape from \\uD800 to \\uDFFF is half a character; write the whole character"
            )
            return Problem(file, line, message)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        # what YAML's reader does for each token grows with it
        if depth > DEPTH:
            return Problem(
                file, line, f"the file is nested too deeply, more than {DEPTH} lists and mappings"
            )
    return None


def _node(raw: yaml.Node, file: str, problems: list[Problem], null_words: frozenset[str]) -> Node:
    line = raw.start_mark.line + 1
    if raw.tag not in _TAGS:
        problems.append(
            Problem(file, line, f"the tag {raw.tag[:80]} means nothing here; remove it")
        )
    if isinstance(raw, yaml.SequenceNode):
        return Node(line, [_node(element, file, problems, null_words) for element in raw.value])
    if isinstance(raw, yaml.MappingNode):
        node = Node(line, {})
        assert isinstance(node.value, dict)
        for key_node, value_node in raw.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(
                    Problem(file, key_line, "a key must be a word, not a list or a mapping")
                )
            elif key_node.value in node.keys:
                first_line = node.keys[key_node.value]
                message = (
                    f"the key `{key_node.value}` stands twice in one entry "
                    f"(first in line {first_line}); remove one"
                )
                problems.append(Problem(file, key_line, message))
            else:
                node.keys[key_node.value] = key_line
                node.value[key_node.value] = _node(value_node, file, problems, null_words)
        return node
    assert isinstance(raw, yaml.ScalarNode)
    # a style is a quotation mark: what is quoted is a text, also where it looks like nothing
    is_nothing = not raw.style and raw.value in null_words
    return Node(line, None if is_nothing else raw.value)


def _tabs(text: str, file: str) -> list[Problem]:
    return [
        Problem(file, number, "the line is indented with a tab; YAML wants spaces")
        for number, line in enumerate(text.split("\n"), start=1)
        if _TAB.match(line)
    ]


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    details = ", ".join(str(detail) for detail in (error.context, error.problem) if detail)
    line = mark.line + 1 if mark else 1
    column = f" (column {mark.column + 1})" if mark else ""
    return Problem(file, line, f"not valid YAML: {details}{column}")
