"""What is said where a ClickHouse server cannot be used."""

from __future__ import annotations

import pytest

from nytta.storage.client import server
from nytta.storage.errors import StoreError, explain
from tests.support.processes import free_port


def test_a_server_that_does_not_answer_is_named_with_its_setting() -> None:
    port = free_port()
    with pytest.raises(StoreError) as refused:
        server(f"clickhouse://nytta_service:secret@127.0.0.1:{port}")
    assert f"no ClickHouse server answers at 127.0.0.1:{port}" in str(refused.value)
    assert "NYTTA_CLICKHOUSE" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_wrong_password_is_said() -> None:
    answer = (
        "HTTPDriver for http://clickhouse:8123 returned response code 403\n Code: 516. DB::Exception: nytta_service: "
        "Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)"
    )
    assert explain(answer).endswith("no such user with this password: see NYTTA_CLICKHOUSE")
