from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.model import NaiveTime
from routing.steps import Scalar, Step, StepKind
from routing.story import CallFacts, LegFacts, Outcome, fold

CALL = "20261123T202606Z-n1-3-73a635ca"
LEG = "n1-1795465608.1"
T0 = datetime(2026, 11, 23, 20, 26, 6, tzinfo=UTC)
K = StepKind
Said = tuple[StepKind, float, dict[str, Scalar]] | tuple[StepKind, float]


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def epoch(seconds: float) -> str:
    return f"{after(seconds).timestamp():.6f}"


def step(
    kind: StepKind, seconds: float, data: Mapping[str, Scalar] | None = None, leg: str = LEG
) -> Step:
    own = kind not in (K.CHAN_START, K.CHAN_END, K.BOOT)
    where = "" if kind is K.BOOT else leg
    event_id = f"n1/{where}/{kind}/{seconds}"
    return Step(event_id, kind, "n1", where, CALL if own else None, after(seconds), data or {})


def call(*said: Said) -> list[Step]:
    return [step(one[0], one[1], one[2] if len(one) == 3 else {}) for one in said]


def told(*said: Said) -> CallFacts:
    facts = fold(call(*said)).call
    assert facts is not None
    return facts


START: dict[str, Scalar] = {
    "call": CALL,
    "caller": "13800000001",
    "sip": "abc@switch",
    "trunk": "l110-trunk",
    "lines": "1",
    "loc": "cid:place",
}
BEGIN: tuple[Said, ...] = (
    (K.CHAN_START, 0.0, {"channame": "PJSIP/l110-trunk-00000001"}),
    (K.START, 0.01, START),
)
INTAKE: Said = (K.INTAKE, 0.02, {})


def decided(verdict: str, key: str | None, reason: str, seconds: float = 3.0) -> Said:
    data: dict[str, Scalar] = {
        "verdict": verdict,
        "key": key,
        "reason": reason,
        "rule_id": f"key-{key}" if reason == "rule" else None,
        "rules_version": "9f3c2a10",
        "language": "zh",
        "marks": "silent" if key == "5" else "",
        "key_at": after(seconds - 0.1).isoformat(),
    }
    return (K.DECIDED, seconds, data)


def released(seconds: float, key_at: str = "") -> Said:
    return (K.RELEASED, seconds, {"call": CALL, "mode": "redirect", "key_at": key_at})


def queued(seconds: float, queue: str) -> Said:
    return (K.QUEUED, seconds, {"call": CALL, "queue": queue, "prio": "0"})


def seat(seconds: float, queue: str, member: str = "8001") -> Said:
    return (K.SEAT, seconds, {"call": CALL, "leg": LEG, "queue": queue, "member": member})


def returned(seconds: float) -> Said:
    return (K.RETURNED, seconds, {"call": CALL, "how": "key"})


def end(
    seconds: float,
    verdict: str = "",
    key: str = "",
    reason: str = "",
    answered: bool = True,
    by: str = "caller",
) -> tuple[Said, Said]:
    data: dict[str, Scalar] = {
        "call": CALL,
        "sip": "abc@switch",
        "verdict": verdict,
        "key": key,
        "reason": reason,
        "member": "",
        "cause": "16",
        "by": by,
        "answered": epoch(0.1) if answered else "",
    }
    return (K.END, seconds, data), (K.CHAN_END, seconds + 0.01, {})


LIVELIHOOD: tuple[Said, ...] = (
    *BEGIN,
    INTAKE,
    decided("livelihood", "2", "rule"),
    released(3.05),
    (K.CLASS, 8.0, {"key": "2", "class": "hardship"}),
    queued(8.0, "livelihood"),
    seat(10.0, "livelihood", "9001"),
    *end(40.0, "livelihood", "2", "rule"),
)
POLICE: tuple[Said, ...] = (
    *BEGIN,
    INTAKE,
    decided("police", "1", "rule"),
    queued(3.1, "police"),
    seat(5.1, "police"),
    *end(25.1, "police", "1", "rule", by="seat"),
)
BACK: tuple[Said, ...] = (
    *LIVELIHOOD[:7],
    returned(20.0),
    queued(20.0, "police"),
    seat(22.0, "police"),
    *end(60.0, "livelihood", "2", "rule"),
)
WAITING_KEY: tuple[Said, ...] = (
    *BEGIN,
    INTAKE,
    decided("police", None, "no-key", 8.0),
    queued(8.1, "police"),
    released(15.5, epoch(15.4)),
    queued(20.0, "livelihood"),
    *end(30.0, "livelihood", "2", "key-while-waiting"),
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


NO_BRIDGE: tuple[Said, ...] = (*BEGIN, queued(2.1, "police"))
CUT: tuple[Said, ...] = (*BEGIN, INTAKE, queued(2.1, "police"))


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


def test_a_boot_ends_only_the_legs_that_began_before_it_on_its_own_node() -> None:
    earlier, later = step(K.BOOT, -5.0), step(K.BOOT, 60.0)
    elsewhere = Step("n2//boot", K.BOOT, "n2", "", None, after(30.0))
    lost = fold([*call(*BEGIN), earlier, elsewhere, later])
    assert [(leg.end_reason, leg.ended_at) for leg in lost.legs] == [("node-lost", after(60.0))]
    alive = fold([*call(*BEGIN), earlier, elsewhere])
    assert [(leg.end_reason, leg.ended_at) for leg in alive.legs] == [(None, None)]
    over = fold([*call(*POLICE), later])
    assert [leg.end_reason for leg in over.legs] == ["ended"]


def test_a_leg_knows_its_trunk_its_dialog_and_its_line() -> None:
    [leg] = fold(call(*LIVELIHOOD)).legs
    assert leg == LegFacts(
        node="n1",
        uniqueid=LEG,
        call_id=CALL,
        sip_call_id="abc@switch",
        trunk="l110-trunk",
        started_at=T0,
        ended_at=after(40.01),
        end_reason="ended",
        end_cause="16",
        line_held_ms=3040,
        intake_seen=True,
    )


def test_a_leg_that_our_dialplan_never_saw_is_a_leg_without_a_call() -> None:
    story = fold(call((K.CHAN_START, 0.0, {"channame": "PJSIP/l110-trunk-1"}), (K.CHAN_END, 1.0)))
    assert story.call is None
    [leg] = story.legs
    assert (leg.call_id, leg.trunk, leg.intake_seen) == (None, "l110-trunk", False)


def test_a_caller_who_is_back_on_another_leg_has_not_ended_his_call() -> None:
    other = step(K.START, 41.0, START, leg="n1-1795465649.2")
    story = fold([*call(*LIVELIHOOD), other])
    assert story.call is not None
    assert (story.call.outcome, story.call.ended_at) == (Outcome.IN_PROGRESS, None)
    assert story.call.trunk_held_ms is None
    assert len(story.legs) == 2


def test_a_call_known_to_the_journal_alone_keeps_its_caller() -> None:
    facts = told((K.INTAKE, 0.5, START))
    assert (facts.caller, facts.started_at) == ("13800000001", after(0.5))


@pytest.mark.parametrize(
    ("start", "caller", "raw_hex", "name", "withheld"),
    [
        ({"caller": "unknown", "raw": "\udcd5\udcc5"}, "unknown", "d5c5", None, False),
        ({"caller": "unknown", "raw": "1\r\n2"}, "unknown", "310d0a32", None, False),
        ({"caller": "1;DROP"}, "unknown", b"1;DROP".hex(), None, False),
        ({"caller": "\u0661\u0661\u0661"}, "unknown", "d9a1d9a1d9a1", None, False),
        ({"caller": "110", "name": "\udcd5\udcc5\x00"}, "110", None, "张", False),
        ({"caller": "+8613800000001", "marks": "withheld"}, "+8613800000001", None, None, True),
        ({}, None, None, None, False),
    ],
)
def test_untrusted_numbers_and_names_become_plain_text(
    start: dict[str, Scalar],
    caller: str | None,
    raw_hex: str | None,
    name: str | None,
    withheld: bool,
) -> None:
    facts = told((K.START, 0.0, start))
    assert (facts.caller, facts.caller_raw_hex, facts.caller_name, facts.withheld) == (
        caller,
        raw_hex,
        name,
        withheld,
    )


def test_marks_of_the_caller_and_of_the_rule_are_joined() -> None:
    facts = told((K.START, 0.0, {"marks": "withheld"}), decided("police", "5", "rule"))
    assert facts.marks == "silent,withheld"


@pytest.mark.parametrize("key_at", ["", "soon", "nan", "1e999", epoch(4.0)])
def test_a_key_without_a_usable_time_leaves_the_receipt_empty(key_at: str) -> None:
    facts = told(*BEGIN, released(3.0, key_at))
    assert facts.release_ms is None


def test_the_key_of_a_police_verdict_is_not_the_key_of_a_later_release() -> None:
    facts = told(*BEGIN, decided("police", "8", "wrong-key"), released(30.0))
    assert facts.release_ms is None


def test_a_step_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTime):
        Step("e", K.START, "n1", LEG, CALL, T0.replace(tzinfo=None))


def test_facts_have_the_columns_of_the_record() -> None:
    assert [field.name for field in fields(CallFacts)][:2] == ["call_id", "node"]
    assert len(fields(CallFacts)) == 33
    assert len(fields(LegFacts)) == 11


STORIES = (LIVELIHOOD, POLICE, BACK, WAITING_KEY, (*CUT, (K.BOOT, 60.0)))


@given(st.sampled_from(STORIES).map(lambda said: call(*said)), st.data())
def test_the_order_and_the_repetition_of_steps_change_nothing(
    steps: list[Step], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(steps), max_size=6))
    assert fold(data.draw(st.permutations([*steps, *again]))) == fold(steps)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
names = st.sampled_from(
    ["caller", "raw", "name", "marks", "verdict", "key", "reason", "queue", "answered", "key_at"]
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
