"""What the environment says; nothing else reads it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of an installation, each an environment variable with the prefix NYTTA_."""

    model_config = SettingsConfigDict(env_prefix="NYTTA_", extra="forbid", frozen=True)

    data: Path = Field(default=Path("var/data"), description="folder of the embedded store and of its key")
    registry: Path | None = Field(
        default=None, description="folder with organisation.yaml, systems.yaml, programme.yaml"
    )
    clickhouse: str = Field(default="", description="address of a ClickHouse server (clickhouse://…); empty: embedded")
    key_file: Path | None = Field(
        default=None, description="file with the pseudonym key; else key.json in the data folder"
    )
    memory: int = Field(default=2 << 30, ge=256 << 20, description="memory of the embedded engine, in bytes")
