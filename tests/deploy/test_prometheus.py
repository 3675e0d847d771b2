"""Rules and routes as Prometheus's and Alertmanager's own tools judge them, and as the code backs them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from nytta.ingest.http.counters import Counters
from nytta.ingest.store.private import PrivateStore
from nytta.ingest.stream import metrics
from nytta.service.metrics import Evaluations, Publications, SourceRounds, SourceStanding
from nytta.storage.disk import free_gauge
from nytta.surfaces.grafana.catalogue import BOARDS
from tests.deploy.tools import DEPLOY, needed, run

ROOT = DEPLOY.parent
RULES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
GROUPS: list[dict[str, Any]] = [g for path in RULES for g in yaml.safe_load(path.read_text("utf-8"))["groups"]]
ALERTS = {rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule}
RECORDED = {rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule}


def exposed() -> set[str]:
    """Names that processes expose; those of rounds are read from their source, for they need a service."""
    counters = Counters(lambda: 0.0)
    for add in (Publications, Evaluations, SourceRounds, free_gauge):
        add(counters.registry)
    registries: list[CollectorRegistry] = [counters.registry, metrics.REGISTRY]
    names = set()
    for registry in registries:
        for family in registry.collect():
            ends = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
            names |= {family.name + end for end in ends}
    rounds = (ROOT / "services" / "nytta" / "service" / "schedule.py").read_text("utf-8")
    for kind, name in re.findall(r'(Counter|Gauge|Histogram)\(\s*"(nytta_\w+)"', rounds):
        ends = {"Counter": ("_total",), "Histogram": ("_bucket", "_count", "_sum")}.get(kind, ("",))
        names |= {name + end for end in ends}
    return names


def test_rules_and_configuration_are_sound() -> None:
    promtool = needed("promtool")
    run(promtool, "check", "rules", *map(str, RULES))
    run(promtool, "check", "config", "prometheus.yml", folder=DEPLOY / "prometheus")


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((DEPLOY / "prometheus" / "tests").glob("*.yml")), ids=lambda p: p.stem)
def test_rules_do_what_their_tests_say(path: Path) -> None:
    run(needed("promtool"), "test", "rules", str(path))


def test_every_alert_is_tested_and_told_how_to_be_met() -> None:
    tested = "".join(p.read_text("utf-8") for p in (DEPLOY / "prometheus" / "tests").glob("*.yml"))
    index = (ROOT / "docs" / "runbook" / "README.md").read_text("utf-8")
    pages = {p.stem for p in (ROOT / "docs" / "runbook").glob("Nytta*.md")}
    assert pages == set(ALERTS)
    boards = {board.uid for board in BOARDS}
    for name, rule in ALERTS.items():
        assert re.search(rf"alertname: {name}\n(?: +eval_time.*\n) +exp_alerts:\n +- exp_labels", tested), name
        assert rule["labels"]["severity"] in ("page", "ticket", "watchdog")
        assert rule["annotations"]["runbook"] == f"docs/runbook/{name}.md"
        assert rule["annotations"]["dashboard"].removeprefix("/d/") in boards
        assert f"[{name}]({name}.md)" in index
        for heading in ("Who notices.", "Look.", "Do."):
            assert f"**{heading}**" in (ROOT / "docs" / "runbook" / f"{name}.md").read_text("utf-8"), name


def courses(alert: str) -> Iterator[tuple[dict[str, Any], list[tuple[float, bool]]]]:
    """The invented courses that try an alert, with the moments (minutes) and whether it fires then."""
    for path in (DEPLOY / "prometheus" / "tests").glob("*.yml"):
        for course in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            tries = [t for t in course.get("alert_rule_test", []) if t["alertname"] == alert]
            if tries:
                yield course, sorted((minutes(t["eval_time"]), bool(t["exp_alerts"])) for t in tries)


def minutes(time: str) -> float:
    """A duration of Prometheus, such as 12m30s, in minutes."""
    return sum(int(n) * {"h": 60.0, "m": 1.0, "s": 1 / 60}[u] for n, u in re.findall(r"(\d+)([hms])", time))


@pytest.mark.parametrize("alert", sorted(set(ALERTS) - {"NyttaWatchdog"}))
def test_every_alert_ends_and_is_tried_where_its_target_vanishes(alert: str) -> None:
    found = list(courses(alert))
    ends = [times for _, times in found if any(b[1] and not a[1] for b, a in pairwise(times))]
    assert ends, "no course in which it ends"
    gone = [c for c, _ in found if any("stale" in str(series["values"]) for series in c["input_series"])]
    called = {t["alertname"] for c in gone for t in c["alert_rule_test"] if t["exp_alerts"]}
    # the alert itself, or the one for what is missing
    assert called & {"NyttaMissing", "NyttaSourceSilent", alert}, "no course in which its target vanishes"


def test_every_process_of_the_stack_is_expected_and_discovered() -> None:
    expected = {
        rule["labels"]["job"]
        for group in GROUPS
        for rule in group["rules"]
        if rule.get("record") == "nytta:replicas:expected"
    }
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    discovered = {
        scrape["job_name"]: scrape["dns_sd_configs"][0]["names"][0]
        for scrape in config["scrape_configs"]
        if "dns_sd_configs" in scrape
    }
    assert set(discovered) == expected
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    for service in discovered.values():
        assert "watch" in services[service]["networks"], service


def test_names_of_clickhouse_are_those_of_the_engine(store: PrivateStore) -> None:
    """As its own exporter writes them: a prefix, and the name in a system table."""
    asked = " ".join(str(rule["expr"]) for group in GROUPS for rule in group["rules"])
    assert re.findall(r"ClickHouse\w+", asked)
    zeros = "SETTINGS system_events_show_zero_values = 1"
    there = {f"ClickHouseMetrics_{name}" for (name,) in store.connection.rows("SELECT metric FROM system.metrics")}
    there |= {
        f"ClickHouseProfileEvents_{name}"
        for (name,) in store.connection.rows(f"SELECT event FROM system.events {zeros}")
    }
    for name in re.findall(r"(ClickHouse\w+)(?![\w(])", asked):
        assert name in there, name
    for prefix, options, end in re.findall(r"(ClickHouse\w+_)\(([^)]+)\)(\w+)", asked):
        assert {f"{prefix}{option}{end}" for option in options.split("|")} <= there


def asking() -> CollectorRegistry:
    """The registry of a process that asks a source."""
    registry = Counters(lambda: 0.0).registry
    measures = SourceRounds(registry)
    measures.stands("desk", SourceStanding(datetime.now(UTC), 900, excused=False, unplaced=2, silent_fields=1))
    measures.ended("desk", "good")
    return registry


@pytest.mark.parametrize("registry", [asking(), metrics.REGISTRY], ids=["service", "worker"])
def test_metrics_keep_to_the_conventions(registry: CollectorRegistry) -> None:
    """Prometheus's own linter: base units, `_total`, a help text."""
    done = subprocess.run(
        [needed("promtool"), "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = generate_latest(registry).decode()
    assert re.search(r'^nytta_build_info{version="\d[^"]*"} 1.0$', text, re.MULTILINE)
    assert "\nprocess_resident_memory_bytes " in text


def names_in(expression: str) -> set[str]:
    """Names of series in an expression; a pattern of names stands for all that it matches."""
    names = set(re.findall(r"\b(nytta_\w+|\w*:?nytta[:_]\w+:\w[\w:]*)\b", re.sub(r'"[^"]*"', '""', expression)))
    for pattern in re.findall(r'__name__=~"(nytta[^"]+)"', expression):
        matched = {name for name in exposed() if re.fullmatch(pattern, name)}
        assert matched, pattern
        names |= matched
    return names


def test_what_rules_and_panels_ask_for_is_there() -> None:
    there = exposed() | RECORDED
    asked = {rule["expr"] for group in GROUPS for rule in group["rules"]}
    asked |= {panel.expr for board in BOARDS for panel in board.panels if panel.expr}
    for expression in asked:
        assert names_in(str(expression)) <= there, expression


def test_commands_named_in_the_runbook_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = set(re.findall(r"^\| `nytta (\w+)`", readme, re.MULTILINE))
    for page in (ROOT / "docs").rglob("*.md"):
        for name in re.findall(r"`nytta (\w+)", page.read_text("utf-8")):
            assert name in commands, (page.name, name)


CONFIG = "alertmanager/alertmanager.yml"


def test_alertmanager_takes_its_configuration() -> None:
    run(needed("amtool"), "check-config", CONFIG)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=NyttaDown", "severity=page", "audience=operations"], "on-call"),
        (["alertname=NyttaMissing", "job=worker", "severity=page", "audience=operations"], "on-call"),
        (["alertname=NyttaWatchdog", "severity=watchdog", "audience=operations"], "watchdog"),
        (["alertname=NyttaSourceLow", "severity=ticket", "audience=operations"], "operations"),
        (["alertname=SomethingElse"], "operations"),
        (["alertname=nytta_level", "organisation=county", "unit=u1", "role=manager"], "kept"),
        (["alertname=nytta_outage", "organisation=county", "role=operations", "severity=page"], "kept"),
    ],
)
def test_routes(labels: list[str], receiver: str) -> None:
    run(
        needed("amtool"), "config", "routes", "test", f"--config.file={CONFIG}",
        f"--verify.receivers={receiver}", *labels,
    )  # fmt: skip


def test_inhibitions_name_alerts_that_exist() -> None:
    config = yaml.safe_load((DEPLOY / CONFIG).read_text("utf-8"))
    for rule in config["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            pattern = re.search(r'alertname=~?"([^"]+)"', matcher)
            if not pattern:
                assert matcher.startswith("job=")
                continue
            assert any(re.fullmatch(pattern[1], name) for name in ALERTS), matcher
