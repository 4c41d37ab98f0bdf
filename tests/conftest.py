"""What every tier shares: no settings of this machine, and one PostgreSQL server for all."""

import os
from collections.abc import Iterator

import pytest
import structlog

from scripts.lab.postgres import PostgresServer, running_postgres


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("L110_") and not n.startswith("L110_TEST_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_log_set_up_of_another_test() -> Iterator[None]:
    """A command that ran in this process may have made the logs quiet."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server
