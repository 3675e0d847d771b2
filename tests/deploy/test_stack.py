"""The stack of containers: as the tools that read the files judge them, and as the code and each other back them."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import kubernetes_validate
import pytest
import yaml

from nytta.ingest.store.private import PrivateStore
from nytta.service.settings import Settings
from nytta.surfaces.grafana.query import CLICKHOUSE, PLUGIN
from tests.deploy.tools import DEPLOY, needed, open_folder, run

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
READY = {
    "kafka": "kafka-broker-api-versions.sh",
    "kafka-exporter": "kafka_brokers [1-9]",
    "clickhouse": ":8123/ping",
    "prometheus": "/-/ready",
    "alertmanager": "/-/ready",
    "grafana": "/api/health",
    "mailpit": "readyz",
}
"""How others say that they are ready, and not only there: a broker in reach, a database that answers."""
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("nytta:")}


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A folder in which the script of passwords ran, under the umask that lets everybody read."""
    under(0o022, str(DEPLOY / "passwords.sh"), str(tmp_path))
    return tmp_path


def under(umask: int, *command: str, folder: Path = DEPLOY, code: int = 0) -> str:
    """What a program says on standard error that a shell of this umask starts."""
    shell = f'umask {umask:o}; exec "$@"'
    done = subprocess.run(["sh", "-c", shell, "sh", *command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def password(secret: Path) -> str:
    """The password in a secret: alone, after a user, or in an address."""
    text = secret.read_text()
    return urlsplit(text).password or "" if "//" in text else text.rpartition(":")[2]


def test_passwords_are_random_and_their_digests_fit(stack: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    told = dict(line.split("=", 1) for line in (stack / ".env").read_text().splitlines())
    secrets = {path.name: password(path) for path in (stack / "secrets").iterdir() if path.name != "oidc"}
    assert len(set(secrets.values())) == len(secrets) == 6
    assert all(re.fullmatch(r"[0-9a-f]{48}", secret) for secret in secrets.values())
    for user in ("SERVICE", "GATEWAY", "OPEN", "CONSOLE"):
        digest = hashlib.sha256(secrets[f"clickhouse_{user.lower()}"].encode()).hexdigest()
        assert told.pop(f"NYTTA_{user}_PASSWORD_SHA256") == digest
    assert not told  # no password itself
    again = tmp_path_factory.mktemp("again")
    under(0, str(DEPLOY / "passwords.sh"), str(again))
    assert not {password(path) for path in (again / "secrets").iterdir()} & set(secrets.values())


def test_passwords_are_their_owner_s_alone(stack: Path) -> None:
    assert (mode(stack / ".env"), mode(stack / "secrets")) == (0o600, 0o700)
    # containers read them as users of their own, past the folder
    assert {mode(path) for path in (stack / "secrets").iterdir()} == {0o444}
    assert sorted(path.name for path in stack.iterdir()) == [".env", "secrets"]


def test_passwords_that_are_there_are_kept_and_closed(stack: Path) -> None:
    (stack / ".env").chmod(0o644)
    before = {path: path.read_text() for path in stack.rglob("*") if path.is_file()}
    said = under(0o022, str(DEPLOY / "passwords.sh"), str(stack), code=1)
    assert "remove both to have new ones" in said
    assert {path: path.read_text() for path in stack.rglob("*") if path.is_file()} == before
    assert mode(stack / ".env") == 0o600
    (stack / ".env").unlink()
    under(0o022, str(DEPLOY / "passwords.sh"), str(stack), code=1)
    assert not (stack / ".env").exists()


def test_the_file_that_a_shell_made_for_the_output_is_closed_too(tmp_path: Path) -> None:
    under(0o022, "sh", "-c", f"{DEPLOY / 'passwords.sh'} > .env", folder=tmp_path)
    assert mode(tmp_path / ".env") == 0o600
    assert (tmp_path / ".env").read_text().count("_PASSWORD_SHA256=") == 4


def test_git_and_the_image_leave_passwords_out() -> None:
    for name, entries in ((".gitignore", {".env", "secrets/"}), (".dockerignore", {".env", "secrets"})):
        assert entries <= set((ROOT / name).read_text("utf-8").splitlines())


def test_compose_reads_the_file(stack: Path) -> None:
    for profile in ([], ["--profile", "demonstration"], ["--profile", "console"], ["--profile", "small"]):
        said = run(needed("docker-compose"), f"--env-file={stack / '.env'}", *profile, "config", folder=ROOT)
        told = yaml.safe_load(said)
        assert told["services"].keys() == SERVICES.keys()
        assert {Path(secret["file"]).name for secret in told["secrets"].values()} <= {
            path.name for path in (stack / "secrets").iterdir()
        }


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
    assert "run deploy/passwords.sh" in done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert re.search(r":v?\d+\.\d+", service["image"]), service["image"]
    if service["restart"] == "unless-stopped":
        assert READY.get(name, "/readyz") in str(service["healthcheck"]["test"])
        assert service["healthcheck"].keys() >= {"interval", "timeout", "retries"}
    assert service["mem_limit"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["stop_grace_period"] == ("1m" if name in OURS or name in ("kafka", "clickhouse") else "30s")
    assert service["security_opt"] == ["no-new-privileges:true"]
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")  # TLS belongs before whatever others reach


def test_images_are_pinned_by_what_the_registry_says(tmp_path: Path) -> None:
    """A stub stands for docker, which asks registries; each image has a digest of its own there."""
    files = ("docker-compose.yml", "deploy/Dockerfile", "deploy/grafana/Dockerfile")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    tool = tmp_path / "docker"
    tool.write_text(
        '#!/bin/sh\nfor image; do :; done\necho "sha256:$(printf %s "$image$SALT" | sha256sum | cut -c1-64)"\n'
    )
    tool.chmod(0o755)

    def pinned(salt: str) -> list[str]:
        environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SALT": salt}
        subprocess.run([DEPLOY / "digests.sh", tmp_path], check=True, env=environment, stdout=subprocess.DEVNULL)
        text = "\n".join((tmp_path / name).read_text("utf-8") for name in files)
        names = re.findall(r"^(?: *image: |FROM )(\S+)", text, re.MULTILINE)
        return [name for name in names if ":" in name and not name.startswith("nytta")]

    for salt in ("", "later"):
        for name in pinned(salt):
            image, _, digest = name.partition("@sha256:")
            assert digest == hashlib.sha256((image + salt).encode()).hexdigest()
    assert yaml.safe_load((tmp_path / "docker-compose.yml").read_text())["services"].keys() == SERVICES.keys()
    before = (tmp_path / "docker-compose.yml").read_text("utf-8")
    tool.write_text("#!/bin/sh\necho no such image\n")
    with pytest.raises(subprocess.CalledProcessError):
        pinned("")
    assert (tmp_path / "docker-compose.yml").read_text("utf-8") == before


def test_what_is_published_asks_who_comes() -> None:
    """Whoever has an account on the machine reaches its ports."""
    published = {name for name, service in SERVICES.items() if "ports" in service}
    assert published == {"gateway", "grafana", "mailpit", "console", "small"}  # tokens, sign-in, password
    grafana = SERVICES["grafana"]["environment"]
    assert grafana["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_admin"
    for name in ("AUTH_ANONYMOUS", "PUBLIC_DASHBOARDS", "SNAPSHOTS"):
        assert grafana[f"GF_{name}_ENABLED"] == "false"
    assert SERVICES["mailpit"]["environment"] == {"MP_UI_AUTH_FILE": "/run/secrets/mailpit"}


def test_parts_reach_only_what_they_need() -> None:
    within = {n: {name for name, s in SERVICES.items() if n in s["networks"]} for n in COMPOSE["networks"]}
    events = {"gateway", "worker", "alerter", "migrate", "demonstration", "console"}
    assert within["stream"] == {"kafka", "kafka-exporter", "puller", *events}  # Kafka asks nobody who he is
    assert within["store"] == {"clickhouse", "grafana", "small", "puller", *events}
    scraped = {"gateway", "worker", "alerter", "puller", "clickhouse", "kafka-exporter"}
    assert within["watch"] == {"prometheus", "alertmanager", "grafana", "small", *scraped}
    assert within["mail"] == {"mailpit", "alertmanager", "alerter", "small", "puller"}  # and out to where sources are
    assert within["front"] == {"gateway", "grafana", "mailpit", "console", "small"}
    internal = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    assert internal == {"stream", "store", "watch"}
    # else every account on the machine reaches Kafka, which asks nobody who he is, at its container's address
    for name in internal:
        assert COMPOSE["networks"][name]["driver_opts"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}


def handed(service: dict[str, Any]) -> dict[str, str]:
    """The secrets of a service by the name that they have there."""
    named = [{"source": s, "target": s} if isinstance(s, str) else s for s in service.get("secrets", [])]
    return {secret["target"]: secret["source"] for secret in named}


def test_passwords_come_from_files() -> None:
    for service in SERVICES.values():
        assert not [name for name in service.get("environment", {}) if name.endswith("PASSWORD")]
        assert set(handed(service).values()) <= set(COMPOSE["secrets"])
    assert {name: handed(service).get("NYTTA_CLICKHOUSE") for name, service in OURS.items()} == {
        "migrate": "clickhouse_service",
        "gateway": "clickhouse_gateway",
        "worker": "clickhouse_service",
        "alerter": "clickhouse_service",
        "console": "clickhouse_service",
        "puller": "clickhouse_service",
        "small": "clickhouse_service",
        "demonstration": "clickhouse_service",
    }


@pytest.mark.parametrize("user", ["service", "gateway"])
def test_a_part_reads_its_secret(stack: Path, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = stack / "run"
    there.mkdir()
    (there / "NYTTA_CLICKHOUSE").write_bytes((stack / "secrets" / f"clickhouse_{user}").read_bytes())
    monkeypatch.delenv("NYTTA_CLICKHOUSE", raising=False)
    held = Settings(_secrets_dir=there).clickhouse  # type: ignore[call-arg]
    assert urlsplit(held).username == f"nytta_{user}"
    assert urlsplit(held).password == password(stack / "secrets" / f"clickhouse_{user}")
    monkeypatch.setenv("NYTTA_CLICKHOUSE", "clickhouse://another")
    assert Settings(_secrets_dir=there).clickhouse == "clickhouse://another"  # type: ignore[call-arg]


@pytest.mark.parametrize("name", OURS)
def test_our_parts_are_tight(name: str) -> None:
    service = OURS[name]
    assert service["image"] == f"nytta:{VERSION}"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service["environment"]) <= SETTINGS
    assert re.search(r"^USER nytta$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)


def installed() -> list[list[str]]:
    """The commands that make the image's user and its folders, as words."""
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    return [shlex.split(line.removeprefix("RUN ")) for line in lines if line.startswith(("RUN useradd", "RUN install"))]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders to another user")
def test_the_image_s_folder_is_its_user_s_and_a_command_runs_in_it() -> None:
    """What an empty volume becomes when it is first mounted there."""
    commands = {words[0]: words for words in installed()}
    assert {"--uid", "10001", "--user-group"} <= set(commands["useradd"])
    place = SERVICES["gateway"]["environment"]["NYTTA_DATA"]
    assert f"data:{place}" in SERVICES["gateway"]["volumes"]
    home, made = commands["install"][-2:]
    copied = re.search(r"^COPY .*--chown=10001:10001 (\S+) (\S+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert copied
    assert (copied[1], made.replace(home, copied[2])) == (home, place)
    with open_folder() as folder:
        data = folder / "data"
        subprocess.run([*commands["install"][:-2], str(data)], check=True)
        assert (data.stat().st_uid, data.stat().st_gid, mode(data)) == (10001, 10001, 0o700)
        code = (
            # what is loaded when something is said, too: another user need not reach this interpreter's library
            "import os, sys; from nytta.cli import commands, common, load; load('token'); common.error_console()\n"
            "os.setgroups([]); os.setgid(10001); os.setuid(10001)\n"
            "commands(['token', 'add', 'desk', '--data', sys.argv[1]])"
        )
        done = subprocess.run([sys.executable, "-c", code, str(data)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("nytta_")
        assert (mode(data / "tokens.json"), (data / "tokens.json").stat().st_uid) == (0o600, 10001)


def test_what_is_mounted_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = re.sub(r"\$\{\w+:-(.+?)\}", r"\1", volume).split(":")[0]
            if source.startswith("./") and not source.startswith("./var/"):
                assert (ROOT / source).exists(), source
            elif not source.startswith("."):
                assert source in COMPOSE["volumes"], source


def test_users_of_the_stack_are_those_of_the_server() -> None:
    users = ElementTree.parse(DEPLOY / "clickhouse" / "users.xml").getroot()
    asked = {element.get("from_env") for element in users.findall("users/*/password_sha256_hex")}
    assert asked == {name for name in SERVICES["clickhouse"]["environment"] if name.startswith("NYTTA_")}
    assert {f"nytta_{source.removeprefix('clickhouse_')}" for source in COMPOSE["secrets"] if "click" in source} <= {
        user.tag for user in users.findall("users/*")
    }


def test_grafana_reads_the_open_zone_alone() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    sources = yaml.safe_load((folder / "datasources" / "nytta.yml").read_text("utf-8"))["datasources"]
    store = next(s for s in sources if s["type"] == CLICKHOUSE)
    assert (store["jsonData"]["username"], store["jsonData"]["defaultDatabase"]) == ("nytta_open", "nytta")
    assert {"host", "port", "protocol"} <= set(store["jsonData"])
    assert store["secureJsonData"] == {"password": "$__file{/run/secrets/clickhouse_open}"}
    assert handed(SERVICES["grafana"]).keys() == {"grafana_admin", "clickhouse_open"}
    assert not any(s["editable"] for s in sources)
    (provider,) = yaml.safe_load((folder / "dashboards" / "nytta.yml").read_text("utf-8"))["providers"]
    assert provider["allowUiUpdates"] is False
    image = (DEPLOY / "grafana" / "Dockerfile").read_text("utf-8")
    copied = dict(re.findall(r"^COPY (\S+) (\S+)$", image, re.MULTILINE))
    assert all((ROOT / source).is_dir() for source in copied)
    assert copied["dashboards"] == provider["options"]["path"]
    assert copied["deploy/grafana/provisioning"] == "/etc/grafana/provisioning"
    # what the volume of people's own things covers would stay as it was when the volume was made
    covered = [volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]]
    assert not [place for place in copied.values() for volume in covered if place.startswith(volume)]
    plugins = re.search(r"^ENV GF_PATHS_PLUGINS=(\S+)$", image, re.MULTILINE)
    assert plugins
    assert f"grafana cli --pluginsDir {plugins[1]} plugins install {CLICKHOUSE} {PLUGIN}" in image
    assert image.rstrip().endswith("USER grafana")


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


DATA = next(m for m in MANIFESTS if m["kind"] == "ConfigMap")["data"]["NYTTA_DATA"]


def pods() -> list[tuple[str, dict[str, Any]]]:
    return [
        (m["metadata"]["name"], m["spec"]["template"]["spec"]) for m in MANIFESTS if "template" in m.get("spec", {})
    ]


def names_of_secrets(volume: dict[str, Any]) -> list[str]:
    """The secrets that a volume holds; none where it is of another kind."""
    if "projected" in volume:
        return [part["secret"]["name"] for part in volume["projected"]["sources"]]
    return [volume["secret"]["secretName"]] if "secret" in volume else []


@pytest.mark.parametrize(("name", "pod"), pods())
def test_pods_are_tight_and_their_parts_are_there(name: str, pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    volumes = {v["name"] for v in pod["volumes"]}
    secrets = {v["name"]: names_of_secrets(v) for v in pod["volumes"] if names_of_secrets(v)}
    own = {"nytta-gateway": ["nytta-gateway"], "nytta-puller": ["nytta-settings", "nytta-sources"]}
    assert secrets["settings"] == own.get(name, ["nytta-settings"])
    modes = [(v.get("secret") or v["projected"])["defaultMode"] for v in pod["volumes"] if v["name"] in secrets]
    assert all(mode & 0o007 == 0 for mode in modes)
    for container in pod["containers"]:
        assert container["image"] == f"nytta:{VERSION}"
        held = container["securityContext"]
        assert held["readOnlyRootFilesystem"] is True
        assert held["allowPrivilegeEscalation"] is False
        assert held["capabilities"] == {"drop": ["ALL"]}
        assert {m["name"] for m in container["volumeMounts"]} == volumes
        assert not [source for source in container["envFrom"] if "secretRef" in source]
        mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
        assert mounts["settings"] == "/run/secrets"
        assert Path(mounts["home"]) in Path(DATA).parents  # a volume is its group's: the folder is made within it
        assert "memory" in container["resources"]["limits"]
        if "ports" in container:
            assert {"livenessProbe", "readinessProbe", "startupProbe"} <= set(container)
            assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
            assert pod["terminationGracePeriodSeconds"] == 60  # as compose has it
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
