"""What the environment and the secrets of a container say; nothing else reads them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from nytta.storage.cluster import ALONE, Cluster

SECRETS: Final = Path("/run/secrets")
"""Where a container finds its secrets, each a file of its name."""
_NAME: Final = r"^[A-Za-z0-9_-]*$"


class Settings(BaseSettings):
    """Settings of an installation, each an environment variable with the prefix NYTTA_, or a file of that name.

    Files lie where containers are handed their secrets; the environment goes before them.
    """

    model_config = SettingsConfigDict(
        env_prefix="NYTTA_",
        extra="forbid",
        frozen=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    data: Path = Field(
        default=Path("var/data"), description="folder of the embedded store and of its key"
    )
    registry: Path | None = Field(
        default=None, description="folder with organisation.yaml, systems.yaml, programme.yaml"
    )
    clickhouse: str = Field(
        default="", description="address of a ClickHouse server (clickhouse://…); empty: embedded"
    )
    clickhouse_cluster: str = Field(
        default="",
        pattern=_NAME,
        description="cluster of that server's replicas, for tables; empty: it stands alone",
    )
    clickhouse_shards: str = Field(
        default="",
        pattern=_NAME,
        description="cluster of all shards, for tables that read them; empty: there is one",
    )
    key_file: Path | None = Field(
        default=None, description="file with the pseudonym key; else key.json in the data folder"
    )
    tokens: Path | None = Field(
        default=None, description="file of the senders' tokens; else tokens.json in the data folder"
    )
    body_limit: int = Field(
        default=16 << 20, ge=1 << 16, description="bytes that a request's body may have"
    )
    upload_limit: int = Field(
        default=512 << 20, ge=1 << 16, description="bytes that an uploaded file may have"
    )
    rate: float = Field(default=20_000, gt=0, description="events per second that a token may send")
    proxy_header: str = Field(
        default="", description="header in which a proxy names who is signed in, by e-mail"
    )
    proxies: str = Field(
        default="", description="addresses of that proxy, or networks, with commas between"
    )
    proxy_secret: SecretStr = Field(
        default=SecretStr(""),
        description="secret that the proxy sends in X-Nytta-Proxy-Secret; needed on this machine",
    )
    metrics: str = Field(
        default="",
        pattern=r"^$|^.+:[0-9]{1,5}$",
        description="host:port that /metrics is served on; empty: it is not",
    )
    oidc_issuer: str = Field(
        default="", description="issuer of the provider that signs people in; empty: none does"
    )
    oidc_client: str = Field(
        default="", description="id under which this installation is registered there"
    )
    oidc_secret: SecretStr = Field(default=SecretStr(""), description="secret of that client")
    oidc_domains: str = Field(
        default="",
        description="domains of the organisation's e-mail addresses, with commas between",
    )
    oidc_groups: str = Field(
        default="", description="claim that names a person's groups; empty: no role by group"
    )
    oidc_hours: int = Field(
        default=12, ge=1, le=12, description="hours that a person stays signed in"
    )
    memory: int = Field(
        default=2 << 30, ge=256 << 20, description="memory of the embedded engine, in bytes"
    )
    kafka: str = Field(
        default="", description="brokers, host:port with commas between; empty: no broker"
    )
    kafka_prefix: str = Field(
        default="nytta",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="what the names of topics and of the consumer group begin with",
    )
    kafka_partitions: int = Field(
        default=12, ge=1, description="partitions of the topic of events, when it is made"
    )
    kafka_replicas: int = Field(
        default=1, ge=1, description="replicas of each topic, when it is made"
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="how brokers are spoken to"
    )
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="SASL mechanism"
    )
    kafka_user: str = Field(default="", description="SASL user")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="SASL password")
    kafka_ca: Path | None = Field(
        default=None, description="file with the authorities of the brokers' certificates"
    )
    kafka_certificate: Path | None = Field(
        default=None, description="file with a client certificate and its key"
    )
    smtp: SecretStr = Field(
        default=SecretStr(""),
        description="mail server: smtp://user:password@host:587, or smtps://…; empty: no mail",
    )
    sender: str = Field(default="nytta@localhost", description="address that mails come from")
    address: str = Field(
        default="", description="where the console is reached, for links in messages"
    )
    webhook: str = Field(default="", description="address that every message is posted to as JSON")
    webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="secret that signs what the webhook gets"
    )
    alertmanager: str = Field(
        default="", description="address of an Alertmanager that keeps the open alerts"
    )
    grafana: str = Field(
        default="", description="address of a Grafana that dashboards are pushed to"
    )
    grafana_token: SecretStr = Field(
        default=SecretStr(""), description="token of a service account of that Grafana"
    )

    @property
    def cluster(self) -> Cluster:
        """The clusters that the server's tables are made for."""
        return (
            Cluster(self.clickhouse_cluster, self.clickhouse_shards) if self.clickhouse else ALONE
        )

    @property
    def key_place(self) -> Path:
        """Where the keys are kept."""
        return self.key_file or self.data / "key.json"

    @property
    def token_place(self) -> Path:
        """Where the senders' tokens are kept."""
        return self.tokens or self.data / "tokens.json"


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Variables that look like settings and that nobody reads: a slip of the pen. Secrets of sources are none."""
    known_names = {f"NYTTA_{variable_name}".upper() for variable_name in Settings.model_fields}
    # whatever the case: settings are read without regard to it
    similar = [
        variable_name for variable_name in environment if variable_name.upper().startswith("NYTTA_")
    ]
    unknown = [
        variable_name for variable_name in similar if variable_name.upper() not in known_names
    ]
    return sorted(
        variable_name for variable_name in unknown if not variable_name.startswith("NYTTA_SECRET_")
    )
