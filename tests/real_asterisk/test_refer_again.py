"""A call that the switch takes by REFER a second time: each leg is told from the one before it.

Each caller came back on a second leg, keyed * to the police, and 2 while he waited there.
"""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from scripts.lab.sipp import Sipp
from scripts.lab.switch_stub import Refer, referred_caller, returning_caller
from scripts.lab.waiting import wait_until
from tests.real_asterisk.protections import (
    ENDS_THE_FIRST,
    JOINED_FROM_WHERE,
    KNOWS_THE_LEG,
    LONGER_GUARD,
    SEES_THE_JOINED,
    SLOT_AT_THE_END,
    Protection,
)
from tests.real_asterisk.refer_ways import (
    OK,
    PROTECTED,
    TRYING,
    Played,
    Way,
    switch_of_stubs,
    without,
)
from tests.real_asterisk.retold import WITHOUT_ALARM, WITHOUT_RULE, retold

TAKEN = Refer(says=[TRYING, OK])
LATE, NOTIFY_LOST, REFUSED, NEVER = "late", "final-notify-lost", "refused", "never-returns"
SECOND: Mapping[str, Refer] = {
    LATE: Refer(says=[TRYING]),
    NOTIFY_LOST: Refer(says=[TRYING]),
    REFUSED: Refer("603 Decline"),
    NEVER: TAKEN,
}
LACKS: Mapping[str, Sequence[Protection]] = {
    LATE: (ENDS_THE_FIRST, KNOWS_THE_LEG),
    NOTIFY_LOST: (SEES_THE_JOINED,),
    REFUSED: (JOINED_FROM_WHERE,),
    NEVER: (),
}
TWICE = [Way(name, TAKEN, lacks) for name in SECOND for lacks in (None, *LACKS[name])]
BYE_AFTER_S = 3.0
BYE_WHEN_BACK = "bye-when-he-is-back"
ONCE = [
    Way(BYE_WHEN_BACK, Refer(says=[TRYING], bye_after_s=BYE_AFTER_S), lacks)
    for lacks in (None, SLOT_AT_THE_END)
]
RINGS_S = 9.0  # longer than a caller takes to key 2 while he waits for the police


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    ways = [*ONCE, *TWICE]
    with switch_of_stubs(tmp_path_factory.mktemp("stubs"), 68, ways, ring_s=RINGS_S) as played:
        for way in ways:
            if way.name in (NOTIFY_LOST, BYE_WHEN_BACK):
                LONGER_GUARD.take_out(played.system.node.home, number(played, way))
        played.begin()
        first = played.calls[:]
        for way, leg in zip(ONCE, first, strict=False):
            comes_back(played, way, leg, returning_caller(45))
        second = [
            comes_back(
                played, way, leg, referred_caller(SECOND[way.name], keys="*2", key_after_s=1.5)
            )
            for way, leg in zip(TWICE, first[len(ONCE) :], strict=True)
        ]
        for way, leg in zip(TWICE, second, strict=True):
            if way.name == NOTIFY_LOST:
                comes_back(played, way, leg, returning_caller(45))
        for way, leg in zip(TWICE, second, strict=True):
            if way.name == LATE:
                gave_up = f"the guard of {number(played, way)}"
                wait_until(lambda: played.call_with(number(played, way), "unreferred"), gave_up, 15)  # noqa: B023  asked before the next
                comes_back(played, way, leg, returning_caller(45))
        played.until_over()
        yield played


def number(played: Played, way: Way) -> str:
    return played.number(way.name, way.lacks)


def comes_back(played: Played, way: Way, leg: Sipp, scenario: str) -> Sipp:
    """The switch calls whom this leg's REFER named."""
    return played.play(number(played, way), scenario, played.sent_to(leg))


def seats(played: Played, way: str, lacks: Protection | None) -> list[str]:
    steps = played.system.steps_of(played.call_of(way, lacks))
    return [step.leg for step in steps if step.kind == "seat"]


@pytest.mark.parametrize(
    "lacks",
    [
        PROTECTED,
        without("the redirect of the leg that gave up", ENDS_THE_FIRST),
        without("the name of the leg that sent him", KNOWS_THE_LEG),
    ],
)
def test_who_comes_back_late_from_his_second_refer_keeps_his_third_leg_alone(
    played: Played, lacks: Protection | None
) -> None:
    """The leg that gave up is his second one; the name of his first one means nobody any more."""
    call = played.call_of(LATE, lacks)
    legs = played.system.legs_of(call)
    assert len(legs) == 3
    assert len(played.system.tickets_of(call)) == 1
    last = legs[-1]
    assert (seats(played, LATE, lacks) == [last.uniqueid]) is (lacks is None)
    assert legs[1].ended_at is not None
    assert last.started_at is not None
    both_s = (legs[1].ended_at - last.started_at).total_seconds()
    assert (both_s < 1) is (lacks is None)


@pytest.mark.parametrize("lacks", [PROTECTED, without("the look for him", SEES_THE_JOINED)])
def test_who_is_back_from_his_second_refer_without_a_final_word_keeps_one_leg(
    played: Played, lacks: Protection | None
) -> None:
    gave_up = played.call_with(played.number(NOTIFY_LOST, lacks), "unreferred")
    assert (gave_up is None) is (lacks is None)
    if lacks is None:
        call = played.call_of(NOTIFY_LOST)
        assert len(played.system.legs_of(call)) == 3
        assert len(seats(played, NOTIFY_LOST, lacks)) == 1
        assert call.outcome == "talked-to-livelihood"


@pytest.mark.parametrize("lacks", [PROTECTED, without("from where he came", JOINED_FROM_WHERE)])
def test_a_refused_second_refer_leaves_the_caller_on_the_leg_that_he_has(
    played: Played, lacks: Protection | None
) -> None:
    """That leg came back itself, from another: it is not taken for one to which he went on."""
    call = played.call_of(REFUSED, lacks)
    assert len(played.system.legs_of(call)) == 2
    talked = (call.outcome, len(seats(played, REFUSED, lacks))) == ("talked-to-livelihood", 1)
    assert talked is (lacks is None)


@pytest.mark.parametrize("patch", [PROTECTED, without("the rule", WITHOUT_RULE)])
def test_who_never_comes_back_from_his_second_refer_is_called_back(
    played: Played, patch: str | None
) -> None:
    with retold(played.system, patch or "") as again:
        call = again.call_of(played.number(NEVER), 20)
        ticket = again.ticket_of(call)
        assert ticket is not None
        right = (call.outcome, ticket.state) == ("released-not-returned", "call-back")
        assert right is (not patch)


@pytest.mark.parametrize("patch", [PROTECTED, without("the alarm", WITHOUT_ALARM)])
def test_who_never_comes_back_from_his_second_refer_raises_an_alarm(
    played: Played, patch: str | None
) -> None:
    with retold(played.system, patch or "") as again:
        assert again.alarmed(again.call_of(played.number(NEVER), 20).call_id) is (not patch)


@pytest.mark.parametrize("lacks", [PROTECTED, without("the handler's release", SLOT_AT_THE_END)])
def test_a_bye_after_he_is_back_and_before_the_final_word_leaves_him_his_second_leg(
    played: Played, lacks: Protection | None
) -> None:
    call = played.call_of(BYE_WHEN_BACK, lacks)
    first, second = played.system.legs_of(call)
    assert (call.outcome, call.release_mode) == ("talked-to-livelihood", "refer")
    assert seats(played, BYE_WHEN_BACK, lacks) == [second.uniqueid]
    assert first.ended_at is not None
    assert second.started_at is not None
    assert second.started_at < first.ended_at
    assert played.holds_a_slot(played.number(BYE_WHEN_BACK, lacks)) is (lacks is not None)
    if lacks is None:
        assert call.release_ms is not None
        assert call.release_ms < 1000 * BYE_AFTER_S + 1000
