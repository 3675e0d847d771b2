"""Where the parts are joined: a store, a key, a registry and definitions become one installation.

For whoever runs it. Here alone private figures and open findings meet in one object; nothing is computed here.
`distributed` and `evaluation` are imported where they are needed: a command that needs neither starts sooner.
"""

from nytta.service.configuration import (
    PURPOSES,
    AppError,
    read_channels,
    read_definitions,
    read_model,
    read_registry,
)
from nytta.service.installation import App, Replayed, embedded

__all__ = [
    "PURPOSES",
    "App",
    "AppError",
    "Replayed",
    "embedded",
    "read_channels",
    "read_definitions",
    "read_model",
    "read_registry",
]
