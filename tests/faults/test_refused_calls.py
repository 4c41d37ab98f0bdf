"""What a refused call costs the next caller: no slot, and nothing of the count of new calls."""

import itertools
from collections.abc import Iterator

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.sip_message import Message, ack_of
from scripts.lab.waiting import wait_until
from tests.faults.raw_sip import RawSip, raw_sip
from tests.limits import dialplan_changed, set_limits, within_ten_minutes
from tests.real_asterisk.system import Records, node_alone

ROUNDS, CROWD, NEW_PER_S = 8, 30, 20
TURNS = itertools.count(1)
SLOT_FIRST = "GROUP(l110sip)=${MD5", "GROUP(l110)=line,GROUP(l110sip)=${MD5"
NEW = "GLOBAL(L110_NEW)=$[${L110_BEFORE} + 1],GLOBAL(L110_NEW_AT)=${EPOCH}"
ALL_ARE_NEW = ":L110_IN=0)", f":L110_IN=0,{NEW})"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    with node_alone(tmp_path_factory.mktemp("refused"), 188, lines=1) as records:
        yield records


@pytest.fixture
def switch(node: Records) -> Iterator[RawSip]:
    sip = node.node.settings.sip
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as raw:
        yield raw


def final(switch: RawSip, invite: Message) -> Message:
    """The last word on one INVITE."""

    def heard() -> Message | None:
        switch.listen(0.02)
        own = (m for m in switch.heard if m.branch == invite.branch and m.status >= 200)
        return next(own, None)

    return wait_until(heard, "a final answer", 10, every_s=0)  # type: ignore[return-value]


def called(switch: RawSip, number: str) -> int:
    """A call that is over at once."""
    invite = switch.invite(number)
    switch.say(invite.encode())
    return over(switch, invite)


def over(switch: RawSip, invite: Message) -> int:
    answer = final(switch, invite)
    if answer.status == 200:
        switch.hang_up(invite, answer)
    else:
        switch.say(ack_of(invite, answer).encode())
    return answer.status


def innocents_amid_refusals(records: Records, switch: RawSip) -> list[int]:
    """What each heard who called right behind thirty refusals of another's number, on one line.

    That number has called too often and no line is free for such: every line is reserved.
    """
    turn = next(TURNS)
    nuisance, heard = f"138{turn:06d}00", []
    called(switch, nuisance)
    wait_until(lambda: not records.node.channels(), "his line to be free", 15)
    for n in range(1, ROUNDS + 1):
        crowd = [switch.invite(nuisance) for _ in range(CROWD)]
        innocent = switch.invite(f"139{turn:06d}{n:02d}")
        for invite in (*crowd, innocent):
            switch.say(invite.encode())
        heard.append(over(switch, innocent))
        assert {over(switch, invite) for invite in crowd} <= {486, 503}  # 486: he had the line
        wait_until(lambda: not records.node.channels(), "everybody to be gone", 15)
    return heard


def limited(records: Records) -> None:
    within_ten_minutes(40)
    set_limits(records.node, freely=0, per_10_min=1, new=NEW_PER_S)


@pytest.mark.fault("49", how="30 INVITEs at once of a number that is refused, on the last line")
def test_refused_calls_take_neither_the_last_line_nor_the_count_of_new_calls(
    node: Records, switch: RawSip, told: Finding
) -> None:
    limited(node)
    assert innocents_amid_refusals(node, switch) == [200] * ROUNDS
    told.caller.append(f"{ROUNDS} callers behind {CROWD} refusals each: all had the last line")


@pytest.mark.control("49", without="the order: the slot is taken before it is looked for")
def test_control_with_the_slot_taken_first_refusals_hold_the_last_line(
    node: Records, switch: RawSip, told: Finding
) -> None:
    with dialplan_changed(node.node, "extensions.conf", *SLOT_FIRST):
        limited(node)
        heard = innocents_amid_refusals(node, switch)
    refused = sum(status != 200 for status in heard)
    assert refused
    told.caller.append(f"{refused} of {ROUNDS} callers behind refusals were refused")


@pytest.mark.control("49", without="the count of those only who were let in")
def test_control_with_refusals_counted_as_new_calls_the_next_caller_is_refused(
    node: Records, switch: RawSip, told: Finding
) -> None:
    with dialplan_changed(node.node, "extensions.conf", *ALL_ARE_NEW):
        limited(node)
        heard = innocents_amid_refusals(node, switch)
    refused = sum(status != 200 for status in heard)
    assert refused
    told.caller.append(f"{refused} of {ROUNDS} callers behind refusals were refused")
