"""Bridge and store are away together: the police ring, and the records come when both are back."""

import itertools
from collections.abc import Iterator, Sequence

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, Press, Stay, Wait
from scripts.lab.postgres import PostgresServer, running_postgres
from scripts.lab.waiting import wait_until
from tests.faults.calls_meanwhile import FORGETS_FIRST, Meanwhile
from tests.real_asterisk.system import running_system
from tests.seen import in_words, pol

NUMBERS = (f"138000211{n:02d}" for n in itertools.count(1))


class Away(Meanwhile):
    """Both go, calls are made, both come back."""

    server: PostgresServer

    def calls_while_both_are_away(self, told: Finding) -> list[str]:
        """One asked by the local script, and one whom nobody asks."""
        node = self.system.node
        self.server.stop()
        node.processes["ivr"].stop()
        numbers = [
            self.at_the_police([Wait(1), Press("1"), Stay(30)], "asked by the local script", told),
            self.without_the_local_script(told),
        ]
        self.server.start()
        node.restart("ivr")
        node.engine.dispose()
        return numbers

    def without_the_local_script(self, told: Finding) -> str:
        home = self.system.node.home
        script = ask(home, "dialplan show globals").partition("L110_FALLBACK=")[2].split()[0]
        ask(home, "dialplan set global L110_FALLBACK /nowhere/fallback")
        number = self.at_the_police([Stay(30)], "nobody asks", told)
        ask(home, f"dialplan set global L110_FALLBACK {script}")
        return number

    def at_the_police(self, actions: Sequence[Action], how: str, told: Finding) -> str:
        number = next(NUMBERS)
        self.system.town.call(number, actions)
        seen = self.system.town.ended(number)
        told.caller.append(f"{how}: {pol(self.system.town, seen)}")
        return number


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Away]:
    with running_postgres() as server:
        url = server.new_database("l110")
        root = tmp_path_factory.mktemp("away")
        with running_system(root, 211, lines=10, trunk_channels=20, database_url=url) as system:
            away = Away(system)
            away.server = server
            yield away


@pytest.mark.fault("59", how="bridge and PostgreSQL are stopped, calls are made, both come back")
def test_who_calls_while_bridge_and_store_are_away_is_served_and_on_record_later(
    away: Away, told: Finding
) -> None:
    numbers = away.calls_while_both_are_away(told)
    rows = [away.system.call_of(number, 30) for number in numbers]
    assert [(row.verdict, row.bridge) for row in rows] == [("police", "away")] * len(numbers)
    assert [away.rows_of(number) for number in numbers] == [(1, 1, 0)] * len(numbers)
    told.records.extend(in_words(row) for row in rows)
    away.nothing_leaks(told)


@pytest.mark.control("59", without="the wait for the store's COMMIT")
def test_control_a_forwarder_that_does_not_wait_for_the_store_loses_these_calls(
    away: Away, told: Finding
) -> None:
    away.forwarder_with(FORGETS_FIRST)
    away.each_has_one_record(away.served(away.begin(1)), told)  # it has its place in the feed now
    numbers = away.calls_while_both_are_away(told)
    later = away.served(away.begin(1))
    wait_until(lambda: away.rows_of(later[0])[0] == 1, "the next call's row", 30)
    found = [away.rows_of(number)[0] for number in numbers]
    assert found != [1] * len(numbers)
    told.records.append(f"rows of the calls while both were away: {found}")
