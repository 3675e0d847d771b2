"""The commands, grouped by who gives them; importing a module of this package adds its commands."""

from __future__ import annotations

import sys
from importlib import import_module

from nytta.cli.common import commands

__all__ = ["MODULES", "commands", "load", "main"]

MODULES = {
    "alerts": ("alerts", "signals"),
    "benchmark": ("benchmark",),
    "benefits": ("benefits", "report"),
    "console": ("link",),
    "figures": ("overview", "values"),
    "intake": ("import", "rejects", "sources"),
    "offline": ("check", "detect", "schemas", "simulate"),
    "operations": ("backup", "dashboards", "doctor", "restore"),
    "privacy": ("access", "erase", "forward", "keys", "retention", "transparency"),
    "serve": ("gateway", "up"),
    "stream": ("replay", "worker"),
    "tokens": ("token",),
    "upkeep": ("migrate", "rebuild", "verify"),
}
"""The modules of this package with the commands that each of them adds."""


def load(command: str = "") -> None:
    """Import the module of a command, or all of them where none has it."""
    for module in [m for m, its in MODULES.items() if command in its] or MODULES:
        import_module(f"nytta.cli.{module}")


def main() -> None:
    """Run a command; what only the others need is not loaded."""
    load(sys.argv[1] if len(sys.argv) > 1 else "")
    commands()
