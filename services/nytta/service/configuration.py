"""What an installation is told by files and settings, read whole: every problem at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nytta import Mendable
from nytta.indicators import load as catalogue
from nytta.indicators.definition import Definition
from nytta.insight.alerts.delivery.channels import Channels, ChannelSettingError, smtp_of
from nytta.registry import declarations
from nytta.registry.problems import check_text
from nytta.registry.registry import Registry
from nytta.service.settings import Settings

if TYPE_CHECKING:
    from nytta.insight.benefits.maturity import Model

PURPOSES = declarations.schemas() / "purposes.yaml"
"""Where the purposes stand that indicators and approvals name."""


class AppError(Mendable):
    """Something that the person at the keyboard can change."""


def read_definitions(directory: Path) -> tuple[Definition, ...]:
    """The definitions of a folder. AppError with every problem where one is not sound."""
    loaded = catalogue.load(directory)
    if loaded.problems:
        raise AppError(check_text(loaded.problems, str(directory)).rstrip("\n"))
    return loaded.definitions


def read_model(path: Path) -> Model:
    """The model of maturity in a file. AppError with every problem where it is not sound."""
    # asked for where benefits are stated
    from nytta.insight.benefits import model_file

    model, problems = model_file.read_model(path.name, path.read_bytes())
    if model is None:
        raise AppError(check_text(problems, str(path.parent)).rstrip("\n"))
    return model


def read_channels(settings: Settings) -> Channels:
    """The ways out that the settings name. AppError where one cannot be used."""
    try:
        smtp = smtp_of(settings.smtp.get_secret_value())
    except ChannelSettingError as error:
        raise AppError(str(error)) from error
    # at the start rather than at the first message, which nobody would miss at once
    if settings.webhook and not settings.webhook_secret.get_secret_value():
        raise AppError("NYTTA_WEBHOOK needs NYTTA_WEBHOOK_SECRET: what is posted is signed with it")
    return Channels(
        smtp,
        settings.sender,
        settings.address,
        settings.webhook,
        settings.webhook_secret.get_secret_value(),
        settings.alertmanager,
    )


def read_registry(directory: Path | None, definitions: Sequence[Definition]) -> Registry | None:
    """The registry of a folder; None where none is named. AppError with every problem where it is not sound."""
    if directory is None:
        return None
    # loaded here: a command without a registry starts without its reader
    from nytta.insight.alerts.kinds import Kind
    from nytta.registry.load import load as load_registry

    versions = {definition.id: definition.version for definition in definitions} or None
    loaded = load_registry(directory, versions, catalogue.purposes(PURPOSES), list(Kind))
    if loaded.registry is None:
        raise AppError(check_text(loaded.problems, str(directory)).rstrip("\n"))
    return loaded.registry
