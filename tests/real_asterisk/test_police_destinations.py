"""The ordered list of police destinations, down to the one where nobody answers at all."""

from pathlib import Path

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.callers import HangUp, Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.town import DUTY_TELEPHONE
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import running_system
from tests.seen import in_words

NEVER = Manner(answers=False)


def test_a_call_referred_back_to_the_switch_leaves_this_node(tmp_path: Path) -> None:
    seats = {DUTY_TELEPHONE: Manner(ring_s=0.2, talk_s=18)}
    with running_system(tmp_path, 8, seats=seats, destinations=["refer:8199"]) as system:
        system.town.call("13800000001", [Press("1"), Stay(20)])
        wait_until(lambda: system.town.talks("13800000001"), "the duty telephone", 10)
        wait_until(lambda: not system.node.channels(), "the node to be out of the path", 8)
        assert system.town.saw("13800000001").talked_to == (DUTY_TELEPHONE,)
        call = system.call_of("13800000001")
        assert (call.outcome, call.queue) == ("talked-to-police", "police-refer")
        system.town.ended("13800000001")


@pytest.mark.fault("55", how="no seat at all, and a duty telephone that nobody answers")
def test_where_no_seat_exists_the_caller_is_held_with_his_keys_until_one_answers(
    tmp_path: Path, told: Finding
) -> None:
    with running_system(
        tmp_path,
        9,
        police=(),
        seats={DUTY_TELEPHONE: NEVER},
        destinations=["queue", "dial:8199"],
        settings="[queues]\npolice_again_s = 1\n",
        lines=10,
        trunk_channels=20,
        ring_s=2,
    ) as system:
        town, before = system.town, footprint(system.node)
        town.call("13800000001", [Press("1"), Wait(12), HangUp()])
        town.call("13800000002", [Press("1"), Wait(4), Press("2"), Wait(1), Press("1"), Stay(20)])
        town.call("13800000003", [Press("1"), Stay(60)])
        assert town.ended("13800000001").talked == ()
        assert system.call_of("13800000001").ended_by == "caller"
        assert [seat[0] for seat in town.ended("13800000002").talked_to] == ["7"]
        town.staff(DUTY_TELEPHONE, Manner(ring_s=0.2, talk_s=1))
        assert town.ended("13800000003", 60).talked_to == (DUTY_TELEPHONE,)
        system.assert_nothing_outlives_its_call()
        told.caller.append("no seat at all: held until the duty telephone was staffed; keys stay")
        told.records.append(in_words(system.call_of("13800000003")))
        told.leaks.append(wait_until_nothing_leaks(system.node, before))
