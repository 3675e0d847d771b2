"""Whose an address is: the account's that came first, whatever happens in between, and nothing that names anybody."""

from __future__ import annotations

import multiprocessing
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nytta.cli import commands, load
from nytta.ingest.keys import Keys, load_or_make
from nytta.surfaces.authentication.oidc.accounts import Accounts, AccountsError
from nytta.surfaces.authentication.oidc.refusal import Reason, Refusal
from tests.support.processes import PATIENCE

DAY = date(2026, 11, 29)
ISSUER = "https://idp.town.example"
KEYS = Keys("k1", bytes(32))


def accounts(folder: Path) -> Accounts:
    return Accounts(folder / "accounts.json", KEYS.pseudonymiser().digest)


def refused(folder: Path, issuer: str, subject: str, email: str) -> str:
    with pytest.raises(Refusal) as raised:
        accounts(folder).admit(issuer, subject, email, DAY)
    assert raised.value.reason is Reason.ACCOUNT
    assert "@" not in raised.value.why
    return raised.value.why


def test_an_address_belongs_to_the_account_that_came_first(tmp_path: Path) -> None:
    accounts(tmp_path).admit(ISSUER, "s-1", "anna@town.example", DAY)
    before = (tmp_path / "accounts.json").stat()
    accounts(tmp_path).admit(ISSUER, "s-1", "anna@town.example", date(2027, 1, 1))
    assert (tmp_path / "accounts.json").stat().st_ino == before.st_ino
    assert "another account signed in first" in refused(tmp_path, ISSUER, "s-2", "anna@town.example")
    assert "another account" in refused(tmp_path, "https://other.example", "s-1", "anna@town.example")
    assert "with another address" in refused(tmp_path, ISSUER, "s-1", "boss@town.example")
    accounts(tmp_path).admit(ISSUER, "s-2", "boss@town.example", DAY)


def test_a_released_address_belongs_to_the_next(tmp_path: Path) -> None:
    held = accounts(tmp_path)
    held.admit(ISSUER, "s-1", "anna@town.example", DAY)
    held.admit(ISSUER, "s-9", "other@town.example", DAY)
    assert held.release("nobody@town.example") == 0
    assert held.release(" Anna@Town.example") == 1
    held.admit(ISSUER, "s-2", "anna@town.example", DAY)
    why = refused(tmp_path, ISSUER, "s-1", "anna@town.example")
    assert held.release(why.rsplit(" ", 1)[1]) == 1
    assert len(held.all()) == 1


def test_the_file_names_nobody_and_is_its_owners_alone(tmp_path: Path) -> None:
    accounts(tmp_path).admit(ISSUER, "s-1", "anna@town.example", DAY)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        text = path.read_text()
        assert not any(word in text for word in ("anna", "s-1", "town", ISSUER))
    other = Accounts(tmp_path / "accounts.json", Keys("k1", bytes([1]) * 32).pseudonymiser().digest)
    other.admit(ISSUER, "s-2", "anna@town.example", DAY)  # who lacks the key recognises nobody


@pytest.mark.parametrize("text", ["", "{", "[]", '{"accounts": [{}]}', '{"more": 1}'])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / "accounts.json").write_text(text)
    with pytest.raises(AccountsError, match="restore it, or remove it"):
        accounts(tmp_path).admit(ISSUER, "s-1", "anna@town.example", DAY)


def test_a_folder_that_cannot_be_written_lets_nobody_in_for_the_first_time(tmp_path: Path) -> None:
    (tmp_path / "accounts.json.lock").mkdir()
    with pytest.raises(AccountsError, match="cannot be written"):
        accounts(tmp_path).admit(ISSUER, "s-1", "anna@town.example", DAY)


def _sign_in(folder: Path, number: int) -> bool:
    try:
        accounts(folder).admit(ISSUER, f"s-{number}", f"a{number % 5}@town.example", DAY)
    except Refusal:
        return False
    return True


def test_of_many_at_once_one_has_the_address_and_none_is_lost(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads, multiprocessing.get_context("spawn").Pool(2) as processes:
        other = processes.starmap_async(_sign_in, [(tmp_path, n) for n in range(40, 60)])
        admitted = sum(threads.map(lambda n: _sign_in(tmp_path, n), range(40)))
        admitted += sum(other.get(PATIENCE))
    assert admitted == len(accounts(tmp_path).all()) == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accounts.json", "accounts.json.lock"]


def test_the_command_lists_and_releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("accounts")
    monkeypatch.delenv("NYTTA_DATA", raising=False)
    run = CliRunner().invoke
    assert run(commands, ["accounts", "list", "--data", str(tmp_path)]).exit_code == 1  # no key yet
    keys = load_or_make(tmp_path / "key.json")
    held = Accounts(tmp_path / "accounts.json", keys.pseudonymiser().digest)
    held.admit(ISSUER, "s-1", "anna@town.example", DAY)
    listed = run(commands, ["accounts", "list", "--data", str(tmp_path), "--json"])
    assert f'"id": "{held.all()[0].id}"' in listed.stdout
    assert '"since": "2026-11-29"' in listed.stdout
    assert "anna" not in listed.output
    assert run(commands, ["accounts", "release", "bo@town.example", "--data", str(tmp_path)]).exit_code == 1
    assert run(commands, ["accounts", "release", "anna@town.example", "--data", str(tmp_path)]).exit_code == 0
    assert held.all() == ()
