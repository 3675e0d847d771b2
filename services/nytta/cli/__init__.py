"""The commands, grouped by who gives them; importing a module of this package adds its commands."""

from __future__ import annotations

import sys
from importlib import import_module

from nytta.cli.common import commands

__all__ = ["MODULES", "commands", "load", "main"]

MODULES = {
    "start": ("draft", "start"),
    "intake": ("import", "rejects", "sources"),
    "pull": ("pull",),
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
    for module in [m for m, its in MODULES.items() if command in its] or MODULES:
        import_module(f"nytta.cli.{module}")


def main() -> None:
    """Run a command; what only the others need is not loaded."""
    load(sys.argv[1] if len(sys.argv) > 1 else "")
    commands()
