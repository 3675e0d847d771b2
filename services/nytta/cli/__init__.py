"""The commands, grouped by who gives them; importing a module of this package adds its commands."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nytta import COLLECTOR

if TYPE_CHECKING:
    from nytta.cli.common import commands

__all__ = ["MODULES", "commands", "load", "main"]

MODULES = {
    "start": ("draft", "start"),
    "intake": ("import", "rejects", "sources"),
    "pull": ("pull", "puller"),
    "serve": ("console", "gateway", "up"),
    "console": ("link",),
    "figures": ("mix", "overview", "states", "values"),
    "upkeep": ("migrate", "rebuild", "verify"),
    "alerts": ("alerts", "signals"),
    "benefits": ("benefits", "report"),
    "benchmark": ("benchmark",),
    "privacy": ("access", "erase", "forward", "keys", "retention", "transparency"),
    "tokens": ("token",),
    "accounts": ("accounts",),
    "stream": ("alerter", "replay", "worker"),
    "operations": ("backup", "dashboards", "doctor", "restore"),
    "offline": ("check", "detect", "schemas", "simulate"),
}
"""The modules of this package with the commands that each of them adds, in the order in which help shows them."""


def load(command: str = "") -> None:
    """Import the module of a command, or all of them where none has it."""
    for module in [module for module, names in MODULES.items() if command in names] or MODULES:
        import_module(f"nytta.cli.{module}")


def __getattr__(attribute_name: str) -> Any:
    # what commands share loads the parts of the service; the list of commands needs none of them
    if attribute_name == "commands":
        from nytta.cli import common

        return common.commands
    raise AttributeError(f"module {__name__!r} has no attribute {attribute_name!r}")


class WithoutPandas:
    """A finder of modules that finds no pandas, as an import asks it.

    Arrow loads pandas, where it is installed, to see whether a list is one of its frames: nothing here is, and a
    process that waits would hold its 32 MB.
    """

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """ModuleNotFoundError for pandas; of other modules nothing is known here."""
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def main() -> None:
    """Run a command; what only the others need is not loaded."""
    sys.meta_path.insert(0, WithoutPandas)
    # what is loaded stays, and the collector would look through it again and again
    gc.set_threshold(*COLLECTOR)
    command_words = sys.argv[1:]
    if command_words in ([], ["--help"]):
        from nytta.cli.front import page

        page()(prog_name="nytta")
        return
    load(command_words[0])
    from nytta.cli.common import commands

    commands()
