"""Moves the package into rooms that bear the names of its parts, and gives its concepts one noun each.

    python3 -m venv /tmp/move && /tmp/move/bin/pip install libcst
    /tmp/move/bin/python deploy/move/the_move.py        # in a clean checkout
    ruff check --fix services tests; ruff format services tests

The tables come first: what goes where (`MOVES`), which functions and classes change their file (`SPLITS`), and what is
named anew (`NAMES`, `TOKENS`). Whatever they do not name stays as it is. A checkout that is moved already is left alone.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import textwrap
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from libcst.metadata import (
    GlobalScope,
    ImportAssignment,
    MetadataWrapper,
    PositionProvider,
    ScopeProvider,
)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# --------------------------------------------------------------------------- what goes where

MOVES = {
    # what comes in
    "nytta.events": "nytta.ingest.events",
    "nytta.connectors": "nytta.ingest.files",
    "nytta.gateway": "nytta.ingest.http",
    "nytta.gateway.desk": "nytta.ingest.http.decode_queue",
    "nytta.gateway.http": "nytta.ingest.http.routes",
    "nytta.gateway.judging": "nytta.ingest.http.validation",
    "nytta.broker": "nytta.ingest.stream",
    "nytta.processors": "nytta.ingest.stream",
    "nytta.processors.figures": "nytta.ingest.stream.metrics",
    "nytta.processors.member": "nytta.ingest.stream.faust_app",
    "nytta.processors.stream": "nytta.ingest.stream.consumer",
    "nytta.intake": "nytta.ingest.intake",
    "nytta.keys": "nytta.ingest.keys",
    "nytta.store.private": "nytta.ingest.store.private",
    "nytta.store.exclusions": "nytta.ingest.store.exclusions",
    "nytta.store.quality": "nytta.ingest.store.quality",
    "nytta.store.counted": "nytta.ingest.store.counted",
    # raw events to exact cells
    "nytta.indicators.render": "nytta.indicators.store.render",
    "nytta.store.recompute": "nytta.indicators.store.recompute",
    "nytta.store.scratch": "nytta.indicators.store.scratch",
    "nytta.store.values": "nytta.indicators.store.values",
    "nytta.store.seals": "nytta.indicators.store.seals",
    "nytta.store.supports": "nytta.indicators.store.supports",
    "nytta.store.processing": "nytta.indicators.store.processing",
    "nytta.store.periods": "nytta.indicators.periods",
    "nytta.store.removal": "nytta.indicators.disposal.removal",
    "nytta.store.retention": "nytta.indicators.disposal.retention",
    "nytta.store.erase": "nytta.indicators.disposal.erase",
    "nytta.store.rekeying": "nytta.indicators.disposal.rekeying",
    "nytta.detection": "nytta.indicators.detection",
    # the gate
    "nytta.store.publish": "nytta.disclosure.store.publish",
    "nytta.store.facts": "nytta.disclosure.store.facts",
    "nytta.store.detection": "nytta.disclosure.store.verdicts",
    "nytta.store.sources": "nytta.disclosure.store.sources",
    "nytta.store.outbox": "nytta.disclosure.store.outbox",
    "nytta.store.open": "nytta.disclosure.published.values",
    "nytta.store.shown": "nytta.disclosure.published.figures",
    "nytta.store.outbound": "nytta.disclosure.published.outbound",
    # published figures to findings
    "nytta.indicators.states": "nytta.insight.states.combined",
    "nytta.indicators.cascade": "nytta.insight.states.cascade",
    "nytta.indicators.decisions": "nytta.insight.states.decisions",
    "nytta.indicators.mix": "nytta.insight.states.mix",
    "nytta.benefits": "nytta.insight.benefits",
    "nytta.benefits.course": "nytta.insight.benefits.measured",
    "nytta.alerts": "nytta.insight.alerts",
    "nytta.alerting": "nytta.insight.alerts.evaluation",
    "nytta.delivery": "nytta.insight.alerts.delivery",
    "nytta.store.states": "nytta.insight.store.states",
    "nytta.store.mix": "nytta.insight.store.mix",
    "nytta.store.benchmarks": "nytta.insight.store.benchmarks",
    "nytta.store.alerts": "nytta.insight.store.alerts",
    # for people
    "nytta.console": "nytta.surfaces.console",
    "nytta.console.shown": "nytta.surfaces.console.figure_texts",
    "nytta.reports": "nytta.surfaces.reports",
    "nytta.grafana": "nytta.surfaces.grafana",
    "nytta.authentication": "nytta.surfaces.authentication",
    "nytta.transparency": "nytta.surfaces.transparency",
    "nytta.spreadsheets": "nytta.surfaces.spreadsheets",
    "nytta.store.access": "nytta.surfaces.access_log",
    # what is declared
    "nytta.organisation": "nytta.registry",
    "nytta.contracts": "nytta.registry.declarations",
    "nytta.store.registry": "nytta.registry.store.tables",
    # the engine
    "nytta.store": "nytta.storage",
    "nytta.permissions": "nytta.storage.permissions",
    # the parts joined
    "nytta.app": "nytta.service",
    "nytta.settings": "nytta.service.settings",
    "nytta.measures": "nytta.service.metrics",
    "nytta.cli.rounds": "nytta.service.schedule",
    "nytta.cli.stopping": "nytta.service.stopping",
    "nytta.cli.logs": "nytta.service.logs",
    "nytta.cli.door": "nytta.service.command_server",
    "nytta.cli.loopback": "nytta.service.command_client",
    "nytta.store.benefits": "nytta.service.statements",
    "nytta.store.exact_mix": "nytta.service.exact_mix",
    "nytta.processors.marks": "nytta.service.streams.marks",
    "nytta.processors.signals": "nytta.service.streams.signals",
    "nytta.processors.alerter": "nytta.service.streams.alerter",
    "nytta.processors.worker": "nytta.service.streams.worker",
    "nytta.simulate": "nytta.demo",
    "nytta.errors": "nytta",
    # tests mirror the package
    "tests.events": "tests.ingest.events",
    "tests.connectors": "tests.ingest.files",
    "tests.gateway": "tests.ingest.http",
    "tests.gateway.test_judging": "tests.ingest.http.test_validation",
    "tests.gateway.test_http": "tests.ingest.http.test_routes",
    "tests.processors.test_stream": "tests.ingest.stream.test_consumer",
    "tests.broker": "tests.ingest.stream",
    "tests.processors": "tests.ingest.stream",
    "tests.processors.test_marks": "tests.service.streams.test_marks",
    "tests.processors.test_alerter": "tests.service.streams.test_alerter",
    "tests.processors.test_distributed": "tests.service.streams.test_distributed",
    "tests.test_keys": "tests.ingest.test_keys",
    "tests.test_real_logs": "tests.ingest.test_real_logs",
    "tests.test_poisoned_imports": "tests.ingest.test_poisoned_imports",
    "tests.detection": "tests.indicators.detection",
    "tests.store": "tests.storage",
    "tests.test_permissions": "tests.storage.test_permissions",
    "tests.test_private_files": "tests.storage.test_private_files",
    "tests.store.test_counted": "tests.ingest.store.test_counted",
    "tests.store.test_dying_rounds": "tests.indicators.store.test_dying_rounds",
    "tests.store.test_exactness": "tests.indicators.store.test_exactness",
    "tests.store.test_processing": "tests.indicators.store.test_processing",
    "tests.store.test_several_writers": "tests.indicators.store.test_several_writers",
    "tests.store.test_erase": "tests.indicators.disposal.test_erase",
    "tests.store.test_retention": "tests.indicators.disposal.test_retention",
    "tests.store.test_publish": "tests.disclosure.store.test_publish",
    "tests.store.test_facts": "tests.disclosure.store.test_facts",
    "tests.store.test_sources": "tests.disclosure.store.test_sources",
    "tests.store.test_outbound": "tests.disclosure.published.test_outbound",
    "tests.store.test_reading": "tests.disclosure.published.test_reading",
    "tests.store.test_shown": "tests.disclosure.published.test_figures",
    "tests.indicators.test_states": "tests.insight.states.test_combined",
    "tests.indicators.test_cascade": "tests.insight.states.test_cascade",
    "tests.indicators.test_decisions": "tests.insight.states.test_decisions",
    "tests.indicators.test_mix": "tests.insight.states.test_mix",
    "tests.benefits": "tests.insight.benefits",
    "tests.alerts": "tests.insight.alerts",
    "tests.alerting": "tests.insight.alerts.evaluation",
    "tests.delivery": "tests.insight.alerts.delivery",
    "tests.store.test_states": "tests.insight.store.test_states",
    "tests.store.test_mix": "tests.insight.store.test_mix",
    "tests.console": "tests.surfaces.console",
    "tests.reports": "tests.surfaces.reports",
    "tests.grafana": "tests.surfaces.grafana",
    "tests.authentication": "tests.surfaces.authentication",
    "tests.store.test_access": "tests.surfaces.test_access_log",
    "tests.test_spreadsheets": "tests.surfaces.test_spreadsheets",
    "tests.test_transparency": "tests.surfaces.test_transparency",
    "tests.organisation": "tests.registry",
    "tests.test_app": "tests.service.test_installation",
    "tests.test_keeping": "tests.service.test_keeping",
    "tests.test_stopping": "tests.service.test_stopping",
    "tests.test_logs": "tests.service.test_logs",
    "tests.test_replay": "tests.service.test_replay",
    "tests.test_rotation": "tests.service.test_rotation",
    "tests.store.test_benefits": "tests.service.test_statements",
    "tests.test_commands": "tests.cli.test_commands",
    "tests.test_derived_commands": "tests.cli.test_derived_commands",
    "tests.test_doctor": "tests.cli.test_doctor",
    "tests.test_privacy_commands": "tests.cli.test_privacy_commands",
    "tests.simulate": "tests.demo",
}
"""Old dotted name → new one, of modules and of whole packages; the longest that fits counts."""

ENGINE = {f"nytta.store.{name}" for name in ("client", "migrate", "lease", "journal", "backup", "disk", "halves")}
"""Modules that stay with the engine."""

DROPPED = {"nytta.errors", "nytta.processors"}
"""Modules whose file (`__init__.py` of a package) goes, because another one of that name is there."""

SPLITS = {
    "nytta.registry.store.approvals": (
        "Approvals as tables of the open zone: whose figures may be computed, and for which purpose.",
        {
            "nytta.store.processing": (
                "_APPROVALS",
                "approvals",
                "save_approvals",
                "remember_approval",
                "created_approvals",
            )
        },
    ),
    "nytta.ingest.store.stops": (
        "Events of systems that are switched off: they are counted, and not kept.",
        {"nytta.store.processing": ("without_stopped", "count_stopped")},
    ),
    "nytta.ingest.store.renamings": (
        "Which pseudonym of a used key becomes which of the coming one, noted while both keys live.",
        {"nytta.store.rekeying": ("note",)},
    ),
    "nytta.ingest.store.sources": (
        "Which events came from which source.",
        {"nytta.store.access": ("sources_of_events",)},
    ),
    "nytta.disclosure.store.withdrawal": (
        "What is taken back, or not computed, because its purpose is not approved.",
        {"nytta.store.processing": ("withdraw", "not_approved")},
    ),
    "nytta.disclosure.rounding": (
        "How coarsely numbers of cases, and hours that follow from them, may be said.",
        {"nytta.benefits.pools": ("rounded_cases", "two_digits", "_power", "_half_up")},
    ),
    "nytta.insight.store.statements": (
        "Statements of benefits as they were published: kept whole, never changed, read back as of any moment.",
        {"nytta.store.benefits": ("Said", "Statements", "until")},
    ),
    "nytta.service.streams.signal_messages": (
        "The form of messages on the topic of signals: verdicts, what was judged, and what people answer to an alert.",
        {"nytta.broker.wire": ("signal_message", "judged_message", "answer_message", "read_answer")},
    ),
    "nytta.storage.disk": ("", {"nytta.measures": ("disk",)}),
    "nytta": ("", {"nytta.errors": ("Mendable",)}),
}
"""New module → its docstring ('' where the module is there), and what moves into it from old modules."""

PACKAGES = {
    "nytta.ingest": """What comes in: events over HTTP, in files and through Kafka become durable raw rows of the private zone.

    For whoever connects a source. Contracts of events (`events`) and readers of files (`files`) are pure and open to
    every room; `http`, `stream` and `store` hold raw events and are private. Nothing here computes a figure.""",
    "nytta.ingest.store": "The SQL of what comes in: raw events, rejects, marks, exclusions. Private.",
    "nytta.ingest.stream": """Kafka and Faust: topics, messages, a producer that answers when all replicas have them, and streams that store.

    Each stream is a short file around a function that a test calls without a broker. Nothing else knows Faust, but for
    `service.streams`, which joins streams to the computation.""",
    "nytta.indicators": """From raw events to exact cells: what an indicator is, what it counts, and which weeks stand out.

    For whoever defines what is measured. Definitions, subjects and `detection` are pure and open; `store` computes exact
    figures and `disposal` takes persons out of them, both in the private zone. Nothing here writes into the open zone.

    Three kinds of indicator exist: *counted* ones are YAML definitions with SQL expressions, *rolled* ones come out of the
    one view that divides, *derived* ones (`insight.states`) are pure functions over published rows.""",
    "nytta.indicators.store": "The SQL of cells: subjects derived from raw events, cells, their values and their verification. Private.",
    "nytta.indicators.disposal": "How persons leave the private zone: by retention, by erasure, and by a change of keys. Private.",
    "nytta.disclosure": """The gate: what leaves the private zone has passed it, with enough persons behind it, and no finer than need be.

    For whoever answers for the data. The rules and the ledger are pure; `store` is the only writer of figures into the
    open zone; `published` reads back what was published. A figure that is not in the ledger is nowhere.""",
    "nytta.disclosure.store": "Across the gate: exact figures in, published figures, facts and verdicts out. Private, but for what it writes.",
    "nytta.disclosure.published": "What is published, read back. Open: no module here can name a private table.",
    "nytta.insight": """From published figures to findings: states, benefits, alerts and their delivery.

    For managers and programme leads. Pure functions on published rows; `store` reads and writes open tables alone. Nothing
    here imports a private module: whatever it knows, everybody may know who may see the unit.""",
    "nytta.insight.states": "Derived indicators: what several published figures show together. Pure.",
    "nytta.insight.store": "The SQL of findings: states, alerts, statements, benchmarks. Open tables alone.",
    "nytta.surfaces": """For people: the console and its API, reports, dashboards, and who may sign in.

    Everything here shows published figures and findings, and computes none. What a page needs of the running service, it
    asks through an interface that `cli` fills in.""",
    "nytta.registry": """Core: who belongs where, and what was agreed: the registry.

    Three YAML files (organisation, systems, programme) are read into one `Registry` of frozen dataclasses: organisations
    and units with their history, reporting groups, the codes that sources use for units, calendars, systems and case
    types, milestones, plans, benefits, decisions, costs, deviations and approvals. `load` reads and checks a directory,
    `created` makes a registry for a log that has none, `tables` gives the rows that `store` keeps. Nothing here knows an
    event or a figure.""",
    "nytta.registry.store": "The SQL of the registry: its tables in the open zone.",
    "nytta.storage": """The only package that speaks to ClickHouse, embedded (chDB) or as a server, through one library.

    Connection, migrations, lease, journal, backup. It knows no unit, no event and no figure.""",
    "nytta.service.streams": "The streams that compute and that keep the alerts: each has one owner at a time, by a lease.",
}
"""Docstrings of packages; those that are not there yet are made. The service's stands in its own file."""

NAMES: dict[tuple[str, str], str] = {
    ("nytta.gateway.desk", "Desk"): "DecodeQueue",
    ("nytta.benefits.state", "_Desk"): "_StatementBuilder",
    ("nytta.store.states", "_Desk"): "_PublishedSeries",
    ("nytta.alerts.schedule", "_Desk"): "_DigestPlanner",
    ("nytta.alerting.observe", "Desk"): "PublishedEvidence",
    ("nytta.cli.door", "door"): "command_server",
    ("nytta.console.context", "Asked"): "PageRequest",
    ("nytta.processors.marks", "Asked"): "MarkRequests",
    ("nytta.benefits.forecast", "Course"): "MeasuredBenefit",
    # function words
    ("nytta.cli.common", "told"): "stderr",
    ("nytta.processors.marks", "told"): "value_message",
    ("nytta.console.pages.unit", "Told"): "AlertSummary",
    ("nytta.console.pages.unit", "found"): "visible_root",
    ("nytta.console.routing.reading", "chosen"): "chosen_reading",
    ("nytta.console.queries", "heard"): "evaluated_week",
    ("nytta.console.shown", "Shown"): "FigureText",
    ("nytta.console.shown", "shown"): "figure_text",
    ("nytta.console.words", "known"): "has_words",
    ("nytta.reports.words", "known"): "has_words",
    ("nytta.reports.figures", "whole"): "whole_number",
    ("nytta.grafana.phrases", "now"): "latest_value",
    ("nytta.grafana.push", "What"): "Outcome",
    ("nytta.cli.console", "made"): "build_console",
    ("nytta.cli.doctor", "Found"): "Finding",
    ("nytta.store.shown", "Shown"): "PublishedFigures",
    ("nytta.indicators.states", "Shown"): "PublishedFigure",
    ("nytta.store.benefits", "Said"): "PublishedStatement",
    ("nytta.store.backup", "held"): "hold",
    ("nytta.alerts.schedule", "Sent"): "SentMessage",
    ("nytta.alerts.schedule", "What"): "Occasion",
    ("nytta.alerts.records", "sent"): "decode_sent",
    ("nytta.gateway.judging", "Sent"): "EventRequest",
    ("nytta.gateway.reading", "Held"): "BodyMemory",
    ("nytta.organisation.roles", "What"): "Permission",
    ("nytta.organisation.entries.fields", "Known"): "KnownIds",
    ("nytta.organisation.entries.programme", "What"): "MilestoneKind",
    ("nytta.processors.stream", "own"): "own_partition",
    ("nytta.measures", "disk"): "free_gauge",
}
"""(old module, name) → new name, of module level names; wherever they are imported, too."""

PARAMETERS: dict[tuple[str, str, str], str] = {
    ("nytta.alerts.schedule", "what", "What"): "occasion",
    ("nytta.alerts.schedule", "sent", "Iterable[Sent]"): "history",
    ("nytta.alerts.schedule", "sent", "list[Sent]"): "history",
    ("nytta.gateway.http", "sent", "Sequence[Sent]"): "requests",
    ("nytta.organisation.roles", "what", "What"): "permission",
    ("nytta.console.*", "what", "What"): "permission",
    ("*", "given", "Circumstances"): "circumstances",
    ("*", "seen", "Observation"): "observation",
    ("*", "seen", "Iterable[Observation]"): "observations",
    ("*", "seen", "Sequence[Observation]"): "observations",
    ("*", "seen", "list[Observation]"): "observations",
    ("*", "seen", "Forecast | None"): "outlook",
    ("*", "here", "Scene"): "scene",
    ("*", "here", "set[str]"): "units",
    ("*", "said", "Statement"): "statement",
    ("*", "held", "Held"): "memory",
    ("*", "held", "Collection[Grant]"): "grants",
    ("*", "held", "Delivery | None"): "delivery",
    ("*", "held", "set[TP]"): "partitions",
    ("*", "found", "Funnel"): "funnel",
    ("*", "found", "Identifiers"): "identifiers",
    ("*", "found", "Mixed"): "mixed",
    ("*", "found", "Quality"): "quality",
    ("*", "found", "list[tuple[int, Reject]]"): "rejects",
    ("*", "made", "CreatedRoot"): "created_root",
    ("*", "made", "dashboard.Dashboard"): "board",
    ("*", "known", "Known"): "ids",
    ("*", "known", "dict[tuple[str, str], Delivery]"): "deliveries",
    ("nytta.alerts.texts", "known", "dict[str, str]"): "values",
    ("nytta.organisation.problems", "known", "Iterable[str]"): "names",
    ("nytta.console.words", "known", "Sequence[str]"): "languages",
    ("*", "told", "tuple[Told, ...]"): "summaries",
    ("nytta.store.backup", "told", "dict[str, Any]"): "document",
    ("nytta.store.removal", "chosen", "str"): "condition",
    ("nytta.store.shown", "shown", "Shown"): "figures",
    ("*", "each", "Due"): "due",
    ("*", "each", "Suggestion"): "suggestion",
    ("*", "own", "TextIO"): "stream",
    ("*", "kept", "Sequence[Benefit]"): "benefits",
    ("*", "at", "datetime"): "moment",
    ("nytta.simulate.*", "at", "Ints"): "times",
    ("nytta.alerting.evaluate", "heard", "date | None"): "evaluated",
}
"""(old module, or all below one, or * for all; parameter; its type as it was written) → new name of the parameter.

A function that has the new name already keeps the old one. Callers that name the parameter are changed by the function's
name; the type checker tells where that was not enough."""

UNTOUCHED = (
    "nytta.disclosure",
    "nytta.detection",
    "nytta.store.recompute",
    "nytta.store.publish",
    "nytta.store.detection",
    "nytta.indicators.render",
)
"""Old modules inside which no parameter is renamed."""

KNOWN_NAMES: set[tuple[str, str]] = {("nytta.processors.health", "metrics")}
"""(old module, name) that is there already, and does no harm."""

_PUBLISHED = {"desk": "published", ".desk": ".published"}
_REQUEST = {"asked": "page_request"}

TOKENS: dict[str, dict[str, str]] = {
    "nytta.gateway.http": {"._desk": "._decode_queue"},
    "nytta.gateway.judging": {"sent": "request", "given": "circumstances"},
    "nytta.gateway.desk": {"sent": "request", ".sent": ".request"},
    "nytta.processors.health": {"metrics": "metrics_page"},
    "nytta.processors.marks": {"asked": "requests"},
    "nytta.alerting.observe": _PUBLISHED,
    "nytta.alerting.tell": _PUBLISHED,
    "nytta.alerting.chart": _PUBLISHED,
    "nytta.alerting.evaluate": _PUBLISHED,
    "nytta.console.readings": _PUBLISHED,
    "nytta.store.states": {"desk": "series"},
    "nytta.alerts.schedule": {"desk": "planner"},
    "tests.gateway.test_judging": {"desk": "queue"},
    "nytta.store.mix": {"asked": "question"},
    "nytta.store.exact_mix": {"asked": "question"},
    "nytta.cli.door": {"its": "words"},
    "nytta.console.pages.*": _PUBLISHED,
    "nytta.console.routing.reading": _PUBLISHED | _REQUEST,
    "nytta.console.routing.benefits": _REQUEST,
    "nytta.console.routing.intake": _REQUEST,
    "nytta.console.routing.session": _REQUEST,
    "nytta.console.routing.api": _REQUEST,
}
"""Old module, or all below one → names of parameters, locals and attributes (with a dot before) renamed in it alone."""


# --------------------------------------------------------------------------- the tree as it was


def dotted(path: Path) -> str:
    """The name under which a Python file is imported; tests too."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    if parts[0] == "services":
        parts = parts[1:]
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts)


def moved(name: str) -> str:
    """The new name of a module, a package, or of something within."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        head = ".".join(parts[:length])
        if head in MOVES:
            return ".".join([MOVES[head], *parts[length:]])
    return name


def folder(name: str, root: str = "services") -> Path:
    """The folder of a package."""
    return ROOT / (f"services/{name.replace('.', '/')}" if name.startswith("nytta") else name.replace(".", "/"))


FILES = [
    p
    for top in ("services/nytta", "tests")
    for p in sorted((ROOT / top).rglob("*"))
    if p.is_file() and "__pycache__" not in p.parts
]
MODULES = {dotted(p): p for p in FILES if p.suffix == ".py"}
PACKAGE_NAMES = {dotted(p.parent / "__init__.py") for p in FILES} | {"nytta", "tests"}


def definitions(path: Path) -> dict[str, ast.stmt]:
    """Names that a module defines at its top level."""
    found: dict[str, ast.stmt] = {}
    for statement in ast.parse(path.read_text("utf-8")).body:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = statement
            case ast.Assign(targets=targets):
                for target in targets:
                    for node in ast.walk(target):
                        if isinstance(node, ast.Name):
                            found[node.id] = statement
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = statement
    return found


DEFINED = {name: set(definitions(path)) for name, path in MODULES.items()}
IMPORTED: dict[str, dict[str, tuple[str, str]]] = {}
for _name, _path in MODULES.items():
    IMPORTED[_name] = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(ast.parse(_path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
    }

SYMBOLS = {(old, name): new for new, (_, parts) in SPLITS.items() for old, names in parts.items() for name in names}
"""(old module, name) → new module, of what changes its file."""


def origin(module: str, name: str) -> tuple[str, str]:
    """Where a name that a module offers is defined."""
    while name not in DEFINED.get(module, ()) and name in IMPORTED.get(module, {}):
        module, name = IMPORTED[module][name]
    return module, name


def target(module: str, name: str) -> tuple[str, str]:
    """New module and new name of what was imported as `name` from `module`."""
    new_name = NAMES.get(origin(module, name), name)
    return SYMBOLS.get((module, name), moved(module)), new_name


def is_module(name: str) -> bool:
    """Whether a dotted name was a module or package of ours."""
    return name in MODULES or name in PACKAGE_NAMES


warnings: list[str] = []


# --------------------------------------------------------------------------- one file


@dataclass
class Binding:
    """A name that an import binds: the module or symbol behind it, and the name that it is to have."""

    module: str
    symbol: str = ""
    new: str = ""


@dataclass
class File:
    """What is known of a file while it is rewritten."""

    module: str
    bindings: dict[int, dict[str, Binding]] = field(default_factory=dict)
    """By id of the import node, by the name that it binds."""
    wanted: set[tuple[str, str]] = field(default_factory=set)
    """(package, module) to import besides."""
    plain: bool = False
    """Whether modules of ours are imported by `import`, and used by their full names."""


def import_of(node: cst.ImportFrom) -> str:
    """The module that a `from` statement imports from; '' for relative ones."""
    if node.relative or node.module is None:
        return ""
    return cst.helpers.get_full_name_for_node(node.module) or ""


def split_name(name: str) -> tuple[str, str]:
    head, _, leaf = name.rpartition(".")
    return head, leaf


def parameter(module: str, name: str, annotation: str) -> str | None:
    """The new name of a parameter."""
    package = split_name(module)[0]
    while package:
        if (f"{package}.*", name, annotation) in PARAMETERS:
            return PARAMETERS[f"{package}.*", name, annotation]
        package = split_name(package)[0]
    return PARAMETERS.get((module, name, annotation)) or PARAMETERS.get(("*", name, annotation))


def renamed_parameters(module: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, str]:
    """Parameters of one function that are renamed, old → new; none whose new name the function has already."""
    if module.startswith(UNTOUCHED) or not module.startswith("nytta."):
        return {}
    found: dict[str, str] = {}
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    for argument in arguments:
        if argument.annotation is not None:
            new = parameter(module, argument.arg, ast.unparse(argument.annotation))
            if new:
                found[argument.arg] = new
    taken = {n.id for n in ast.walk(function) if isinstance(n, ast.Name)} | {a.arg for a in arguments}
    return {old: new for old, new in found.items() if new not in taken}


CALLED: dict[str, dict[str, str]] = defaultdict(dict)
"""Name of a function, or class → its renamed parameters, for calls that name them."""
RENAMED: dict[tuple[str, int], dict[str, str]] = {}
"""(module, line of a function) → its renamed parameters."""
for _name, _path in MODULES.items():
    _tree = ast.parse(_path.read_text("utf-8"))
    _classes = [n for n in ast.walk(_tree) if isinstance(n, ast.ClassDef)]
    for _node in ast.walk(_tree):
        if isinstance(_node, ast.FunctionDef | ast.AsyncFunctionDef):
            _found = renamed_parameters(_name, _node)
            if _found:
                RENAMED[_name, _node.lineno] = _found
                _owner = next((c.name for c in _classes if _node in c.body and _node.name == "__init__"), _node.name)
                CALLED[_owner] |= _found


KEYWORD = re.compile(rf"(?<!\w)(?:{'|'.join(sorted({old for renamed in CALLED.values() for old in renamed}))})=(?!=)")
"""A call that may name a renamed parameter."""


class Collect(cst.CSTVisitor):
    """First look: what imports bind."""

    def __init__(self, file: File) -> None:
        self.file = file

    def visit_Import(self, node: cst.Import) -> bool:
        self.file.plain |= any(alias.evaluated_name.startswith(("nytta.", "tests.")) for alias in node.names)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        source = import_of(node)
        if not source.startswith(("nytta", "tests")) or isinstance(node.names, cst.ImportStar):
            return False
        bound: dict[str, Binding] = {}
        for alias in node.names:
            name = alias.evaluated_name
            local = alias.evaluated_alias or name
            if is_module(f"{source}.{name}"):
                old = f"{source}.{name}"
                leaf = split_name(moved(old))[1]
                bound[local] = Binding(old, "", local if alias.evaluated_alias else leaf)
            else:
                new = target(source, name)[1]
                bound[local] = Binding(source, name, local if alias.evaluated_alias else new)
        self.file.bindings[id(node)] = bound
        return False


class Imports(cst.CSTTransformer):
    """Imports alone: for files in which no name changes."""

    def __init__(self, file: File) -> None:
        super().__init__()
        self.file = file

    def visit_ImportAlias(self, node: cst.ImportAlias) -> bool:
        return False

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine] | cst.RemovalSentinel:
        lines = [self._imports(statement) for statement in original_node.body]
        if all(line is None for line in lines):
            return updated_node
        if len(lines) > 1:
            warnings.append(f"{self.file.module}: an import shares its line with another statement")
        texts = lines[0] or []
        made = [cst.SimpleStatementLine([cst.parse_statement(text).body[0]]) for text in texts]  # type: ignore[union-attr]
        if not made:
            return cst.RemoveFromParent()
        made[0] = made[0].with_changes(leading_lines=updated_node.leading_lines)
        made[-1] = made[-1].with_changes(trailing_whitespace=updated_node.trailing_whitespace)
        return cst.FlattenSentinel(made)

    def _imports(self, statement: cst.BaseSmallStatement) -> list[str] | None:
        """The statements in the place of an import of ours; None for anything else."""
        if isinstance(statement, cst.Import):
            names = [(a.evaluated_name, a.evaluated_alias) for a in statement.names]
            if not any(n.startswith(("nytta.", "tests.")) for n, _ in names):
                return None
            return [f"import {moved(n)}" + (f" as {a}" if a else "") for n, a in names]
        if not isinstance(statement, cst.ImportFrom) or id(statement) not in self.file.bindings:
            return None
        source = import_of(statement)
        by: dict[str, list[str]] = defaultdict(list)
        here = moved(self.file.module)
        for _local, binding in self.file.bindings[id(statement)].items():
            if not binding.symbol:
                package, leaf = split_name(moved(binding.module))
            else:
                package, leaf = target(source, binding.symbol)
            if package == here and binding.symbol:
                continue  # it came to this module
            by[package].append(leaf if leaf == binding.new else f"{leaf} as {binding.new}")
        return [f"from {package} import {', '.join(names)}" for package, names in by.items()]


class Rewrite(Imports):
    """Imports, and the names that they bind; names that the module itself defines."""

    METADATA_DEPENDENCIES = (ScopeProvider, PositionProvider)

    def __init__(self, file: File) -> None:
        super().__init__(file)
        self.parameters: dict[int, str] = {}
        """By id of the name of a parameter: its new name."""
        self.own = {name: new for (module, name), new in NAMES.items() if module == file.module}
        tokens = tokens_of(file.module)
        self.tokens = {k: v for k, v in tokens.items() if not k.startswith(".")}
        self.attributes = {k[1:]: v[1:] for k, v in tokens.items() if k.startswith(".")}
        self.skip: set[int] = set()
        self.depth = 0

    # names that are no references

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.skip.add(id(node.attr))

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self.skip.add(id(node.keyword))

    def _binding(self, node: cst.Name) -> Binding | None:
        scope = self.get_metadata(ScopeProvider, node, None)
        if scope is None:
            return None
        for assignment in scope[node.value]:
            if isinstance(assignment, ImportAssignment):
                return self.file.bindings.get(id(assignment.node), {}).get(node.value)
        return None

    def _own(self, node: cst.Name) -> str | None:
        if node.value not in self.own:
            return None
        scope = self.get_metadata(ScopeProvider, node, None)
        if scope is None:
            return None
        return self.own[node.value] if any(isinstance(a.scope, GlobalScope) for a in scope[node.value]) else None

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        if id(original_node) in self.skip:
            return updated_node
        binding = self._binding(original_node)
        new = binding.new if binding else self._own(original_node) or self._parameter(original_node)
        new = new or self.tokens.get(original_node.value)
        return updated_node.with_changes(value=new) if new else updated_node

    def _parameter(self, node: cst.Name) -> str | None:
        if id(node) in self.parameters:
            return self.parameters[id(node)]
        scope = self.get_metadata(ScopeProvider, node, None) if self.parameters else None
        if scope is None:
            return None
        found = (self.parameters.get(id(getattr(assignment, "node", None))) for assignment in scope[node.value])
        return next((new for new in found if new), None)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        callee = original_node.func
        name = callee.attr.value if isinstance(callee, cst.Attribute) else getattr(callee, "value", "")
        renamed = CALLED.get(name, {}) if isinstance(name, str) else {}
        if not renamed:
            return updated_node
        arguments = [
            a.with_changes(keyword=cst.Name(renamed[a.keyword.value]))
            if a.keyword and a.keyword.value in renamed
            else a
            for a in updated_node.args
        ]
        return updated_node.with_changes(args=arguments)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        if original_node.keyword is not None and original_node.keyword.value in self.tokens:
            return updated_node.with_changes(keyword=cst.Name(self.tokens[original_node.keyword.value]))
        return updated_node

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        attr = original_node.attr.value
        full = cst.helpers.get_full_name_for_node(original_node)
        if full and full.count(".") >= 2 and full.startswith("nytta."):
            head, leaf = split_name(full)
            if is_module(head) and not self._local(original_node):
                return cst.parse_expression(f"{moved(head)}.{leaf}")
        if isinstance(original_node.value, cst.Name):
            binding = self._binding(original_node.value)
            if binding and not binding.symbol:
                here = (binding.module, attr)
                if here in SYMBOLS:
                    package, leaf = split_name(SYMBOLS[here])
                    self.file.wanted.add((package, leaf))
                    return cst.parse_expression(f"{leaf}.{NAMES.get(origin(*here), attr)}")
                if origin(*here) in NAMES:
                    return updated_node.with_changes(attr=cst.Name(NAMES[origin(*here)]))
        if attr in self.attributes:
            return updated_node.with_changes(attr=cst.Name(self.attributes[attr]))
        return updated_node

    def _local(self, node: cst.Attribute) -> bool:
        """Whether the first word of a dotted name is something else than our package."""
        root: cst.BaseExpression = node
        while isinstance(root, cst.Attribute):
            root = root.value
        return isinstance(root, cst.Name) and self._binding(root) is not None

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.skip.add(id(node.name))
        self.depth += 1
        renamed = RENAMED.get((self.file.module, self._line(node)), {})
        for group in (node.params.posonly_params, node.params.params, node.params.kwonly_params):
            for one in group:
                if one.name.value in renamed:
                    self.parameters[id(one)] = self.parameters[id(one.name)] = renamed[one.name.value]

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.skip.add(id(node.name))
        self.depth += 1

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self.depth -= 1
        name = original_node.name.value
        for old, new in RENAMED.get((self.file.module, self._line(original_node)), {}).items():
            updated_node = in_docstring(updated_node, old, new)
        if self.depth == 0 and name in self.own:
            return updated_node.with_changes(name=cst.Name(self.own[name]))
        if self.depth and name in self.tokens:
            return updated_node.with_changes(name=cst.Name(self.tokens[name]))
        if self.depth and name in self.attributes:
            return updated_node.with_changes(name=cst.Name(self.attributes[name]))
        return updated_node

    def _line(self, node: cst.FunctionDef) -> int:
        return self.get_metadata(PositionProvider, node.name).start.line

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        self.depth -= 1
        name = original_node.name.value
        return (
            updated_node.with_changes(name=cst.Name(self.own[name]))
            if self.depth == 0 and name in self.own
            else updated_node
        )


def in_docstring(node: cst.FunctionDef, old: str, new: str) -> cst.FunctionDef:
    """The function with the new name of a parameter in its docstring."""
    match node:
        case cst.FunctionDef(body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]), *_])):
            string = node.body.body[0].body[0].value  # type: ignore[union-attr]
            return node.with_deep_changes(string, value=string.value.replace(f"`{old}`", f"`{new}`"))
    return node


def in_prose(file: File, code: str) -> str:
    """The text with new names of classes and functions in backticks."""
    renamed = {old: new for (module, old), new in NAMES.items() if module == file.module}
    renamed |= {local: b.new for bound in file.bindings.values() for local, b in bound.items() if b.symbol}
    for old, new in renamed.items():
        if old != new:
            code = re.sub(rf"`{old}(?=[`.(])", f"`{new}", code)
    return code


def rewrite(module: str, text: str) -> str:
    """The text of a file under its new imports and names."""
    tree = cst.parse_module(text)
    file = File(module)
    tree.visit(Collect(file))
    if needs_scopes(file) or KEYWORD.search(text):
        wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
        code = wrapper.visit(Rewrite(file)).code
        collisions(file, text)
        code = in_prose(file, code)
    else:
        code = tree.visit(Imports(file)).code
    if file.wanted:
        code = with_imports(code, [f"from {package} import {leaf}" for package, leaf in sorted(file.wanted)])
    return code


def rewritten(module: str) -> tuple[str, str, list[str]]:
    """`rewrite` in a process of its own: the module, its text, and warnings."""
    warnings.clear()
    return module, rewrite(module, MODULES[module].read_text("utf-8")), list(warnings)


def tokens_of(module: str) -> dict[str, str]:
    """What is renamed in one file alone."""
    return TOKENS.get(module, {}) | TOKENS.get(f"{split_name(module)[0]}.*", {})


def needs_scopes(file: File) -> bool:
    """Whether a name in the file changes, beside those of modules that are imported from."""
    if (
        any(module == file.module for module, _ in RENAMED)
        or tokens_of(file.module)
        or any(module == file.module for module, _ in NAMES)
    ):
        return True
    for bound in file.bindings.values():
        for local, binding in bound.items():
            if local != binding.new or (
                not binding.symbol
                and (any(m == binding.module for m, _ in SYMBOLS) or any(m == binding.module for m, _ in NAMES))
            ):
                return True
    return any(b.module.count(".") == 0 for bound in file.bindings.values() for b in bound.values()) or file.plain


def collisions(file: File, text: str) -> None:
    """Warn of new names that a file has already for something else."""
    names = {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}
    names |= {n.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    names |= {n.arg for n in ast.walk(ast.parse(text)) if isinstance(n, ast.arg)}
    renamed = {local: b.new for bound in file.bindings.values() for local, b in bound.items() if local != b.new}
    renamed |= {old: new for old, new in tokens_of(file.module).items() if old in names}
    for old, new in renamed.items():
        if new in names and (file.module, new) not in KNOWN_NAMES:
            warnings.append(f"{file.module}: {old} becomes {new}, which is there already")


def with_imports(text: str, lines: Iterable[str]) -> str:
    """The text with more imports, after the last import of its top level; nothing twice is cared for by ruff."""
    body = ast.parse(text).body
    last = 0
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            last = statement.end_lineno or 0
    if not last and body and isinstance(body[0], ast.Expr):
        last = body[0].end_lineno or 0
    rows = text.splitlines(keepends=True)
    return "".join([*rows[:last], *(f"{line}\n" for line in lines), *rows[last:]])


# --------------------------------------------------------------------------- what changes its file


def blocks(text: str) -> tuple[list[tuple[int, int, ast.stmt]], list[str]]:
    """Top level statements as (first line, line after the last), comments and decorators above them with them.

    A string below an assignment documents it and goes with it.
    """
    rows = text.splitlines(keepends=True)
    body = ast.parse(text).body
    found: list[tuple[int, int, ast.stmt]] = []
    for n, statement in enumerate(body):
        if found and isinstance(statement, ast.Expr) and isinstance(body[n - 1], ast.Assign | ast.AnnAssign):
            first, _, before = found[-1]
            found[-1] = (first, statement.end_lineno or 0, before)
            continue
        begin = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))]) - 1
        while begin and rows[begin - 1].startswith("#"):
            begin -= 1
        found.append((begin, statement.end_lineno or 0, statement))
    return found, rows


def names_of(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def used(text: str) -> set[str]:
    return {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)}


def split(texts: dict[str, str], written: dict[str, str]) -> None:
    """Take what changes its file out of the rewritten texts (by old module) and put it into `written` (by new)."""
    taken: dict[str, list[str]] = defaultdict(list)
    for old in sorted({old for _, parts in SPLITS.values() for old in parts if old in texts}):
        text = texts[old]
        found, rows = blocks(text)
        imports = [
            "".join(rows[first:last]) for first, last, s in found if isinstance(s, ast.Import | ast.ImportFrom | ast.If)
        ]
        homes = {NAMES.get((old, name), name): SYMBOLS[old, name] for o, name in SYMBOLS if o == old}
        mine = {n for _, _, s in found for n in names_of(s)}
        gone: set[int] = set()
        pieces: dict[str, list[str]] = defaultdict(list)
        for first, last, statement in found:
            home = next((homes[n] for n in names_of(statement) if n in homes), None)
            if home:
                pieces[home].append("".join(rows[first:last]))
                gone.update(range(first, last))
        absent = set(homes) - mine
        if absent:
            warnings.append(f"{old}: {', '.join(sorted(absent))} is not there and was not moved")
        rest = "".join(row for n, row in enumerate(rows) if n not in gone)
        for home, codes in pieces.items():
            code = "\n\n".join(codes)
            need = used(code) & mine - {n for n, h in homes.items() if h == home}
            more = [f"from {homes.get(n) or moved(old)} import {n}\n" for n in sorted(need)]
            taken[home] += ["".join([*imports, *more]), code]
        outside = {n for n in homes if n in used(rest)}
        rest = with_imports(rest, [f"from {homes[n]} import {n}" for n in sorted(outside)])
        texts[old] = rest
    for new, parts_of in taken.items():
        doc = SPLITS[new][0]
        imports_text, codes = "".join(parts_of[0::2]), "\n\n\n".join(parts_of[1::2])
        imports_text = imports_text.replace("from __future__ import annotations\n", "")
        if doc:
            written[new] = f'"""{doc}"""\n\nfrom __future__ import annotations\n\n{imports_text}\n\n{codes}'
        else:
            home = next((old for old in texts if moved(old) == new and old not in DROPPED), new)
            text = with_imports(texts[home], imports_text.splitlines())
            texts[home] = text.rstrip("\n") + "\n\n\n" + codes


# --------------------------------------------------------------------------- words in texts


def text_mentions(text: str, base: str) -> str:
    """Dotted names and paths of ours in prose, strings and settings."""
    two = sorted((m for m in MODULES if m.count(".") >= 2 and moved(m) != m), key=len, reverse=True)
    one = sorted(
        (m for m in MODULES if m.count(".") == 1 and m.startswith("nytta.") and moved(m) != m), key=len, reverse=True
    )

    def symbol(match: re.Match[str]) -> str:
        module, rest = match["module"], match["rest"] or ""
        name = rest.removeprefix(".").split(".")[0]
        if name and (module, name) in SYMBOLS:
            return SYMBOLS[module, name] + rest.replace(name, NAMES.get((module, name), name), 1)
        if name and (module, name) in NAMES:
            rest = rest.replace(name, NAMES[module, name], 1)
        return moved(module) + rest

    if two:
        text = re.sub(
            rf"(?<![\w./-])(?P<module>{'|'.join(map(re.escape, two))})(?P<rest>(?:\.\w+)?)(?![\w])", symbol, text
        )
    for module in one:
        names = "|".join(
            map(re.escape, sorted(DEFINED[module] | {"__file__"} | set(IMPORTED[module]), key=len, reverse=True))
        )
        escaped = re.escape(module)
        if names:
            text = re.sub(rf"(?<![\w./-])(?P<module>{escaped})(?P<rest>\.(?:{names}))\b", symbol, text)
        text = re.sub(
            rf"(?P<before>from |import |, |`|files\(\")(?P<module>{escaped})(?P<after> import| as |`|\"\))",
            lambda m: m["before"] + moved(m["module"]) + m["after"],
            text,
        )
    return text


def code_in_strings(text: str) -> str:
    """`from nytta.x import a, b` inside strings that are run as programs."""

    def again(match: re.Match[str]) -> str:
        by: dict[str, list[str]] = defaultdict(list)
        for name in match["names"].split(", "):
            if is_module(f"{match['module']}.{name}"):
                package, leaf = split_name(moved(f"{match['module']}.{name}"))
                by[package].append(leaf if leaf == name else f"{leaf} as {name}")
            else:
                package, leaf = target(match["module"], name)
                by[package].append(leaf if leaf == name else f"{leaf} as {name}")
        return "; ".join(f"from {p} import {', '.join(n)}" for p, n in by.items())

    return re.sub(r"from (?P<module>nytta(?:\.\w+)*) import (?P<names>\w+(?:, \w+)*)", again, text)


PATHS: dict[str, str] = {}
"""Old path below the root → new one, of files and folders."""


def path_mentions(text: str) -> str:
    """Paths below services/nytta and tests."""

    def again(match: re.Match[str]) -> str:
        path = match[0].rstrip("/.")
        tail = match[0][len(path) :]
        return PATHS.get(path, path) + tail

    return re.sub(r"(?<![\w/.])(?:services/nytta|tests)/[\w./-]+", again, text)


def relative_mentions(text: str) -> str:
    """Paths in backticks that are told from the package: `store/publish.py`, `console/`."""

    def again(match: re.Match[str]) -> str:
        path = match[1].rstrip("/")
        new = PATHS.get(f"services/nytta/{path}")
        if new is None:
            return match[0]
        return f"`{new.removeprefix('services/nytta/')}{'/' if match[1].endswith('/') else ''}`"

    return re.sub(r"`([a-z_]+(?:/[a-z_]+)*(?:/|\.py|\.yaml))`", again, text)


def deeper(text: str, old: Path, new: Path) -> str:
    """`Path(__file__).parents[n]` counted from where the file lies now."""
    more = len(new.relative_to(ROOT).parts) - len(old.relative_to(ROOT).parts)

    def again(match: re.Match[str]) -> str:
        return f"{match[1]}.parents[{int(match[2]) + more}]"

    return re.sub(r"(__file__\)(?:\.resolve\(\))?)\.parents\[(\d+)\]", again, text) if more else text


# --------------------------------------------------------------------------- what no table says

SERVICES = ROOT / "services" / "nytta"


def change(path: str, *pairs: tuple[str, str]) -> None:
    """Replace texts in one file; a text that is not there is told."""
    place = ROOT / path
    if not place.exists():
        warnings.append(f"{path} is not there")
        return
    text = place.read_text("utf-8")
    for old, new in pairs:
        if old not in text:
            warnings.append(f"{path}: not found: {old[:70]!r}")
        text = text.replace(old, new)
    place.write_text(text, "utf-8")


def brokers() -> None:
    """The settings are the service's: who makes a `Cluster` of them stands there, and not beside the cluster."""
    place = SERVICES / "ingest/stream/cluster.py"
    text = place.read_text("utf-8")
    method = re.search(
        r"    @classmethod\n    def of\(cls, settings: Settings\) -> Self:\n((?:        .*\n|\n)+)", text
    )
    if method is None:
        warnings.append("cluster.py: Cluster.of is not there")
        return
    found, rows = blocks(text)
    first, last = next((f, e) for f, e, s in found if names_of(s) == {"_context"})
    context = "".join(rows[first:last])
    body = re.sub(r"^    ", "", method[1], flags=re.MULTILINE).rstrip() + "\n"
    imports = "".join("".join(rows[f:e]) for f, e, s in found if isinstance(s, ast.Import | ast.ImportFrom))
    imports += "from nytta.ingest.stream.cluster import BrokerError, Cluster\n"
    made = (
        '"""The brokers that the settings name."""\n\n'
        + imports
        + "\n\ndef cluster_of(settings: Settings) -> Cluster:\n"
        + body.replace("cls(", "Cluster(")
        + "\n\n"
        + context
    )
    (SERVICES / "service/brokers.py").write_text(made, "utf-8")
    text = text.replace(method[0], "").replace(context, "")
    text = text.replace("from nytta.service.settings import Settings\n", "")
    place.write_text(text, "utf-8")
    for top in ("services", "tests"):
        for path in (ROOT / top).rglob("*.py"):
            text = path.read_text("utf-8")
            if "Cluster.of(" in text:
                text = text.replace("Cluster.of(", "cluster_of(")
                path.write_text(with_imports(text, ["from nytta.service.brokers import cluster_of"]), "utf-8")


DECISION = """- **2026-11-29. Rooms in the order of the data.** 29 packages became eleven, five of them a path from what comes in to what
  people see. A room imports what comes before it, so its place says what it may know; the private zone is packages. Detection
  went before the gate, because it judges exact cells; statements of benefits and an administrator's exact mix are joined in
  `service`, because they read both zones.
"""

CHANGELOG = """### Changed
- The package has rooms in the order of the data: ingest, indicators, disclosure, insight, surfaces; one noun for each concept.
"""

REPLACED_CONTRACTS = (
    "cli over app over shells",
    "cores know no world",
    "the store is the only one that speaks",
    "the console reads the open zone alone",
    "the processors are the only ones",
)
"""Beginnings of the names of contracts that those in contracts.toml stand for; others are kept, under new names."""

ZONES = """
@pytest.mark.parametrize("room", ["disclosure/published", "insight", "surfaces", "registry", "demo"])
def test_open_rooms_name_no_private_table(room: str) -> None:
    for path in sorted((declarations.schemas().parent / "services" / "nytta" / room).rglob("*.py")):
        assert "{private}" not in path.read_text("utf-8"), path.name
"""


def by_hand() -> None:
    """Texts in single files."""
    for path in (SERVICES / "surfaces/console/templates").glob("*.html"):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"\bWhat\.(?=[A-Z])", "Permission.", text), "utf-8")
    change("services/nytta/surfaces/console/context.py", ('"What": ', '"Permission": '))
    change("services/nytta/service/streams/worker.py", ("`member.run`", "`faust_app.run`"))
    change("services/nytta/ingest/stream/wire.py", ("rejects, marks, signals.", "rejects, marks, notes."))
    change(
        "services/nytta/service/statements.py",
        ("figures that may be published out; read back.", "figures that may be published out."),
    )
    change(
        "services/nytta/service/__init__.py",
        (
            "`distributed` and `evaluation` are imported",
            "For whoever runs it. Here alone private figures and open findings meet in one object; nothing is computed here.\n"
            "`distributed` and `evaluation` are imported",
        ),
    )
    for path in [*SERVICES.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *ROOT.glob("*.md")]:
        text = path.read_text("utf-8")
        after = text.replace("Rejects are sent through the door again", "Rejects are validated again")
        after = after.replace("Send rejects through the door again", "Validate rejects again")
        after = after.replace("send rejects through the door again", "validate rejects again")
        if after != text:
            path.write_text(after, "utf-8")
    change("services/nytta/ingest/events/__init__.py", ("`decode` is the one door;", "`decode` is the one way in;"))
    change("tests/contracts/test_figures.py", ("through one door:", "through one gate:"))
    change(
        "CONTRIBUTING.md",
        ("one door, one validator", "one way in, one validator"),
        (
            "A derived indicator is a pure function in `services/nytta/indicators/`",
            "A derived indicator is a pure function in `services/nytta/insight/states/`",
        ),
    )
    change("tests/surfaces/console/test_queries.py", ('"heard": lambda', '"evaluated_week": lambda'))
    change("tests/fuzz/registry.py", ('"organisation" / "example"', '"registry" / "example"'))
    zones = ROOT / "tests/contracts/test_zones.py"
    text = zones.read_text("utf-8")
    old = re.search(r'\n@pytest.mark.parametrize\("module", \["open".*?(?=\n\n\ndef |\n\n\n@)', text, re.DOTALL)
    if old:
        zones.write_text(text.replace(old[0], ZONES.rstrip("\n")), "utf-8")
    else:
        warnings.append("test_zones.py: the test of open modules is not there")
    change(
        "tests/contracts/test_figures.py",
        ('{"store/publish.py"}', '{"disclosure/store/publish.py"}'),
        (
            '{"store/publish.py", "store/processing.py"}',
            '{"disclosure/store/publish.py", "disclosure/store/withdrawal.py"}',
        ),
        ('{"store/benchmarks.py"}', '{"insight/store/benchmarks.py"}'),
        ('{"store/detection.py"}', '{"disclosure/store/verdicts.py"}'),
        ('{"store/facts.py"}', '{"disclosure/store/facts.py"}'),
        ('{"store/states.py"}', '{"insight/store/states.py"}'),
        ('SOURCES / "store" / "benefits.py"', 'SOURCES / "service" / "statements.py"'),
        ('SOURCES / "store" / "facts.py"', 'SOURCES / "disclosure" / "store" / "facts.py"'),
    )
    change(
        "tests/attack/test_derived.py",
        ('"services/nytta/storage"', '"services/nytta/insight/store"'),
        ("_STORE.parent.rglob", "_STORE.parents[1].rglob"),
    )


def sections(text: str) -> list[str]:
    """A page cut before each heading of the second level, code left whole."""
    cuts, fenced = [0], False
    at = 0
    for row in text.splitlines(keepends=True):
        if row.startswith("```"):
            fenced = not fenced
        elif row.startswith("## ") and not fenced:
            cuts.append(at)
        at += len(row)
    return [text[a:b] for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def pages() -> None:
    """ARCHITECTURE's drawing, imports and vocabulary; README's drawing; the contracts; the test of both."""
    place = ROOT / "ARCHITECTURE.md"
    parts = sections(place.read_text("utf-8"))
    made = [parts[0].rstrip("\n") + "\n\n", (HERE / "house.md").read_text("utf-8")]
    for part in parts[1:]:
        heading = part.splitlines()[0]
        named = {"## Who may import whom": "imports.md", "## Vocabulary": "vocabulary.md"}.get(heading)
        made.append((HERE / named).read_text("utf-8") if named else part)
    place.write_text("".join(made), "utf-8")
    change(
        "ARCHITECTURE.md",
        ("marks ─ store.recompute ─►", "marks ─ indicators.store ─►"),
        ("► columns + rejects ─ store.private ─►", "► columns + rejects ─ ingest.store ─►"),
        ("bytes ─ connectors ─► CloudEvents", "bytes ─ ingest.files ─► CloudEvents"),
        ("so one door judges batches", "so one validation judges batches"),
    )
    text = place.read_text("utf-8").rstrip("\n")
    place.write_text(f"{text}\n{DECISION}", "utf-8")
    change("CHANGELOG.md", ("\n### Added\n", f"\n{CHANGELOG}\n### Added\n"))
    place = ROOT / "README.md"
    parts = sections(place.read_text("utf-8"))
    parts.insert(len(parts) - 1, (HERE / "readme.md").read_text("utf-8"))
    place.write_text("".join(parts), "utf-8")
    place = ROOT / "pyproject.toml"
    text = place.read_text("utf-8")
    old = re.search(r"\[tool\.importlinter\]\n.*?(?=\n\[tool\.(?!importlinter)|\Z)", text, re.DOTALL)
    assert old is not None
    contracts = (HERE / "contracts.toml").read_text("utf-8").rstrip("\n")
    for block in old[0].split("[[tool.importlinter.contracts]]\n")[1:]:
        name = re.match(r'name = "(.*)"', block)
        if name and not name[1].startswith(REPLACED_CONTRACTS):
            kept = re.sub(r'"(nytta[\w.]*)', lambda m: f'"{moved(m[1])}', block).rstrip("\n")
            contracts += f"\n\n[[tool.importlinter.contracts]]\n{kept}"
    place.write_text(text.replace(old[0], contracts + "\n"), "utf-8")
    (ROOT / "tests/contracts/test_house.py").write_text((HERE / "test_house.py").read_text("utf-8"), "utf-8")


def wrapped(before: str, after: str, width: int = 125) -> str:
    """The page with paragraphs that became too wide set anew; tables, code and headings stay."""
    old = set(before.splitlines())
    made, fenced = [], False
    for block in re.split(r"(\n\n+)", after):
        rows = block.split("\n")
        marks = block.count("```")
        plain = not fenced and not marks and all(r and not r.startswith(("|", "#", "```")) for r in rows)
        fenced ^= bool(marks % 2)
        if not plain or all(len(r) <= width for r in rows) or all(r in old for r in rows):
            made.append(block)
            continue
        items: list[str] = []
        for row in rows:
            if re.match(r"(\d+\.|-) ", row) or not items:
                items.append(row)
            else:
                items[-1] += " " + row.strip()
        for item in items:
            lead = re.match(r"(?:\d+\.|-) ", item)
            indent = " " * (len(lead[0]) if lead else 0)
            item = re.sub(r"`[^`]+`", lambda m: m[0].replace(" ", "\0"), item)
            made.append(
                textwrap.fill(
                    item, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
                ).replace("\0", " ")
            )
            made.append("\n")
        made.pop()
    return "".join(made)


# --------------------------------------------------------------------------- all of it


def git(*words: str) -> None:
    subprocess.run(["git", "-C", str(ROOT), *words], check=True, stdout=subprocess.DEVNULL)


def new_path(path: Path) -> Path | None:
    """Where a file goes; None for one that is dropped."""
    if path.suffix == ".py":
        name = dotted(path)
        if name in DROPPED:
            return None
        new = moved(name)
        base = folder(new)
        return base / "__init__.py" if path.name == "__init__.py" else base.with_suffix(".py")
    parent = dotted(path.parent / "__init__.py")
    return folder(moved(parent)) / path.name


def docstring(text: str) -> str:
    return f'"""{re.sub("^    ", "", text, flags=re.MULTILINE)}' + ('\n"""\n' if "\n" in text else '"""\n')


def main() -> None:
    if (ROOT / "services/nytta/ingest").exists():
        raise SystemExit("this checkout is moved already")
    news = {path: new_path(path) for path in FILES}
    for path, new in news.items():
        if new is not None:
            PATHS[path.relative_to(ROOT).as_posix()] = new.relative_to(ROOT).as_posix()
    for name in PACKAGE_NAMES:
        PATHS[folder(name).relative_to(ROOT).as_posix()] = folder(moved(name)).relative_to(ROOT).as_posix()

    texts: dict[str, str] = {}
    with ProcessPoolExecutor(2) as pool:
        for name, text, told in pool.map(rewritten, MODULES, chunksize=20):
            texts[name] = text
            warnings.extend(told)
    print(f"{len(texts)} modules rewritten")
    written: dict[str, str] = {}
    split(texts, written)

    for path, new in news.items():
        if new is None:
            git("rm", "--quiet", str(path))
            continue
        if new != path:
            new.parent.mkdir(parents=True, exist_ok=True)
            git("mv", str(path), str(new))
    for name, path in MODULES.items():
        new = news[path]
        if new is None:
            continue
        text = deeper(texts[name], path, new)
        new.write_text(path_mentions(text_mentions(code_in_strings(text), name)), "utf-8")
    for name, text in written.items():
        target_path = folder(name).with_suffix(".py")
        target_path.parent.mkdir(parents=True, exist_ok=True)
        target_path.write_text(text_mentions(text, name), "utf-8")
    for name, doc in PACKAGES.items():
        path = folder(name) / "__init__.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(docstring(doc), "utf-8")
    for top in ("services/nytta", "tests"):
        for old in sorted(ROOT.glob(f"{top}/**/"), reverse=True):
            if old.is_dir() and not any(p for p in old.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
                shutil.rmtree(old)

    outside = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(p for p in (ROOT / "deploy").rglob("*") if p.is_file() and HERE not in p.parents),
        *(ROOT / n for n in ("Makefile", ".ci/run", "pyproject.toml", "docker-compose.yml", "schemas/derived.yaml")),
    ]
    for path in outside:
        try:
            before = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        after = path_mentions(text_mentions(before, ""))
        if path.suffix == ".md":
            after = wrapped(before, relative_mentions(after))
        if after != before:
            path.write_text(after, "utf-8")
    brokers()
    by_hand()
    pages()
    ruff = ROOT / ".venv/bin/ruff"
    if ruff.exists():
        subprocess.run(
            [ruff, "check", "--fix", "--quiet", "services", "tests"], cwd=ROOT, check=False, stdout=subprocess.DEVNULL
        )
        subprocess.run([ruff, "format", "--quiet", "services", "tests"], cwd=ROOT, check=False)
    for name in sorted(MODULES):
        new = moved(name)
        if (
            name.startswith("nytta.")
            and new.count(".") == 1
            and MODULES[name].name != "__init__.py"
            and new != "nytta.__main__"
        ):
            warnings.append(f"{name} has no room: name one in MOVES")
        if (
            name.startswith("nytta.store.")
            and new == name.replace("nytta.store", "nytta.storage", 1)
            and name not in ENGINE
        ):
            warnings.append(f"{name} went to storage, for MOVES does not name it")
    for line in warnings:
        print(f"warning: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
