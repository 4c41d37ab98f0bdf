"""Every branch of both menus, all played at once on one system and judged by the switch.

The whole is played four times: as usual; in A-law from withheld numbers; with the keys as tones in
the sound, without telephone-event; and with the caller's place in the INVITE.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, HangUp, Press, Stay, Wait, impatient_caller
from scripts.lab.seats import Manner
from scripts.lab.sipp import Person
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, rang

POLICE = [f"80{n:02d}" for n in range(1, 25)]
LIVELIHOOD = [f"70{n:02d}" for n in range(1, 21)]
STAY = Stay(60)

# name -> what the caller does once he is answered
CALLERS: dict[str, Sequence[Action]] = {
    "police": [Wait(1), Press("1"), STAY],
    "silent": [Wait(1), Press("5"), STAY],
    "nothing": [STAY],
    "letter": [Wait(1), Press("A"), Wait(1), Press("B"), STAY],
    "wrong-twice": [Wait(1), Press("8"), Wait(1), Press("7"), STAY],
    "wrong-once": [Wait(1), Press("8"), Wait(1.5), Press("2"), Wait(1.5), Press("1"), STAY],
    "complaint": [Wait(1), Press("2"), Wait(1.5), Press("1"), STAY],
    "hardship": [Wait(1), Press("2"), Wait(1.5), Press("2"), STAY],
    "information": [Wait(1), Press("2"), Wait(1.5), Press("3"), STAY],
    "market": [Wait(1), Press("2"), Wait(1.5), Press("4"), STAY],
    "human": [Wait(1), Press("2"), Wait(1.5), Press("0"), STAY],
    "odd-second-key": [Wait(1), Press("2"), Wait(1.5), Press("7"), STAY],
    "no-second-key": [Wait(1), Press("2"), STAY],
    "english": [Wait(1), Press("9"), Wait(1.5), Press("2"), Wait(1.5), Press("1"), STAY],
    "english-silence": [Wait(1), Press("9"), STAY],
    "star": [Wait(1), Press("2"), Wait(1.5), Press("*"), STAY],
    "barge-in": [Press("2"), Wait(1.5), Press("1"), STAY],
    "leaves-in-menu": [Wait(2), HangUp()],
    "leaves-in-second-menu": [Wait(1), Press("2"), Wait(2), HangUp()],
}
NUMBERS = {name: f"1380000{n:04d}" for n, name in enumerate(CALLERS, 1)}
IMPATIENT = "13900000001"


@dataclass(frozen=True, slots=True)
class Line:
    """What is special about the callers' line: the switch's trunk, and what they do with it."""

    place: int
    dial: str = "110"
    withheld: bool = False
    speaks: bool = False

    def call(self, system: System, number: str, actions: Sequence[Action]) -> None:
        identity = f"P-Asserted-Identity: <sip:{number}@switch110>\nPrivacy: id\n"
        system.town.call(
            "anonymous" if self.withheld else number,
            actions,
            dial=self.dial,
            headers=identity if self.withheld else "",
            speaks=self.speaks,
        )


LINES = {
    "usual": Line(1),
    "alaw-withheld": Line(18, "110-alaw", withheld=True),
    "inband": Line(19, "110-inband", speaks=True),
    "place": Line(20, "110-place"),
}


@pytest.fixture(scope="module", params=list(LINES.values()), ids=list(LINES))
def line(request: pytest.FixtureRequest) -> Line:
    found: Line = request.param
    return found


@pytest.fixture(scope="module")
def system(line: Line, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("keys"),
        line.place,
        police=POLICE,
        livelihood=LIVELIHOOD,
        lines=40,
        trunk_channels=80,
        seats={number: Manner(ring_s=0.2, talk_s=1.5) for number in (*POLICE, *LIVELIHOOD)},
    ) as system:
        for name, actions in CALLERS.items():
            line.call(system, NUMBERS[name], actions)
        system.town.play(Person(IMPATIENT), impatient_caller(0.001))
        for number in (*NUMBERS.values(), IMPATIENT):
            system.town.ended(number, 60)
        yield system


def side(system: System, name: str) -> str:
    """Which room the caller talked to, as the switch saw it."""
    seats = system.town.saw(NUMBERS[name]).talked_to
    return "+".join("police" if seat.startswith("8") else "livelihood" for seat in seats)


@pytest.mark.parametrize(
    ("name", "reason", "key"),
    [
        ("police", "rule", "1"),
        ("silent", "rule", "5"),
        ("nothing", "no-key", None),
        pytest.param(
            "letter", "wrong-key", "B", marks=pytest.mark.fault("B18", how="keys A and B")
        ),
        ("wrong-twice", "wrong-key", "7"),
        ("english-silence", "no-key", None),
    ],
)
def test_a_caller_who_did_not_clearly_choose_livelihood_talks_to_the_police(
    system: System, told: Finding, name: str, reason: str, key: str | None
) -> None:
    assert side(system, name) == "police"
    call = system.call_of(NUMBERS[name])
    assert (call.verdict, call.reason, call.key) == ("police", reason, key)
    assert call.outcome == "talked-to-police"
    assert system.ticket_of(call) is None
    tell(told, system, name)


def tell(told: Finding, system: System, name: str) -> None:
    system.assert_nothing_outlives_its_call()
    told.caller.append(rang(system.town.saw(NUMBERS[name])))
    told.records.append(in_words(system.call_of(NUMBERS[name])))
    told.leaks.append("no channel once everybody has gone")


@pytest.mark.parametrize(
    ("name", "service_class"),
    [
        ("complaint", "complaint"),
        ("hardship", "hardship"),
        ("information", "information"),
        ("market", "market"),
        ("human", "unclassified"),
        ("odd-second-key", "unclassified"),
        ("no-second-key", "unclassified"),
        ("wrong-once", "complaint"),
        ("barge-in", "complaint"),
        ("english", "complaint"),
    ],
)
def test_a_caller_who_keyed_2_talks_to_livelihood_and_has_a_ticket_of_his_class(
    system: System, told: Finding, name: str, service_class: str
) -> None:
    assert side(system, name) == "livelihood"
    call = system.call_of(NUMBERS[name])
    assert (call.verdict, call.outcome) == ("livelihood", "talked-to-livelihood")
    assert call.release_mode == "redirect"
    assert call.service_class == service_class
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert (ticket.service_class, ticket.caller, ticket.state) == (
        service_class,
        call.caller,
        "new",
    )
    assert ticket.number
    tell(told, system, name)


def test_the_star_in_the_second_menu_brings_the_caller_back_to_the_police(system: System) -> None:
    assert side(system, "star") == "police"
    call = system.call_of(NUMBERS["star"])
    assert call.returned_at is not None
    assert call.outcome == "talked-to-police"
    ticket = system.ticket_of(call)
    assert ticket is not None
    assert ticket.state == "returned"


def test_key_5_is_flagged_as_silent_on_record_and_at_the_seat_that_rings(system: System) -> None:
    assert "silent" in (system.call_of(NUMBERS["silent"]).marks or "").split(",")
    assert system.town.saw(NUMBERS["silent"]).rang[0].marks == "silent"
    assert system.town.saw(NUMBERS["police"]).rang[0].marks == ""


def test_what_the_line_tells_of_the_caller_is_on_record_and_at_his_seat(
    system: System, line: Line
) -> None:
    call = system.call_of(NUMBERS["police"])
    assert call.withheld is line.withheld
    assert ("27.3405" in (call.location or "")) is (line.dial == "110-place")
    (rang,) = system.town.saw(NUMBERS["police"]).rang
    assert ("27.3405" in rang.place) is (line.dial == "110-place")


def test_english_is_kept_with_the_call(system: System) -> None:
    assert system.call_of(NUMBERS["english"]).language == "en"


@pytest.mark.fault("B24", how="a key at the answer")
def test_the_prompt_can_be_interrupted_as_soon_as_it_begins(system: System, told: Finding) -> None:
    call = system.call_of(NUMBERS["barge-in"])
    assert call.released_at is not None
    assert call.answered_at is not None
    # SIPp plays a second of silence before its digit; the prompt lasts more than five.
    released_s = (call.released_at - call.answered_at).total_seconds()
    assert released_s < 4
    tell(told, system, "barge-in")
    told.caller.append(f"released {1000 * released_s:.0f} ms after the answer, in its prompt")


def test_110_answers_within_one_ring(system: System) -> None:
    for number in NUMBERS.values():
        seen = system.town.saw(number)
        assert seen.answered_at is not None
        assert seen.answered_at - seen.dialled_at < 2


def test_a_caller_without_a_key_rings_a_seat_as_soon_as_menu_and_patience_are_over(
    system: System, told: Finding
) -> None:
    seen = system.town.saw(NUMBERS["nothing"])
    assert seen.first_ring_s is not None
    assert 6 < seen.first_ring_s < 5.4 + 2 + 3
    tell(told, system, "nothing")


def test_who_hangs_up_in_the_menu_is_on_record_as_such(system: System) -> None:
    call = system.call_of(NUMBERS["leaves-in-menu"])
    assert (call.outcome, call.ended_by, call.seat) == ("left-in-menu", "caller", None)
    assert system.town.saw(NUMBERS["leaves-in-menu"]).rang == ()


def test_who_hangs_up_after_the_release_keeps_his_ticket(system: System) -> None:
    call = system.call_of(NUMBERS["leaves-in-second-menu"])
    assert call.outcome == "left-waiting-for-livelihood"
    assert system.ticket_of(call) is not None


def test_who_hangs_up_before_or_at_the_answer_is_on_record(system: System) -> None:
    call = system.call_of(IMPATIENT)
    assert call.outcome in ("left-before-answer", "left-in-menu")


def test_every_released_call_has_its_receipt(system: System) -> None:
    for name in ("complaint", "barge-in", "english"):
        call = system.call_of(NUMBERS[name])
        assert call.release_ms is not None
        assert 0 <= call.release_ms < 1000
        assert call.slot_held_ms is not None
        assert call.trunk_held_ms is not None
        assert call.slot_held_ms < call.trunk_held_ms


def test_the_trunk_was_held_as_long_as_the_switch_says(system: System) -> None:
    for name in ("complaint", "police"):
        seen = system.town.saw(NUMBERS[name])
        call = system.call_of(NUMBERS[name])
        assert seen.trunk_free_at is not None
        assert call.trunk_held_ms is not None
        held_ms = (seen.trunk_free_at - seen.dialled_at) * 1000
        assert abs(held_ms - call.trunk_held_ms) < 500


def test_no_channel_is_left_when_everybody_has_gone(system: System) -> None:
    system.assert_nothing_outlives_its_call()


def test_the_record_is_the_switchs_own_list_call_by_call(system: System) -> None:
    sent = [e.facts["sip"] for e in system.town.switch.events() if e.name == "SW_TRUNK"]
    assert len(sent) == len(CALLERS) + 1
    assert sorted(leg.sip_call_id or "" for leg in system.legs()) == sorted(sent)
