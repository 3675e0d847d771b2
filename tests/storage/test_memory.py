"""A statement that needs more memory than the engine may have says which setting to change."""

from __future__ import annotations

import pytest

from nytta.storage.client import Connection
from nytta.storage.errors import StoreError


def test_the_sentence_names_the_setting_and_what_there_was(engine: Connection) -> None:
    with pytest.raises(StoreError) as told:
        engine.rows("SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 4194304")
    assert "(4.00 MiB)" in str(told.value)
    assert "Set NYTTA_MEMORY to more bytes" in str(told.value)
    assert "nothing that stood is changed" in str(told.value)
