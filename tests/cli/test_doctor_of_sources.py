"""What `nytta doctor` says of systems that are asked, and of those that send."""

from __future__ import annotations

from pathlib import Path

import pytest

from nytta.cli.doctor import _sources
from tests.ingest.pull.servicenow import FakeServiceNow


def said(folder: Path, sources: str) -> list[tuple[str, str, str]]:
    (folder / "sources.yaml").write_text(f"sources:\n{sources}", "utf-8")
    return [(one.what, one.state, one.found) for one in _sources(folder)]


def test_rights_and_clock_of_what_is_asked(tmp_path: Path) -> None:
    fake = FakeServiceNow(3, clock=600)
    with fake.served() as address:
        source = f"  - {{id: desk, kind: servicenow, address: '{address}', system: s}}\n"
        closed, clock = said(tmp_path, source)
        fake.history, fake.clock = True, 0
        assert said(tmp_path, source) == [("source desk", "good", f"servicenow at {address} answers")]
    assert closed == ("source desk", "watch", "cannot read sys_audit")
    assert clock[:2] == ("source desk", "watch")
    assert clock[2].startswith("its clock is +")


def test_secrets_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = "  - {id: zammad, kind: webhook, mapping: zammad, signed: zammad, system: s}\n"
    ((_, state, found),) = said(tmp_path, hook)
    assert (state, "NYTTA_SECRET_ZAMMAD" in found) == ("bad", True)
    monkeypatch.setenv("NYTTA_SECRET_ZAMMAD", "s")
    assert said(tmp_path, hook) == [("source zammad", "good", "sends to /hooks/zammad, signed as zammad signs")]
    ended = hook.replace("system: s", "system: s, ended_on: 2026-01-01")
    assert said(tmp_path, ended) == [("source zammad", "good", "ended on 2026-01-01")]
    assert list(_sources(None)) == []
