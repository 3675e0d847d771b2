"""Where the parts are joined: a store, a key, a registry and definitions become one installation.

`distributed` and `evaluation` are imported where they are needed: a command that needs neither starts sooner.
"""

from nytta.app.configuration import (
    PURPOSES,
    AppError,
    read_channels,
    read_definitions,
    read_model,
    read_registry,
)
from nytta.app.installation import App, Replayed, embedded

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
