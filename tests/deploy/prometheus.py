"""A real Prometheus with the rules as they are shipped, of which only the times are shortened."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.tools import DEPLOY, needed, run
from tests.support.processes import HTTP, answers, comes, free_port


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Where it is."""

    address: str
    targets: Path

    def appear(self, job: str, target: str) -> None:
        """Have discovery find one process of a job."""
        (self.targets / f"{job}.json").write_text(json.dumps([{"targets": [target]}]))

    def vanish(self, job: str) -> None:
        """Have discovery find no process of a job any more."""
        (self.targets / f"{job}.json").write_text("[]")

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        answer = HTTP.get(f"{self.address}/api/v1/query", params={"query": expression}, timeout=60).json()
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def alerts(self) -> dict[str, str]:
        """Names of the alerts that stand, and whether they fire."""
        found = HTTP.get(f"{self.address}/api/v1/alerts", timeout=60).json()["data"]["alerts"]
        return {a["labels"]["alertname"]: a["state"] for a in found}

    def fires(self, alert: str) -> bool:
        """Whether an alert comes to fire."""
        return comes(lambda: self.alerts().get(alert) == "firing")


def expecting(jobs: Iterable[str]) -> str:
    """The rules that expect one process of each job."""
    record = "nytta:replicas:expected"
    rules = [{"record": record, "expr": "vector(1)", "labels": {"job": job}} for job in jobs]
    return yaml.safe_dump({"groups": [{"name": "nytta-expected", "interval": "1s", "rules": rules}]})


@contextmanager
def prometheus(
    folder: Path, targets: Mapping[str, str], history: str = "", *, patient: bool = False, alertmanager: str = ""
) -> Iterator[Prometheus]:
    """Prometheus before the targets of each job, one of which is expected of each.

    `history` is what it has heard before, in the OpenMetrics format. Where it is `patient`, times are as they are
    shipped; `alertmanager` is where alerts go. What `vanish` takes away is found no more, as a container that stopped.
    """
    program = needed("prometheus")
    (folder / "rules").mkdir()
    for path in (DEPLOY / "prometheus" / "rules").glob("*.yml"):
        text = path.read_text("utf-8")
        if not patient:
            text = re.sub(r"interval: \w+", "interval: 1s", re.sub(r"\bfor: \w+", "for: 3s", text))
        (folder / "rules" / path.name).write_text(expecting(targets) if path.name == "expected.yml" else text)
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    if not patient:
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(folder / "rules" / "*.yml")]
    config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]} if alertmanager else {}
    port = free_port()
    (folder / "targets").mkdir()
    its = Prometheus(f"http://127.0.0.1:{port}", folder / "targets")
    for job, target in targets.items():
        its.appear(job, target)
    config["scrape_configs"] = [
        {"job_name": job, "file_sd_configs": [{"files": [str(folder / "targets" / f"{job}.json")]}]} for job in targets
    ]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    if history:
        (folder / "history").write_text(history)
        run(
            needed("promtool"),
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            str(folder / "history"),
            str(folder / "tsdb"),
        )
    command = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=60d"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        assert comes(lambda: answers(f"{its.address}/-/ready")), (folder / "log").read_text()
        yield its
    finally:
        process.kill()
        process.wait(30)
