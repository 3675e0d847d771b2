"""The list of commands, shown without loading any of them: whoever only looks does not wait for the engine."""

from __future__ import annotations

from typing import Final

import typer

HELP: Final = {
    "import": "Import event logs. Interrupted, the same command goes on; repeated, it changes nothing.",
    "sources": "What came from where: events, first and last time, rejects; and the imports.",
    "rejects": "What was refused, where it stood and what to change. Bodies stay sealed.",
    "draft": "Draft a mapping for a list: decided by its cells, with a question where they do not decide.",
    "start": (
        "From files to the first figures: say what each list is, ask what they do not say, import, and tell what shows."
    ),
    "pull": (
        "Ask a system now for what happened in it. Interrupted, the same command goes on; repeated, it changes nothing."
    ),
    "puller": "Ask the sources of sources.yaml when they are due, and put what they say on Kafka. Needs a supervisor.",
    "retention": (
        "Dispose of what was kept as long as it may be, with a certificate. Exit code 1 where a decision is missing."
    ),
    "erase": "Erase a person and count them no longer, in numerators and denominators; the proof is the output.",
    "access": "Who read figures of which unit: roles, and readers told apart without their names.",
    "transparency": (
        "What is collected, why, for how long, and who sees it: from models, registry and rules as they are."
    ),
    "forward": "Edge mode: hand on the published figures that have not been handed on yet; nothing else ever leaves.",
    "link": "Print a further link that signs the person at this machine in to the console of the running service.",
    "up": "Run the service in one process: events over HTTP, figures kept up to date, the console for people.",
    "gateway": "Take events in over HTTP and put them on Kafka, for workers to store and compute.",
    "console": "Serve the console beside gateway and workers, from the ClickHouse server that they share.",
    "values": "List values per unit, system, indicator and period.",
    "states": "What several published figures show together: ready and not used, gates, gaps, decisions.",
    "mix": "A figure without its mix: its change as change within its parts, and change of their mix.",
    "overview": "The latest published figure of each unit, system and indicator, in tree order.",
    "verify": "Compute every cell from the raw events alone, and compare. Exit code 1 where one differs.",
    "rebuild": "Compute everything anew from the raw events.",
    "migrate": (
        "Bring the store's tables up to date; with Kafka, make the topics that are missing and check the others."
    ),
    "signals": "What lag detection found, beside published figures.",
    "benefits": "List benefits: realised share, forecast, status, hours freed and unrealised.",
    "report": "Write the report of a programme: two pages to decide from, and an appendix.",
    "worker": "Take events from Kafka, store them and compute figures, beside other workers. Needs a supervisor.",
    "alerter": "Keep the alerts beside workers: open and close them, send messages, take answers. Needs a supervisor.",
    "replay": "Validate rejects again, after a fix. Repeated, it changes nothing.",
    "backup": "Copy the store as it stands at one moment. The keys are not in it: back up their file in another place.",
    "restore": "Put a backup into an empty data folder, a portable one into an empty server. `nytta verify` proves it.",
    "doctor": "Look at settings, registry, keys, files, store, broker, mail, clock and disk, and say what to mend.",
    "check": "Check a registry: every problem at once, with file and line.",
    "detect": "Find units that lag in any weekly series; no store is needed.",
    "simulate": "Make an invented organisation and its story as CloudEvents.",
    "accounts": "Which account each address belongs to that signed in.",
    "keys": "Keys of pseudonyms: they change, and old ones are destroyed.",
    "token": "Tokens that senders show to the gateway.",
    "alerts": "Alerts: list them, answer them, evaluate now, see what became of messages.",
    "benchmark": "Compare with other organisations: hand out and take over published figures.",
    "dashboards": "The Grafana dashboards.",
    "schemas": "Generated declarations.",
}
"""What each command says of itself first, in the order in which help shows them."""


def page() -> typer.Typer:
    """The commands by name and first sentence; none of them does anything."""
    listing = typer.Typer(
        name="nytta",
        help="See where a digital change is in use, unit by unit.",
        no_args_is_help=True,
        add_completion=False,
    )
    listing.callback()(_nothing)
    for name, help_text in HELP.items():
        listing.command(name, help=help_text)(_nothing)
    return listing


def _nothing() -> None:
    pass
