"""A node is emptied: who talks goes on, and who calls is rung for by the switch."""

import threading
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from scripts.asterisk_console import ask
from scripts.cli.context import Site
from scripts.cli.drain import drain, undrain
from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness
from tests.limits import dialplan_changed
from tests.real_asterisk.system import System, running_system

SEATS = ("8001", "8002")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("drain"),
        186,
        police=SEATS,
        livelihood=("7001",),
        seats=dict.fromkeys((*SEATS, "7001"), Manner(ring_s=0.1, talk_s=12)),
    ) as system:
        yield system


def command(system: System, *words: str) -> Result:
    return CliRunner().invoke(drain, words, obj=Site(system.node.config))


def takes_calls_again(system: System) -> None:
    assert CliRunner().invoke(undrain, [], obj=Site(system.node.config)).exit_code == 0


def calls(system: System, number: str) -> Witness:
    system.town.call(number, [Press("1"), Stay(30)])

    def met() -> Witness | None:
        seen = system.town.seen(number)
        return seen if seen and (seen.answered_at or seen.rang) else None

    return wait_until(met, f"{number} to meet somebody", 20)  # type: ignore[return-value]


def test_a_node_is_emptied_without_cutting_a_call(system: System) -> None:
    assert calls(system, "13600000001").answered_at
    wait_until(lambda: system.town.talks("13600000001"), "the first talk", 20)
    told: list[Result] = []
    waits = threading.Thread(target=lambda: told.append(command(system, "--within", "60")))
    waits.start()
    wait_until(lambda: "* 0" in ask(system.node.home, "dialplan show globals"), "the drain", 10)
    ask(system.node.home, "dialplan reload")
    refused = calls(system, "13600000002")
    assert refused.answered_at is None
    assert refused.rang[0].via == "direct"
    assert waits.is_alive(), "it was told empty while a caller talked"
    served = system.town.ended("13600000001", 40)
    assert served.talked_to[0][:1] == "8"
    waits.join(60)
    assert told[0].exit_code == 0, told[0].output
    assert "empty" in told[0].output
    takes_calls_again(system)
    assert calls(system, "13600000003").answered_at
    for number in ("13600000002", "13600000003"):
        system.town.ended(number, 40)
    rows = {number: system.call_of(number, 20) for number in ("13600000001", "13600000002")}
    assert rows["13600000001"].outcome == "talked-to-police"
    assert (rows["13600000002"].outcome, rows["13600000002"].reason) == (
        "left-to-the-switch",
        "draining",
    )


def test_who_waits_for_no_end_is_told_what_is_left(system: System) -> None:
    assert calls(system, "13600000004").answered_at
    done = command(system, "--within", "0")
    takes_calls_again(system)
    assert (done.exit_code, "still up" in done.output) == (1, True)
    system.town.ended("13600000004", 40)


def test_control_a_dialplan_that_knows_no_drain_lets_them_in(system: System) -> None:
    with dialplan_changed(
        system.node, "extensions.conf", "${L110_NEW_PER_S} ${L110_DRAIN} &", "${L110_NEW_PER_S} &"
    ):
        command(system, "--within", "0")
        assert calls(system, "13600000005").answered_at
        takes_calls_again(system)
        system.town.ended("13600000005", 40)
