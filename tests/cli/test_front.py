"""What a command loads before it does anything: who only looks at the list of commands loads none of them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nytta.cli import front
from tests.support.processes import ROOT

LOADED = "import sys; print(*(m for m in sys.modules if m.partition('.')[0] in {'nytta', 'numpy', 'pyarrow', 'chdb'}))"


@pytest.mark.parametrize("words", [["--help"], []])
def test_the_list_of_commands_loads_no_part_of_the_service(words: list[str]) -> None:
    program = f"import sys; sys.argv = {['nytta', *words]!r}\nfrom nytta.cli import main\ntry:\n    main()\nfinally:\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}    {LOADED}"],
        capture_output=True,
        text=True,
        timeout=50,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        check=False,
    )
    assert "verify" in done.stdout, done.stderr
    loaded = done.stdout.splitlines()[-1].split()
    assert sorted(loaded) == ["nytta", "nytta.cli", "nytta.cli.front"]


OF_FRAMES = """
import sys
import pyarrow
{before}
pyarrow.array([1, 2])
print('pandas' in sys.modules)
"""


@pytest.mark.parametrize(("before", "loaded"), [("", "True"), ("sys.meta_path.insert(0, WithoutPandas)", "False")])
def test_a_list_is_no_data_frame_and_a_command_loads_nothing_to_see_that(before: str, loaded: str) -> None:
    pytest.importorskip("pandas")
    done = subprocess.run(
        [sys.executable, "-c", "from nytta.cli import WithoutPandas\n" + OF_FRAMES.format(before=before)],
        capture_output=True,
        text=True,
        timeout=50,
        env=os.environ | {"PYTHONPATH": str(ROOT / "services")},
        check=True,
    )
    assert done.stdout.strip() == loaded


REAL = "from nytta import cli; cli.load(); cli.commands(['--help'], prog_name='nytta')"


def test_the_list_of_commands_is_that_of_the_commands() -> None:
    """In a process of its own: the order is that in which their modules are loaded."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "services"), "COLUMNS": "200"}
    real, shown = (
        subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=50, env=environment, check=True
        ).stdout
        for words in (("-c", REAL), ("-m", "nytta", "--help"))
    )
    assert shown == real
    assert all(name in shown for name in front.HELP)
