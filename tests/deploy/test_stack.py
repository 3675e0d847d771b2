"""The stack of containers: as the tools that read the files judge them, and as the code and each other back them."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from nytta.grafana.query import CLICKHOUSE, PLUGIN
from nytta.settings import Settings
from nytta.store.private import PrivateStore
from tests.deploy.tools import DEPLOY, needed, run

ROOT = DEPLOY.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MANIFESTS: list[dict[str, Any]] = [
    document
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
SETTINGS = {f"NYTTA_{name.upper()}" for name in Settings.model_fields}
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("nytta:")}


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The file that the script of passwords makes."""
    path = tmp_path / ".env"
    path.write_text(run(str(DEPLOY / "passwords.sh")))
    return path


def test_passwords_are_random_and_their_digests_fit(environment: Path) -> None:
    told = dict(line.split("=", 1) for line in environment.read_text().splitlines())
    for user in ("SERVICE", "OPEN", "CONSOLE"):
        password = told[f"NYTTA_{user}_PASSWORD"]
        assert re.fullmatch(r"[0-9a-f]{48}", password)
        assert told[f"NYTTA_{user}_PASSWORD_SHA256"] == hashlib.sha256(password.encode()).hexdigest()
    assert run(str(DEPLOY / "passwords.sh")) != environment.read_text()


def test_compose_reads_the_file(environment: Path) -> None:
    for profile in ([], ["--profile", "demonstration"]):
        said = run(needed("docker-compose"), f"--env-file={environment}", *profile, "config", folder=ROOT)
        assert yaml.safe_load(said)["services"].keys() == SERVICES.keys()


def test_compose_asks_for_passwords(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    done = subprocess.run(
        [needed("docker-compose"), f"--env-file={tmp_path / 'empty'}", "config"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "deploy/passwords.sh > .env" in done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":v?\d+\.\d+", service["image"]), service["image"]
    if service["restart"] == "unless-stopped":
        assert service["healthcheck"]["test"]
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")  # TLS belongs before whatever others reach


@pytest.mark.parametrize("name", OURS)
def test_our_parts_are_tight(name: str) -> None:
    service = OURS[name]
    assert service["image"] == f"nytta:{VERSION}"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service["environment"]) <= SETTINGS
    assert re.search(r"^USER nytta$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)


def test_what_is_mounted_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-(.+?)\}", r"\1", volume).split(":")[0]
            if source.startswith("./") and "demo" not in source:
                assert (ROOT / source).exists(), source
            elif not source.startswith("."):
                assert source in COMPOSE["volumes"], source


def test_users_of_the_stack_are_those_of_the_server() -> None:
    users = (DEPLOY / "clickhouse" / "users.xml").read_text("utf-8")
    asked = set(re.findall(r'from_env="(\w+)"', users))
    assert asked <= set(SERVICES["clickhouse"]["environment"])
    name = re.search(r"clickhouse://(\w+):", SERVICES["gateway"]["environment"]["NYTTA_CLICKHOUSE"])
    assert name
    assert f"<{name[1]}>" in users


def test_grafana_reads_the_open_zone_alone() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "nytta.yml").read_text("utf-8"))["datasources"]
    store = next(s for s in sources if s["type"] == CLICKHOUSE)
    assert (store["jsonData"]["username"], store["jsonData"]["defaultDatabase"]) == ("nytta_open", "nytta")
    assert {"host", "port", "protocol"} <= set(store["jsonData"])
    assert store["secureJsonData"] == {"password": "$NYTTA_OPEN_PASSWORD"}
    assert not any(s["editable"] for s in sources)
    (provider,) = yaml.safe_load((folder / "dashboards" / "nytta.yml").read_text("utf-8"))["providers"]
    assert provider["allowUiUpdates"] is False
    assert f"./dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
    assert SERVICES["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"] == f"{CLICKHOUSE}@{PLUGIN}"


def test_the_example_of_a_grafana_rule_is_one_alert_a_row(store: PrivateStore) -> None:
    (group,) = yaml.safe_load((DEPLOY / "grafana" / "alerting" / "signals.yml").read_text("utf-8"))["groups"]
    (rule,) = group["rules"]
    query, threshold = rule["data"]
    sql = query["model"]["rawSql"]
    assert query["model"]["format"] == 1
    assert "$" not in sql  # rules know neither variables nor the macros of the browser
    open_zone = store.connection.zones.open
    types = [row[1] for row in store.connection.rows(f"DESCRIBE TABLE ({sql.replace('nytta.', f'{open_zone}.')})")]
    assert sum(t.startswith("UInt") for t in types) == 1
    assert all("String" in t for t in types if not t.startswith("UInt"))
    assert (threshold["datasourceUid"], rule["condition"]) == ("__expr__", "B")
    assert "$$labels" in rule["annotations"]["summary"]  # one sign would be taken for a variable of the environment
    assert rule["execErrState"] != "Alerting"


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda m: f"{m['kind']}-{m['metadata']['name']}")
def test_a_manifest_is_what_kubernetes_takes(manifest: dict[str, Any]) -> None:
    for version in ("1.31", "1.34"):
        kubernetes_validate.validate(manifest, version, strict=True)


def pods() -> list[tuple[str, dict[str, Any]]]:
    return [
        (m["metadata"]["name"], m["spec"]["template"]["spec"]) for m in MANIFESTS if "template" in m.get("spec", {})
    ]


@pytest.mark.parametrize(("name", "pod"), pods())
def test_pods_are_tight_and_their_parts_are_there(name: str, pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    volumes = {v["name"] for v in pod["volumes"]}
    for container in pod["containers"]:
        assert container["image"] == f"nytta:{VERSION}"
        held = container["securityContext"]
        assert held["readOnlyRootFilesystem"] is True
        assert held["allowPrivilegeEscalation"] is False
        assert held["capabilities"] == {"drop": ["ALL"]}
        assert {m["name"] for m in container["volumeMounts"]} == volumes
        assert "memory" in container["resources"]["limits"]
        if "ports" in container:
            assert {"livenessProbe", "readinessProbe", "startupProbe"} <= set(container)
        readme = (ROOT / "README.md").read_text("utf-8")
        assert f"| `nytta {container['args'][0]}`" in readme


def test_settings_and_labels_of_the_manifests_are_known() -> None:
    (settings,) = [m for m in MANIFESTS if m["kind"] == "ConfigMap"]
    assert set(settings["data"]) <= SETTINGS
    labels = [m["spec"]["template"]["metadata"]["labels"] for m in MANIFESTS if "template" in m.get("spec", {})]
    selectors = [m["spec"]["selector"] for m in MANIFESTS if m["kind"] == "Service"]
    selectors += [
        m["spec"]["selector"]["matchLabels"] for m in MANIFESTS if m["kind"] in ("Deployment", "PodDisruptionBudget")
    ]
    selectors += [m["spec"]["podSelector"]["matchLabels"] for m in MANIFESTS if m["kind"] == "NetworkPolicy"]
    for selector in selectors:
        assert any(selector.items() <= each.items() for each in labels), selector
