"""The same record in PostgreSQL; and what a caller notices when it goes away: nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from scripts.lab.callers import Action, Press, Stay, Wait
from scripts.lab.postgres import PostgresServer, running_postgres
from tests.real_asterisk.system import System, running_system

TO_LIVELIHOOD: Sequence[Action] = [Wait(0.2), Press("2"), Wait(0.5), Press("1"), Stay(30)]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test's own, for it is stopped in the middle."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def system(tmp_path: Path, server: PostgresServer) -> Iterator[System]:
    with running_system(tmp_path, 12, database_url=server.new_database("l110")) as system:
        yield system


@pytest.mark.fault("33", how="the server is stopped between calls")
def test_calls_and_tickets_are_kept_in_postgresql_and_its_absence_costs_no_caller_anything(
    system: System, server: PostgresServer
) -> None:
    system.town.call("13800000001", TO_LIVELIHOOD)
    system.town.call("13800000002", [Press("1"), Stay(30)])
    for number in ("13800000001", "13800000002"):
        system.town.ended(number)
    ticket = system.ticket_of(system.call_of("13800000001"))
    assert ticket is not None
    assert ticket.number

    server.stop()
    system.town.call("13800000003", TO_LIVELIHOOD)
    seen = system.town.ended("13800000003")
    assert [seat[0] for seat in seen.talked_to] == ["7"]
    server.start()
    system.node.engine.dispose()

    call = system.call_of("13800000003", 20)
    assert call.outcome == "talked-to-livelihood"
    later = system.ticket_of(call)
    assert later is not None
    assert later.number
    assert later.number > ticket.number
