from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.steps import Step, StepKind
from routing.story import Outcome, fold
from tests.unit.routing.stories import (
    BACK,
    BEGIN,
    CALL,
    CUT,
    INTAKE,
    LIVELIHOOD,
    NO_BRIDGE,
    POLICE,
    WAITING_KEY,
    K,
    Said,
    after,
    call,
    decided,
    end,
    epoch,
    queued,
    released,
    returned,
    seat,
    told,
)


def test_a_livelihood_call_has_its_receipt_its_class_and_its_seat() -> None:
    facts = told(*LIVELIHOOD)
    assert facts.outcome is Outcome.TALKED_TO_LIVELIHOOD
    assert (facts.verdict, facts.key, facts.reason, facts.rule_id) == (
        "livelihood",
        "2",
        "rule",
        "key-2",
    )
    assert (facts.release_mode, facts.released_at) == ("redirect", after(3.05))
    assert (facts.release_ms, facts.slot_held_ms, facts.trunk_held_ms) == (150, 3040, 40010)
    assert (facts.service_class, facts.queue, facts.seat) == ("hardship", "livelihood", "9001")
    assert (facts.wait_ms, facts.talk_ms) == (2000, 30000)
    assert (facts.caller, facts.location, facts.withheld) == ("13800000001", "cid:place", False)
    assert (facts.answered_at, facts.ended_at) == (after(0.1), after(40.0))
    assert (facts.ended_by, facts.end_cause, facts.bridge) == ("caller", "16", "seen")


def test_a_police_call_holds_its_line_to_the_end() -> None:
    facts = told(*POLICE)
    assert facts.outcome is Outcome.TALKED_TO_POLICE
    assert (facts.released_at, facts.release_ms) == (None, None)
    assert (facts.slot_held_ms, facts.wait_ms, facts.talk_ms) == (25090, 2000, 20000)


def test_the_trunk_figure_stays_empty_until_the_trunk_leg_really_ends() -> None:
    facts = told(*LIVELIHOOD[:-1])
    assert (facts.slot_held_ms, facts.trunk_held_ms) == (3040, None)
    assert facts.outcome is Outcome.TALKED_TO_LIVELIHOOD


def test_a_key_pressed_while_waiting_is_the_receipts_key() -> None:
    facts = told(*WAITING_KEY)
    assert (facts.verdict, facts.key, facts.reason) == ("livelihood", "2", "key-while-waiting")
    assert facts.rule_id is None
    assert (facts.release_ms, facts.slot_held_ms) == (100, 15490)
    assert facts.outcome is Outcome.LEFT_WAITING_FOR_LIVELIHOOD


def test_a_live_call_released_while_waiting_already_reads_livelihood() -> None:
    facts = told(*WAITING_KEY[:-2])
    assert (facts.verdict, facts.reason) == ("livelihood", "key-while-waiting")
    assert (facts.outcome, facts.ended_at) == (Outcome.IN_PROGRESS, None)


def test_who_returns_and_reaches_a_police_seat_has_talked_to_the_police() -> None:
    facts = told(*BACK)
    assert facts.outcome is Outcome.TALKED_TO_POLICE
    assert (facts.returned_at, facts.queue, facts.seat) == (after(20.0), "police", "8001")
    assert (facts.wait_ms, facts.talk_ms) == (2000, 38000)
    assert facts.slot_held_ms == 3040 + 40000


def test_who_returns_from_a_seat_and_reaches_nobody_was_left_waiting_for_the_police() -> None:
    facts = told(
        *LIVELIHOOD[:8], returned(20.0), queued(20.0, "police"), *end(60.0, "livelihood", "2")
    )
    assert facts.outcome is Outcome.LEFT_WAITING_FOR_POLICE
    assert facts.talk_ms == 10000


def test_who_finds_no_operator_and_goes_nowhere_after_it_was_told_so() -> None:
    no_operator: Said = (K.OVERFLOW, 10.0, {"from": "livelihood", "why": "LEAVEEMPTY"})
    alone: tuple[Said, ...] = (*LIVELIHOOD[:7], no_operator)
    ended = end(60.0, "livelihood", "2", by="system")
    assert told(*alone, *ended).outcome is Outcome.TOLD_NO_OPERATOR
    back = (*alone, returned(20.0), *ended)
    assert told(*back).outcome is Outcome.LEFT_WAITING_FOR_POLICE
    served = (*alone, returned(20.0), seat(30.0, "police"), *ended)
    assert told(*served).outcome is Outcome.TALKED_TO_POLICE
    again = (*served[:-2], released(40.0), queued(41.0, "livelihood"), *ended)
    assert told(*again).outcome is Outcome.LEFT_WAITING_FOR_LIVELIHOOD


def test_a_police_queue_that_overflows_is_no_want_of_an_operator() -> None:
    facts = told(
        *POLICE[:5], (K.OVERFLOW, 23.0, {"from": "queue"}), *end(50.0, "police", "1", "rule")
    )
    assert facts.outcome is Outcome.LEFT_WAITING_FOR_POLICE


def test_a_wait_counts_from_the_first_queue_of_its_side() -> None:
    facts = told(
        *POLICE[:5],
        (K.OVERFLOW, 23.0, {"from": "queue"}),
        queued(23.0, "police-dial"),
        seat(33.1, "police-dial", "l110-switch"),
        *end(50.0, "police", "1", "rule"),
    )
    assert (facts.wait_ms, facts.queue) == (30000, "police-dial")
    assert facts.outcome is Outcome.TALKED_TO_POLICE


@pytest.mark.parametrize(
    ("said", "outcome", "verdict", "reason", "bridge"),
    [
        ((*BEGIN, *end(1, answered=False)), "left-before-answer", None, None, None),
        ((*BEGIN, (K.CHAN_END, 1.0)), "left-before-answer", None, None, None),
        (
            (*BEGIN, *end(1, reason="lines-full", answered=False, by="system")),
            "lines-full",
            None,
            "lines-full",
            None,
        ),
        ((*BEGIN, INTAKE, *end(1)), "left-in-menu", None, None, "seen"),
        ((*BEGIN, *end(1)), "left-in-menu", None, None, "away"),
        (
            (*BEGIN, INTAKE, decided("livelihood", "2", "rule"), *end(3)),
            "left-in-menu",
            "livelihood",
            "rule",
            "seen",
        ),
        (
            (*NO_BRIDGE, *end(9, "police", "", "no-verdict")),
            "left-waiting-for-police",
            "police",
            "bridge-away",
            "away",
        ),
        (
            (*NO_BRIDGE, *end(9, "police", "", "no-verdict", via="bridge")),
            "left-waiting-for-police",
            "police",
            "bridge-lost",
            "lost",
        ),
        (
            (*NO_BRIDGE, *end(9, "police", "", "no-verdict", via="local-script")),
            "left-waiting-for-police",
            "police",
            "bridge-away",
            "away",
        ),
        (
            (*NO_BRIDGE, *end(9, "police", "", "guard")),
            "left-waiting-for-police",
            "police",
            "guard",
            "away",
        ),
        (
            (*CUT, *end(9, "police", "", "no-verdict")),
            "left-waiting-for-police",
            "police",
            "bridge-lost",
            "lost",
        ),
        (
            (*CUT, decided("livelihood", "2", "rule"), *end(9, "police", "", "no-verdict")),
            "left-waiting-for-police",
            "police",
            "bridge-lost",
            "lost",
        ),
        (
            (*NO_BRIDGE, *end(9, "police", "1", "rule")),
            "left-waiting-for-police",
            "police",
            "rule",
            "away",
        ),
        (
            (*BEGIN, INTAKE, decided("police", None, "no-key"), *end(9, "police", "", "no-key")),
            "left-waiting-for-police",
            "police",
            "no-key",
            "seen",
        ),
        (
            (*LIVELIHOOD[:5], *end(6, "livelihood", "2", "rule")),
            "left-waiting-for-livelihood",
            "livelihood",
            "rule",
            "seen",
        ),
        (NO_BRIDGE, "in-progress", "police", "bridge-away", "away"),
        ((*BEGIN, INTAKE), "in-progress", None, None, "seen"),
        (BEGIN, "in-progress", None, None, None),
        ((*BEGIN, INTAKE, (K.BOOT, 60.0)), "node-lost", None, None, "seen"),
        ((*LIVELIHOOD[:-2], (K.BOOT, 60.0)), "node-lost", "livelihood", "rule", "seen"),
    ],
)
def test_the_outcome_says_what_the_caller_met_last(
    said: tuple[Said, ...], outcome: str, verdict: str | None, reason: str | None, bridge: str
) -> None:
    facts = told(*said)
    assert (facts.outcome, facts.verdict, facts.reason, facts.bridge) == (
        outcome,
        verdict,
        reason,
        bridge,
    )


@pytest.mark.parametrize("key_at", ["", "soon", "nan", "1e999", epoch(4.0)])
def test_a_key_without_a_usable_time_leaves_the_receipt_empty(key_at: str) -> None:
    facts = told(*BEGIN, released(3.0, key_at))
    assert facts.release_ms is None


def test_the_key_of_a_police_verdict_is_not_the_key_of_a_later_release() -> None:
    facts = told(*BEGIN, decided("police", "8", "wrong-key"), released(30.0))
    assert facts.release_ms is None


STORIES = (LIVELIHOOD, POLICE, BACK, WAITING_KEY, (*CUT, (K.BOOT, 60.0)))


@given(st.sampled_from(STORIES).map(lambda said: call(*said)), st.data())
def test_the_order_and_the_repetition_of_steps_change_nothing(
    steps: list[Step], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(steps), max_size=6))
    assert fold(data.draw(st.permutations([*steps, *again]))) == fold(steps)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
names = st.sampled_from(
    [
        "caller",
        "raw",
        "name",
        "named",
        "marks",
        "verdict",
        "key",
        "reason",
        "queue",
        "answered",
        "key_at",
    ]
)
any_steps = st.builds(
    Step,
    event_id=st.text(max_size=2),
    kind=st.sampled_from(StepKind),
    node=st.sampled_from(["n1", "n2"]),
    leg=st.sampled_from(["", "a", "b"]),
    call_id=st.sampled_from([None, CALL, "other"]),
    at=st.datetimes(timezones=st.just(UTC)),
    data=st.dictionaries(names, scalars, max_size=4),
)


@given(st.lists(any_steps, max_size=8), st.randoms(use_true_random=False))
def test_any_steps_at_all_fold_to_one_story(steps: list[Step], random: object) -> None:
    shuffled = list(steps)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled + steps) == fold(steps)


def test_a_forced_release_tells_who_and_why_and_what_ended_it():
    asked: Said = (K.FORCED, 24.0, {"who": "anna", "reason": "线路无声"})
    facts = told(*POLICE[:-2], asked, *end(25.1, "police", "1", "rule", by="forced"))
    assert (facts.ended_by, facts.forced_by, facts.forced_reason) == ("forced", "anna", "线路无声")
    assert facts.outcome == "talked-to-police"
    plain = told(*POLICE)
    assert (plain.forced_by, plain.forced_reason) == (None, None)


def test_a_caller_who_was_quicker_than_the_forced_release_ended_it_himself():
    asked: Said = (K.FORCED, 25.09, {"who": "anna", "reason": "x"})
    facts = told(*POLICE[:-2], asked, *end(25.1, "police", "1", "rule", by="caller"))
    assert (facts.ended_by, facts.forced_by) == ("caller", "anna")
