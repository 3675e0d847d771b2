"""What the script that runs a broker leaves on the disk: topics hold events."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.deploy.tools import DEPLOY

JAVA = """#!/bin/sh
# a broker that writes a log and ends
case "$*" in
    *StorageTool*) mkdir -p "$DATA/log" && touch "$DATA/log/meta.properties" ;;
    *kafka.Kafka*) echo event > "$DATA/log/00000.log" ;;
esac
"""


def test_a_broker_s_data_are_their_owner_s_alone(tmp_path: Path) -> None:
    libs, data, outside = tmp_path / "libs", tmp_path / "data", tmp_path / "outside"
    for folder in (libs, data / "log", outside):
        folder.mkdir(parents=True)
    (libs / "kafka_2.13-4.1.1.jar").touch()
    (data / "log" / "old.log").write_text("of an earlier version")
    (data / "link").symlink_to(outside)
    for path in (data, data / "log", data / "log" / "old.log", outside):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (tmp_path / "java").write_text(JAVA)
    (tmp_path / "java").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "KAFKA_LIBS": str(libs), "DATA": str(data)}
    subprocess.run(
        ["sh", "-c", 'umask 0; exec "$@"', "sh", str(DEPLOY / "kafka" / "kafka.sh"), "run", str(data)],
        env=environment,
        check=True,
    )
    modes = {path.relative_to(data): path.stat().st_mode & 0o777 for path in data.rglob("*") if not path.is_symlink()}
    assert {modes[Path("log") / name] for name in ("00000.log", "old.log", "meta.properties")} == {0o600}
    assert (data.stat().st_mode & 0o777, modes[Path("log")], modes[Path("server.properties")]) == (0o700, 0o700, 0o600)
    assert outside.stat().st_mode & 0o777 == 0o777


def test_a_folder_of_jars_that_somebody_names_is_left_as_it_is(tmp_path: Path) -> None:
    libs = tmp_path / "libs"
    libs.mkdir()
    environment = os.environ | {"KAFKA_LIBS": str(libs)}
    command = [str(DEPLOY / "kafka" / "kafka.sh"), "fetch"]
    without = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert (without.returncode, list(libs.iterdir())) == (1, [])
    assert f"KAFKA_LIBS names {libs}, where no kafka_*.jar is" in without.stderr

    jar = libs / "kafka_2.13-9.9.9.jar"
    jar.touch()
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert list(libs.iterdir()) == [jar]
