"""The commands, grouped by who gives them; importing a module of this package adds its commands."""

from nytta.cli import (
    alerts,
    benchmark,
    benefits,
    console,
    figures,
    intake,
    offline,
    operations,
    privacy,
    serve,
    stream,
    tokens,
    upkeep,
)
from nytta.cli.common import commands

__all__ = [
    "alerts",
    "benchmark",
    "benefits",
    "commands",
    "console",
    "figures",
    "intake",
    "main",
    "offline",
    "operations",
    "privacy",
    "serve",
    "stream",
    "tokens",
    "upkeep",
]


def main() -> None:
    """Run a command."""
    commands()
