"""A switch that takes the caller by REFER: he is on the livelihood side once, or is called back.

Each way is played with every protection (green) and without the one that is named (red).
"""

from collections.abc import Iterator

import pytest

from db.models import CallRow
from scripts.chaos.findings import Finding
from scripts.lab.switch_stub import Refer, returning_caller
from scripts.lab.waiting import wait_until
from tests.real_asterisk.protections import (
    ENDS_THE_FIRST,
    LONGER_GUARD,
    SEES_THE_JOINED,
    SLOT_AT_THE_END,
    TOLD_AT_THE_END,
    Protection,
)
from tests.real_asterisk.refer_ways import (
    OK,
    PROTECTED,
    SAYS,
    TRYING,
    Played,
    Way,
    marked,
    switch_of_stubs,
    without,
)
from tests.real_asterisk.retold import WITHOUT_ALARM, WITHOUT_RULE, retold
from tests.seen import in_words

BYES = {
    "61-bye": Refer(bye_after_s=0.2),
    "61-bye-after-trying": Refer(says=[TRYING], bye_after_s=0.2),
    "caller-hangs-up": Refer("", bye_after_s=0.2),
}
NEVER_CAME = {
    "32-answered-200": Refer("200 OK", says=[TRYING, OK]),
    "62-never-returns": Refer(says=[TRYING, OK]),
}
ACCEPTED = Refer(says=[TRYING])
LATE, NOTIFY_LOST = "58-late", "58-final-notify-lost"
RETURNS = {LATE: ENDS_THE_FIRST, NOTIFY_LOST: SEES_THE_JOINED}
WAYS = [
    *(Way(name, refer, lacks) for name, refer in BYES.items() for lacks in (None, TOLD_AT_THE_END)),
    *(Way(name, refer, SLOT_AT_THE_END) for name, refer in BYES.items()),
    *(Way(name, refer) for name, refer in NEVER_CAME.items()),
    *(
        Way(name, Refer(says=[TRYING]), lacks)
        for name in RETURNS
        for lacks in (None, RETURNS[name])
    ),
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with switch_of_stubs(tmp_path_factory.mktemp("stubs"), 15, WAYS) as played:
        lost = [played.number(NOTIFY_LOST, lacks) for lacks in (None, SEES_THE_JOINED)]
        late = [played.number(LATE, lacks) for lacks in (None, ENDS_THE_FIRST)]
        for number in lost:
            LONGER_GUARD.take_out(played.system.node.home, number)
        played.begin()
        for number in lost:
            comes_back(played, number, "referred")
        for number in late:
            comes_back(played, number, "released")
        played.until_over()
        yield played


def comes_back(played: Played, number: str, after: str) -> None:
    """The switch brings the caller to the livelihood trunk, once a step of his call is told."""
    call_id = wait_until(lambda: played.call_with(number, after), f"{after} of {number}", 15)
    played.play(number, returning_caller(45), f"livelihood;l110={call_id}")


def is_called_back(played: Played, call: CallRow) -> bool:
    ticket = played.system.ticket_of(call)
    taken = (call.outcome, call.release_mode) == ("released-not-returned", "refer")
    return taken and ticket is not None and ticket.state == "call-back"


@pytest.mark.parametrize("lacks", [PROTECTED, without("the handler's word", TOLD_AT_THE_END)])
@pytest.mark.parametrize("way", marked(BYES))
def test_a_caller_whose_leg_ends_in_the_middle_of_a_refer_gets_a_call_back_ticket(
    played: Played, way: str, lacks: Protection | None
) -> None:
    assert is_called_back(played, played.call_of(way, lacks)) is (lacks is None)


@pytest.mark.parametrize("lacks", [PROTECTED, without("the handler's release", SLOT_AT_THE_END)])
@pytest.mark.parametrize("way", marked(BYES))
def test_a_bye_in_the_middle_of_a_refer_leaves_no_slot_taken(
    played: Played, way: str, lacks: Protection | None
) -> None:
    """Asterisk keeps that channel for minutes; the line's slot does not wait for it."""
    assert played.holds_a_slot(played.number(way, lacks)) is (lacks is not None)


@pytest.mark.parametrize("way", marked(BYES))
def test_a_bye_in_the_middle_of_a_refer_frees_the_slot_at_once(
    played: Played, way: str, told: Finding
) -> None:
    call = played.call_of(way)
    assert call.release_ms is not None
    assert call.release_ms < 0.2 * 1000 + 1000
    told.caller.append(f"{way}: slot free {call.release_ms} ms after his key, 200 ms before a BYE")
    told.records.append("1 row, released-not-returned, ticket to call back")
    assert not played.holds_a_slot(played.number(way))
    told.leaks.append("no slot of his")


@pytest.mark.fault("32", "62", how=SAYS["62"])
@pytest.mark.parametrize("patch", [PROTECTED, without("the rule", WITHOUT_RULE)])
def test_a_caller_who_was_taken_and_never_came_gets_a_call_back_ticket(
    played: Played, told: Finding, patch: str | None
) -> None:
    with retold(played.system, patch or "") as again:
        for way in NEVER_CAME:
            call = again.call_of(played.number(way))
            ticket = again.ticket_of(call)
            assert ticket is not None
            right = (call.outcome, ticket.state) == ("released-not-returned", "call-back")
            assert right is (not patch)
            told.records.append(f"1 row, {call.outcome}, 1 ticket {ticket.state}")
            assert not played.holds_a_slot(played.number(way))
    told.caller.append("gone from the node with the switch's word that he was taken")
    told.leaks.append("no slot of his")


@pytest.mark.fault("62", how=SAYS["62"])
@pytest.mark.parametrize("patch", [PROTECTED, without("the alarm", WITHOUT_ALARM)])
def test_a_caller_who_never_came_raises_an_alarm(
    played: Played, told: Finding, patch: str | None
) -> None:
    with retold(played.system, patch or "") as again:
        for way in NEVER_CAME:
            alarmed = again.alarmed(again.call_of(played.number(way)).call_id)
            assert alarmed is (not patch)
            told.records.append("call.never_returned, with his call" if alarmed else "no alarm")


@pytest.mark.parametrize(
    "protected", [pytest.param(True, id="protected"), without("its protection", lacks=False)]
)
@pytest.mark.parametrize("way", marked(RETURNS))
def test_who_comes_back_without_a_final_word_keeps_exactly_one_of_his_two_legs(
    played: Played, way: str, protected: bool
) -> None:
    call = played.call_of(way, None if protected else RETURNS[way])
    assert (call.outcome, call.release_mode) == ("talked-to-livelihood", "refer")
    assert len(played.system.legs_of(call)) == 2
    assert len(played.system.tickets_of(call)) == 1
    seats = [step for step in played.system.steps_of(call) if step.kind == "seat"]
    assert len(seats) == (1 if protected else 2)


@pytest.mark.fault("29", "58", how=SAYS["58"])
def test_who_comes_back_after_the_guard_loses_his_first_leg_at_once(
    played: Played, told: Finding
) -> None:
    first, second = played.system.legs_of(played.call_of(LATE))
    assert first.ended_at is not None
    assert second.started_at is not None
    assert second.ended_at is not None
    both_s = (first.ended_at - second.started_at).total_seconds()
    assert both_s < 1
    told.caller.append(f"one leg {1000 * both_s:.0f} ms after the second came; 1 seat, 1 ticket")
    call = played.call_of(LATE)
    legs = len(played.system.legs_of(call))
    told.records.append(f"{in_words(call)}, {legs} legs, both with their end, 1 ticket")
    assert not played.holds_a_slot(played.number(LATE))
    told.leaks.append("no slot of his")
