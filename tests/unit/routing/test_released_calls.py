"""Calls that leave a police line by REFER or by a seat's key, folded from their steps."""

from routing.steps import Step, StepKind
from routing.story import CallFacts, Outcome, fold
from tests.unit.routing.stories import (
    BEGIN,
    CALL,
    INTAKE,
    START,
    Said,
    call,
    decided,
    end,
    queued,
    released,
    seat,
    step,
)

K = StepKind
BACK_LEG = "n1-1795465611.2"
TAKEN: tuple[Said, ...] = (
    *BEGIN,
    INTAKE,
    decided("livelihood", "2", "rule"),
    (K.REFERRED, 3.0, {"call": CALL, "key": "2", "key_at": ""}),
    (K.RELEASED, 3.03, {"call": CALL, "mode": "refer", "key": "2", "key_at": ""}),
    *end(3.04, "livelihood", "2", "rule", by="system"),
)


def on_the_way_back(*, seat_at: float | None = 12.0) -> list[Step]:
    """The leg that the switch brings back, with or without an operator."""
    joined = {"call": CALL, "caller": "13800000001", "sip": "back@switch", "trunk": "l110-trunk"}
    steps = [
        step(K.CHAN_START, 3.01, {"channame": "PJSIP/l110-trunk-00000002"}, BACK_LEG),
        step(K.JOINED, 3.02, joined, BACK_LEG),
        step(K.QUEUED, 10.0, {"call": CALL, "queue": "livelihood", "prio": "0"}, BACK_LEG),
    ]
    if seat_at is not None:
        told = {"call": CALL, "leg": BACK_LEG, "queue": "livelihood", "member": "7001"}
        steps.append(step(K.SEAT, seat_at, told, BACK_LEG))
    ended = {"call": CALL, "sip": "back@switch", "verdict": "livelihood", "reason": "joined"}
    return [
        *steps,
        step(K.END, 30.0, {**ended, "by": "seat", "cause": "16", "answered": ""}, BACK_LEG),
        step(K.CHAN_END, 30.01, {}, BACK_LEG),
    ]


def folded(steps: list[Step]) -> CallFacts:
    facts = fold(steps).call
    assert facts is not None
    return facts


def test_a_referred_call_is_one_story_on_two_legs_with_both_figures_of_its_receipt() -> None:
    story = fold([*call(*TAKEN), *on_the_way_back()])
    facts = story.call
    assert facts is not None
    assert len(story.legs) == 2
    assert (facts.outcome, facts.release_mode) == (Outcome.TALKED_TO_LIVELIHOOD, "refer")
    assert (facts.verdict, facts.reason, facts.key) == ("livelihood", "rule", "2")
    assert (facts.release_ms, facts.trunk_free_ms) == (130, 150)
    assert facts.ended_by == "seat"


def test_who_was_taken_and_is_not_back_is_released_not_returned_until_he_is() -> None:
    assert folded(call(*TAKEN)).outcome is Outcome.RELEASED_NOT_RETURNED
    assert folded([*call(*TAKEN), *on_the_way_back(seat_at=None)]).outcome is (
        Outcome.LEFT_WAITING_FOR_LIVELIHOOD
    )


def handed_over_again(third_leg: str | None, *, first: tuple[Said, ...] = TAKEN) -> list[Step]:
    """Back on the second leg, then `*`, the police, and their key: a second REFER of one call."""
    second = [
        *on_the_way_back(seat_at=None)[:2],
        step(K.RETURNED, 12.0, {"call": CALL, "how": "key"}, BACK_LEG),
        step(K.QUEUED, 12.0, {"call": CALL, "queue": "police", "prio": "20"}, BACK_LEG),
        step(K.SEAT, 14.0, {"call": CALL, "queue": "police", "member": "8001"}, BACK_LEG),
        step(K.REFERRED, 20.0, {"call": CALL}, BACK_LEG),
        step(K.RELEASED, 20.2, {"call": CALL, "mode": "refer", "key_at": ""}, BACK_LEG),
        *on_the_way_back(seat_at=None)[-2:],
    ]
    third = [
        step(K.CHAN_START, 20.09, {"channame": "PJSIP/l110-trunk-00000003"}, third_leg or ""),
        step(K.JOINED, 20.1, {"call": CALL}, third_leg or ""),
        step(
            K.SEAT, 25.0, {"call": CALL, "queue": "livelihood", "member": "7001"}, third_leg or ""
        ),
        step(K.CHAN_END, 31.0, {}, third_leg or ""),
    ]
    return [*call(*first), *second, *(third if third_leg else [])]


def test_who_is_taken_a_second_time_and_never_comes_is_not_back_for_having_come_once() -> None:
    lost = folded(handed_over_again(None))
    assert lost.outcome is Outcome.RELEASED_NOT_RETURNED
    assert lost.returned_at is not None
    back = folded(handed_over_again("n1-1795465630.3"))
    assert back.outcome is Outcome.TALKED_TO_LIVELIHOOD


def test_who_came_too_late_the_first_time_and_never_the_second_is_not_back_either() -> None:
    given_up: tuple[Said, ...] = (
        *TAKEN[:-4],
        (K.UNREFERRED, 2.9, {"call": CALL, "why": "SILENT"}),
        (K.RELEASED, 2.9, {"call": CALL, "mode": "redirect", "key": "2", "key_at": ""}),
        *end(3.04, "livelihood", "2", "rule", by="system"),
    )
    late = folded(handed_over_again(None, first=given_up))
    assert late.outcome is Outcome.RELEASED_NOT_RETURNED


def test_a_caller_handed_over_by_a_seat_and_never_brought_back_is_not_told_as_talked() -> None:
    handed: tuple[Said, ...] = (
        *BEGIN,
        INTAKE,
        decided("police", "1", "rule"),
        queued(3.1, "police"),
        seat(5.0, "police"),
        (K.REFERRED, 9.0, {"call": CALL}),
        (K.RELEASED, 9.1, {"call": CALL, "mode": "refer", "key_at": ""}),
        *end(9.1, "livelihood", "", "call-taker"),
    )
    facts = folded(call(*handed))
    assert facts.outcome is Outcome.RELEASED_NOT_RETURNED
    assert facts.talk_ms == 4100


def test_who_leaves_the_livelihood_queue_after_a_hand_over_was_left_waiting_there() -> None:
    handed: tuple[Said, ...] = (
        *BEGIN,
        INTAKE,
        decided("police", "1", "rule"),
        queued(3.1, "police"),
        seat(5.0, "police"),
        released(9.0),
        queued(20.0, "livelihood"),
        *end(30.0, "livelihood", "", "call-taker"),
    )
    assert folded(call(*handed)).outcome is Outcome.LEFT_WAITING_FOR_LIVELIHOOD


def test_a_call_to_the_livelihood_number_itself_held_no_slot() -> None:
    begun: tuple[Said, ...] = ((K.CHAN_START, 0.0, {}), (K.START, 0.01, {**START, "lines": "0"}))
    talk = (queued(8.0, "livelihood"), seat(9.0, "livelihood", "7001"))
    facts = folded(call(*begun, *talk, *end(20.0, "livelihood", "", "livelihood-number")))
    assert facts.slot_held_ms == 0
