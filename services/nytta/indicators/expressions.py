"""SQL expressions of definitions, read as far as needed: which columns they name, and which rows they count.

No parser of SQL: a definition is written by those who run the installation, and the engine refuses what is none.
"""

from __future__ import annotations

import re

from nytta.indicators.subjects import Subject

_AGGREGATE = re.compile(r"(countIf|count|sumIf|sum)\((.*)\)", re.DOTALL)
_WORD = re.compile(r"'(?:[^'\\]|\\.)*'|([A-Za-z_][A-Za-z0-9_]*)(\s*\()?")
_SQL_WORDS = {
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "like",
    "between",
    "distinct",
    "true",
    "false",
    "interval",
    "day",
}


def counting_condition(aggregate: str) -> str:
    """The condition under which a row adds to a count or sum; "" where every row counts, or it is neither."""
    called = _AGGREGATE.fullmatch(aggregate.strip())
    # `count() / sum(minutes)` begins and ends as a call does, and is none
    if called is None or not _closed(called.group(2)):
        return ""
    arguments = _arguments(called.group(2))
    match called.group(1):
        case "count":
            return ""
        case "countIf":
            return arguments[0]
        case "sum":
            return f"({arguments[0]}) != 0"
        case _:
            return f"({arguments[0]}) != 0 AND ({arguments[1]})"


def _closed(expression: str) -> bool:
    """Whether no parenthesis of the expression closes one before it."""
    depth = 0
    for sign in _bare(expression):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0


def _arguments(expression: str) -> list[str]:
    """The arguments of a call, cut at the commas outside of parentheses and brackets."""
    arguments, depth, argument_start = [], 0, 0
    for position, sign in enumerate(_bare(expression)):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            arguments.append(expression[argument_start:position].strip())
            argument_start = position + 1
    return [*arguments, expression[argument_start:].strip()]


def _bare(expression: str) -> str:
    """The text with its quoted words blanked, letter by letter."""
    return re.sub(r"'(?:[^'\\]|\\.)*'", lambda word: " " * len(word.group()), expression)


def check_columns(expression: str, subject: Subject) -> None:
    """Refuse an expression that names a column the subject does not have (functions and lambdas' names pass)."""
    unknown = [word for word in columns_of(expression) if word not in subject.columns]
    if unknown:
        column_names = ", ".join(sorted(subject.columns))
        raise ValueError(
            f"column '{unknown[0]}' is unknown to subject '{subject.name}', which has: {column_names}"
        )


def columns_of(expression: str) -> list[str]:
    """The words of an expression that must be columns, in their order."""
    # names that a lambda gives to its arguments are columns of nothing
    lambda_names = set(re.findall(r"([A-Za-z_][A-Za-z0-9_]*)\s*->", expression))
    for group in re.findall(r"\(([A-Za-z_0-9,\s]+)\)\s*->", expression):
        lambda_names |= {name.strip() for name in group.split(",")}
    column_names = []
    for match in _WORD.finditer(expression):
        word, call = match.group(1), match.group(2)
        if (
            word is not None
            and not call
            and word.lower() not in _SQL_WORDS
            and word not in lambda_names
            and word != "part"
        ):
            column_names.append(word)
    return column_names
