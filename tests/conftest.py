"""Keeps the machine's own settings out of every test."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("L110_") and not n.startswith("L110_TEST_")]:
        monkeypatch.delenv(name)
