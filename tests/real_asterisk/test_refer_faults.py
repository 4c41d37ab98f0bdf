"""A switch that does not take the caller by REFER: he goes on here, and the guard is all it costs.

Each way is played with every protection (green) and without the one that is named (red).
"""

from collections.abc import Iterator

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.switch_stub import Refer
from tests.real_asterisk.protections import FALLBACK, FINAL_WORD, GUARD, Protection
from tests.real_asterisk.refer_ways import (
    GUARD_S,
    PROTECTED,
    SAYS,
    TRYING,
    Played,
    Way,
    marked,
    switch_of_stubs,
    without,
)

SAID_NO = {
    "27-refused": Refer("603 Decline"),
    "28-notify-503": Refer(says=[TRYING, "SIP/2.0 503 Service Unavailable"]),
    "31-garbage": Refer(says=["what ever this is"]),
}
SAYS_NOTHING = {
    "29-silence": Refer(),
    "30-unanswered": Refer(""),
    "32-answered-200-then-silence": Refer("200 OK"),
}
SWITCHES = {**SAID_NO, **SAYS_NOTHING}
WAYS = [
    *(Way(name, refer, lacks) for name, refer in SWITCHES.items() for lacks in (None, FALLBACK)),
    *(Way(name, refer, GUARD) for name, refer in SAYS_NOTHING.items()),
    Way("32-answered-200-then-silence", Refer("200 OK"), FINAL_WORD),
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with switch_of_stubs(tmp_path_factory.mktemp("stubs"), 14, WAYS) as played:
        played.begin()
        played.until_over()
        yield played


def is_kept(played: Played, way: str, lacks: Protection | None) -> bool:
    """Whether an operator talked to him here, and a ticket is open."""
    call = played.call_of(way, lacks)
    ticket = played.system.ticket_of(call)
    talked = (call.outcome, call.release_mode) == ("talked-to-livelihood", "redirect")
    return talked and ticket is not None and ticket.state == "new"


@pytest.mark.parametrize("lacks", [PROTECTED, without("the fallback", FALLBACK)])
@pytest.mark.parametrize("way", marked(SWITCHES))
def test_a_caller_whom_the_switch_does_not_take_goes_to_the_local_queue(
    played: Played, way: str, lacks: Protection | None, told: Finding
) -> None:
    assert is_kept(played, way, lacks) is (lacks is None)
    if lacks is None:
        release_ms = played.call_of(way).release_ms
        told.caller.append(f"in the local queue {release_ms} ms after his key, talked to a seat")
        told.records.append("1 row, released by redirect, 1 ticket")


@pytest.mark.parametrize("way", marked(SAID_NO))
def test_a_failed_refer_costs_no_more_than_the_guard(played: Played, way: str) -> None:
    call = played.call_of(way)
    assert call.release_ms is not None
    assert call.release_ms < (GUARD_S + 2) * 1000


@pytest.mark.parametrize("lacks", [PROTECTED, without("the guard", GUARD)])
@pytest.mark.parametrize("way", marked(SAYS_NOTHING))
def test_a_switch_without_a_final_word_costs_no_more_than_the_guard(
    played: Played, way: str, lacks: Protection | None
) -> None:
    call = played.call_of(way, lacks)
    assert call.release_ms is not None
    assert (call.release_ms < (GUARD_S + 2) * 1000) is (lacks is None)


@pytest.mark.fault("32", how=SAYS["32"])
@pytest.mark.parametrize("lacks", [PROTECTED, without("the final word", FINAL_WORD)])
def test_a_switch_that_answers_200_has_accepted_and_not_done(
    played: Played, lacks: Protection | None
) -> None:
    """Who is hung up on that answer alone is lost."""
    assert is_kept(played, "32-answered-200-then-silence", lacks) is (lacks is None)


@pytest.mark.fault("27", "28", "29", "30", "31", "32", how="all of them at once")
def test_no_slot_is_held_when_all_is_over(played: Played, told: Finding) -> None:
    assert played.system.node.slots_in_use() == 0
    told.leaks.append("no slot")
