from dataclasses import fields

import pytest

from routing.model import NaiveTime
from routing.steps import Scalar, Step
from routing.story import CallFacts, LegFacts, Outcome, fold
from tests.unit.routing.stories import (
    BEGIN,
    CALL,
    LEG,
    LIVELIHOOD,
    POLICE,
    START,
    T0,
    K,
    after,
    call,
    decided,
    step,
    told,
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


GBK_FROM = '"\udcd5\udcc5\udcc8\udcfd" <sip:110@192.0.2.1>;tag=1'


@pytest.mark.parametrize(
    ("start", "caller", "raw_hex", "name", "withheld"),
    [
        ({"caller": "unknown", "raw": "\udcd5\udcc5"}, "unknown", "d5c5", None, False),
        ({"caller": "unknown", "raw": "1\r\n2"}, "unknown", "310d0a32", None, False),
        ({"caller": "\x11800000001"}, "unknown", "11383030303030303031", None, False),
        ({"caller": "1;DROP"}, "unknown", b"1;DROP".hex(), None, False),
        ({"caller": "\u0661\u0661\u0661"}, "unknown", "d9a1d9a1d9a1", None, False),
        ({"caller": "110", "name": "\udcd5\udcc5\x00"}, "110", None, "张", False),
        ({"caller": "110", "name": "\ufffd" * 4, "named": GBK_FROM}, "110", None, "张三", False),
        ({"caller": "110", "name": "\ufffd", "named": "x"}, "110", None, "\ufffd", False),
        ({"caller": "110", "name": "李", "named": GBK_FROM}, "110", None, "李", False),
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


def test_a_step_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTime):
        Step("e", K.START, "n1", LEG, CALL, T0.replace(tzinfo=None))


def test_facts_have_the_columns_of_the_record() -> None:
    assert [field.name for field in fields(CallFacts)][:2] == ["call_id", "node"]
    assert len(fields(CallFacts)) == 36
    assert len(fields(LegFacts)) == 11


def test_a_leg_of_a_trial_belongs_to_no_call_and_says_so_while_it_lives() -> None:
    sip: dict[str, Scalar] = {"test": "x", "what": "came", "sip": "abc@switch"}
    begun = step(K.CHAN_START, 0.0)
    came = Step("n1/test", K.TEST, "n1", LEG, None, after(0.1), sip)
    for steps, ended in (([begun, came], None), ([begun, came, step(K.CHAN_END, 9.0)], after(9.0))):
        story = fold(steps)
        assert story.call is None
        [leg] = story.legs
        assert (leg.end_reason, leg.ended_at, leg.sip_call_id) == ("test", ended, "abc@switch")
