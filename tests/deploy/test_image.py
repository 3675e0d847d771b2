"""The image's own steps, each run in a bare folder, and what comes out of them as its user. No engine is needed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.deploy.tools import DEPLOY, needed, open_folder, run
from tests.support.broker import Broker
from tests.support.installation import Store
from tests.support.processes import Process, answers, free_port, python, until

ROOT = DEPLOY.parent
USER = 10001
MEGABYTES = 500
"""What the image may take: on 29 November 2026 its environment took 428, and what is below it 52."""
BELOW = {
    *(
        "base-files",
        "ca-certificates",
        "libc6",
        "libgcc-s1",
        "libgomp1",
        "libssl3",
        "libstdc++6",
        "media-types",
        "netbase",
    ),
    *(
        "libbz2-1.0",
        "libcom-err2",
        "libcrypt1",
        "libdb5.3",
        "libexpat1",
        "libffi8",
        "liblzma5",
        "libncursesw6",
        "libnsl2",
    ),
    *("libgssapi-krb5-2", "libk5crypto3", "libkeyutils1", "libkrb5-3", "libkrb5support0", "libpython3.11-minimal"),
    *("libpython3.11-stdlib", "libreadline8", "libsqlite3-0", "libtinfo6", "libtirpc3", "libuuid1", "tzdata", "zlib1g"),
    *("python3-distutils", "python3.11-minimal"),
}
"""Debian's packages in gcr.io/distroless/python3-debian12, as its files base, cc and python3 list them."""


def stage(name: str) -> list[list[str]]:
    """The commands of a stage of the Dockerfile, as words."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    part = re.split(r"^FROM .*?(?: AS (\w+))?$", text, flags=re.MULTILINE)
    found = dict(zip(part[1::2], part[2::2], strict=True))[name]
    return [shlex.split(line.removeprefix("RUN ")) for line in found.splitlines() if line.startswith("RUN ")]


def versions(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))


def test_what_the_image_has_is_what_was_tried() -> None:
    everything = versions(ROOT / "requirements.lock")
    image = versions(DEPLOY / "requirements-image.lock")
    assert image.items() <= everything.items()
    assert versions(DEPLOY / "requirements-build.lock").items() <= everything.items()
    assert not {"chdb", "chdb-core", "pandas", "pytest", "mypy", "playwright", "kubernetes-validate"} & set(image)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.split("[><=]", dependency)[0] for dependency in project["dependencies"]}
    assert declared - set(image) == {"chdb"}


def test_the_last_stage_brings_no_tool_and_ends_as_the_user() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    last = text[text.rindex("\nFROM ") :]
    assert "RUN" not in last  # there is no shell, and no tool
    assert "COPY --from=environment /opt/nytta /opt/nytta" in last
    assert last.index("/etc/passwd") < last.index("USER nytta") < last.index("ENTRYPOINT")
    # what the environment links to is Debian's Python, in both
    assert "python3.11 -m venv --without-pip /opt/nytta" in text
    assert "distroless/python3-debian12" in last


def below() -> float:
    """Megabytes of the packages below the environment, as Debian says of them."""
    told = run("apt-cache", "show", "--no-all-versions", *sorted(BELOW))
    known = dict(re.findall(r"^Package: (\S+)$.*?^Installed-Size: (\d+)$", told, re.MULTILINE | re.DOTALL))
    assert known.keys() == BELOW
    return sum(map(int, known.values())) / 1024


@pytest.fixture(scope="module")
def bare() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def environment(bare: Path) -> Path:
    """/opt/nytta as the image's steps make it, elsewhere; packages come from the index."""
    folder = bare
    places = {"/opt/build/bin/python": sys.executable}  # which has what builds the wheel
    places |= {"/opt/nytta": str(folder / "nytta"), "/build/": f"{DEPLOY}/", "/wheels": str(folder / "wheels")}

    def placed(word: str) -> str:
        for there, here in places.items():
            word = word.replace(there, here)
        return {"python3.11": interpreter(), ".": str(ROOT)}.get(word, word)

    venv, packages, nytta, slim, *_ = stage("environment")
    pip = [sys.executable, "-m"]
    run(*map(placed, venv))
    run(*pip, *map(placed, packages))
    (wheel,) = [words for words in stage("wheel") if "wheel" in words]
    run(*pip, *map(placed, wheel))
    run(*pip, *map(placed, nytta))
    if shutil.which("strip"):
        run(*map(placed, slim))
    return folder / "nytta"


def interpreter() -> str:
    """A Python that every user of this machine may run: this one, or the distribution's."""
    here = Path(sys.executable).resolve()
    open_to_all = all(above.stat().st_mode & 0o001 for above in here.parents)
    return sys.executable if open_to_all else needed("python3.11")


def as_user(environment: Path, home: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command as the image's user, who may write nothing but his home."""
    held = {"PATH": f"{environment / 'bin'}:/usr/bin:/bin", "HOME": str(home), "NYTTA_DATA": str(home / "data")}
    return subprocess.run(
        command,
        cwd=home,
        env=held | {"PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC"} | more,
        user=USER if os.geteuid() == 0 else None,
        group=USER if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        check=False,
    )


DRAWS = """
import typst, vl_convert, numpy, scipy.special, pyarrow.compute, pyarrow.json
bars = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
assert vl_convert.vegalite_to_svg(bars).startswith("<svg")
assert typst.compile(b"Hello")[:4] == b"%PDF"
assert numpy.linalg.inv(numpy.eye(2) * 2)[0, 0] == 0.5
"""


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_every_part_starts_from_it_as_its_user(environment: Path, bare: Path) -> None:
    size = sum(p.stat().st_size for p in environment.rglob("*") if p.is_file() and not p.is_symlink()) >> 20
    assert size + below() <= MEGABYTES
    home = bare / "home"
    home.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(home, USER, USER)
    done = as_user(environment, home, "python", "-c", DRAWS)
    assert done.returncode == 0, done.stderr
    done = as_user(environment, home, "nytta", "token", "add", "desk")
    assert done.stdout.startswith("nytta_"), done.stderr
    for part in ("migrate", "gateway", "worker", "alerter", "console"):
        done = as_user(environment, home, "nytta", part, "--help")
        assert done.returncode == 0, done.stderr
    # each part says what it lacks: brokers, or a server, for the embedded engine is not in it
    for part in ("migrate", "gateway", "worker", "alerter", "puller", "console", "up", "overview"):
        done = as_user(environment, home, "nytta", part)
        assert done.returncode in (1, 2), part
        assert re.search("NYTTA_(KAFKA|CLICKHOUSE)", done.stderr), part
        assert "Traceback" not in done.stderr, part
    assert not list(environment.rglob("__pycache__"))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_migrate_and_up_run_from_it_on_an_empty_server(environment: Path, tmp_path: Path) -> None:
    port, front = free_port(), free_port()
    store = Process(
        python("-m", "tests.support.facade", "--path", str(tmp_path / "store"), "--port", str(port)),
        tmp_path / "store.log",
        {"TZ": "UTC"},
    )
    store.start()
    held = {"NYTTA_CLICKHOUSE": f"clickhouse://default@127.0.0.1:{port}", "NYTTA_DATA": str(tmp_path / "data")}
    held |= {"NYTTA_REGISTRY": str(ROOT / "tests" / "registry" / "example"), "PYTHONDONTWRITEBYTECODE": "1"}
    held |= {"PYTHONPATH": ""}  # the package is the image's own
    service = Process([str(environment / "bin" / "nytta"), "up", "--port", str(front)], tmp_path / "up.log", held)
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/ping"), "the store", store.log)
        service.start()
        until(lambda: answers(f"http://127.0.0.1:{front}/readyz"), "the service", service.log)
    finally:
        service.stop()
        store.kill()


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process as another user")
def test_the_parts_of_the_stack_start_from_it_on_an_empty_volume(
    environment: Path, bare: Path, broker: Broker, tmp_path: Path
) -> None:
    """With the words of docker-compose.yml, as the image's user; each says that it is ready."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    volume, registry = bare / "volume", shutil.copytree(ROOT / "tests" / "registry" / "example", bare / "registry")
    volume.mkdir(mode=0o700)
    os.chown(volume, USER, USER)
    store = Store(tmp_path)
    store.start()
    held = {"NYTTA_CLICKHOUSE": store.dsn, "NYTTA_KAFKA": broker.servers, "NYTTA_KAFKA_PREFIX": f"image-{os.getpid()}"}
    held |= {"NYTTA_REGISTRY": str(registry), "NYTTA_DATA": str(volume)}
    parts: dict[str, tuple[int, Process]] = {}
    as_him = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    alone = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(volume), "TZ": "UTC"}
    try:
        done = as_user(environment, volume, "nytta", *services["migrate"]["command"], **held)
        assert done.returncode == 0, done.stderr
        for part in ("gateway", "worker", "alerter", "console"):
            port = free_port()
            words = [{"0.0.0.0": "127.0.0.1", "8650": str(port)}.get(w, w) for w in services[part]["command"]]
            command = [*as_him, str(environment / "bin" / "nytta"), *words]
            parts[part] = port, Process(command, tmp_path / f"{part}.log", held | alone)
            parts[part][1].start()
        for part, (port, process) in parts.items():
            until(lambda port=port: answers(f"http://127.0.0.1:{port}/readyz"), part, process.log)  # type: ignore[misc]
    finally:
        for _, process in parts.values():
            process.stop()
        store.process.kill()
    assert {path.stat().st_uid for path in volume.rglob("*")} == {USER}
