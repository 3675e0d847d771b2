"""`python -m tests.mutate [CORE ...]`: faults are put into pure cores, one at a time; which does no test notice?

Each core is tried with the tests that are its own, by mutmut, in a copy of the project under `var/mutants`. Exit code 1
where more faults go unnoticed than `cores.py` explains.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.mutate.cores import CORES, NOTHING, Core
from tests.support.processes import ROOT

_COPIED = ("tests", "schemas", "dashboards")
_KILLED = (1, 3)
"""Exit codes of pytest under a mutant: a test failed, or pytest itself broke on what the fault did."""
_NOT_TRIED = (None, 5, 33)
"""None of the tests calls the function."""


def main() -> int:
    """Try the cores that are named, or all; 1 where more goes unnoticed than is explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutate", description=__doc__)
    parser.add_argument("cores", nargs="*", metavar="CORE", help=f"of {', '.join(CORES)}; all where none is named")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="how many faults are tried at a time")
    parser.add_argument("--quiet", action="store_true", help="figures alone, without the faults that go unnoticed")
    options = parser.parse_args()
    unknown = set(options.cores) - CORES.keys()
    if unknown:
        parser.error(f"no such core: {', '.join(sorted(unknown))}")
    names = options.cores or list(CORES)
    outcomes = [_tried(name, CORES[name], options.processes, quiet=options.quiet) for name in names]
    return 0 if all(outcomes) else 1


def _tried(name: str, core: Core, processes: int, *, quiet: bool) -> bool:
    """Whether a core has no more unnoticed faults than are explained; prints figures, and the faults."""
    started = time.monotonic()
    workspace = _workspace(name, core)
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes)]
    # The package must be found in the copy alone, and the rest of the environment is that of any test.
    environment = os.environ | {"PYTHONPATH": str(ROOT / "var" / "mutmut")}
    done = subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
    results = workspace / "mutants" / f"src/nytta/{core.file}.meta"
    if done.returncode or not results.is_file():
        print(done.stdout[-3000:], done.stderr[-3000:], sep="\n", file=sys.stderr)
        raise SystemExit(f"{name}: mutmut ended with {done.returncode}")
    exit_codes: dict[str, int | None] = json.loads(results.read_text("utf-8"))["exit_code_by_key"]
    unnoticed = [key for key, code in exit_codes.items() if code == 0]
    not_tried = [key for key, code in exit_codes.items() if code in _NOT_TRIED]
    killed = sum(code in _KILLED for code in exit_codes.values())
    hanging = len(exit_codes) - killed - len(unnoticed) - len(not_tried)
    if not quiet:
        for key in unnoticed:
            print("\n".join(_difference(workspace, core, key)))
    print(
        f"{name}: {len(exit_codes)} faults, {killed} noticed, {hanging} ran for ever, {len(not_tried)} in code that "
        f"they do not call, {len(unnoticed)} unnoticed ({core.explained} explained), {time.monotonic() - started:.0f} s"
    )
    return len(unnoticed) <= core.explained


def _workspace(name: str, core: Core) -> Path:
    """A copy of the project as mutmut wants it: the package under `src`, and its settings."""
    workspace = ROOT / "var" / "mutants" / name
    # Anew each time: mutmut keeps its verdicts as long as a function is the same, whatever became of the tests.
    shutil.rmtree(workspace, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "services" / "nytta", workspace / "src" / "nytta", ignore=ignored)
    for folder in _COPIED:
        shutil.copytree(ROOT / folder, workspace / folder, ignore=ignored)
    (workspace / "pyproject.toml").write_text(_settings(core), "utf-8")
    return workspace


def _settings(core: Core) -> str:
    # JSON's strings and lists are TOML's too. Mutants are forked from a process that has run no test: what functions
    # keep of earlier calls would stand in for their faults.
    return f"""
[tool.pytest.ini_options]
addopts = "--import-mode=importlib -p no:cacheprovider"
pythonpath = ["."]

[tool.mutmut]
source_paths = ["src"]
only_mutate = {json.dumps([f"src/nytta/{core.file}"])}
do_not_mutate_patterns = {json.dumps(NOTHING)}
also_copy = ["schemas", "dashboards"]
process_isolation = "forkserver"
pytest_add_cli_args = ["-W", "ignore::pytest.PytestUnknownMarkWarning", "-m", "not slow and not soak"]
pytest_add_cli_args_test_selection = {json.dumps(core.tests)}
"""


def _difference(workspace: Path, core: Core, key: str) -> Iterator[str]:
    """What a fault changes in its function, as lines with - and +."""
    name = key.rpartition(".")[2]
    function, _, number = name.rpartition("__mutmut_")
    tree = ast.parse((workspace / "mutants" / "src" / "nytta" / core.file).read_text("utf-8"))
    sources = {
        node.name: ast.unparse(node).splitlines()[1:]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith(f"{function}__mutmut_")
    }
    yield f"{function.removeprefix('x_')}, {number}"
    changes = difflib.ndiff(sources[f"{function}__mutmut_orig"], sources[name])
    yield from (line for line in changes if line.startswith(("-", "+")))


if __name__ == "__main__":
    sys.exit(main())
