"""The switch's own word for the end of a trunk channel, beside ours."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from db.engine import reading, writing
from db.store import apply_steps
from reports.audit import AuditReport, audit_calls
from reports.switch_list import SwitchLeg
from routing.steps import Step, StepKind
from tests.integration.store.made import T0, boot, livelihood_call

KEY_S, SLOT_FREE_S, CHANNEL_S = 3.0, 3.02, 20.01


def referred(n: int, channel_end_s: float = CHANNEL_S) -> list[Step]:
    """A call released by REFER, whose channel our Asterisk keeps until then."""
    key_at = str((T0 + timedelta(seconds=n * 0.01 + KEY_S)).timestamp())
    steps = []
    for step in livelihood_call(n):
        if step.kind is StepKind.RELEASED:
            step = replace(step, data={"mode": "refer", "key_at": key_at})
        if step.kind is StepKind.CHAN_END:
            step = replace(step, at=T0 + timedelta(seconds=n * 0.01 + channel_end_s))
        steps.append(step)
    return steps


def listed(n: int, held_s: float | None, clock: timedelta = timedelta(0)) -> SwitchLeg:
    began = T0 + timedelta(seconds=n * 0.01) + clock
    ended = None if held_s is None else began + timedelta(seconds=held_s)
    return SwitchLeg(f"sip-n1-{n}@switch", began, ended, "answered")


def audited(store: Engine, steps: list[Step], *switch: SwitchLeg) -> AuditReport:
    with writing(store) as session:
        apply_steps(session, steps)
    with reading(store) as session:
        return audit_calls(session, switch)


def test_key_to_trunk_free_is_told_by_our_records_and_by_the_switchs(store: Engine) -> None:
    report = audited(store, referred(1), listed(1, 3.25))
    assert report.ends.trunk_free_ms.p50 == round((CHANNEL_S - KEY_S) * 1000)
    assert report.ends.switch_trunk_free_ms.p50 == 250


@pytest.mark.fault("61", how="Asterisk keeps a channel for ten minutes after its BYE")
def test_a_channel_that_we_keep_long_after_the_switchs_is_told(store: Engine) -> None:
    report = audited(store, referred(1, 605), listed(1, 3.25))
    (finding,) = report.findings
    assert (finding.kind, finding.subject) == ("apart", "n1 n1-1795465608.1")
    assert finding.explanation == "our channel stayed 601.8 s longer than the switch's"
    assert report.clean, "nothing is missing: both have it on record"
    assert report.as_dict()["apart"] == 1


def test_a_channel_that_the_switch_holds_after_ours_has_ended_is_told(store: Engine) -> None:
    (finding,) = audited(store, referred(1), listed(1, 60)).findings
    assert finding.explanation == "the switch held its channel 40.0 s longer than we did"


def test_clocks_that_differ_are_not_taken_for_channels_that_stay(store: Engine) -> None:
    report = audited(store, referred(1), listed(1, CHANNEL_S))
    skewed = audited(store, [], listed(1, CHANNEL_S, timedelta(seconds=50)))
    assert (report.ends, report.findings) == (skewed.ends, skewed.findings)
    assert (report.ends.compared, report.ends.apart) == (1, ())


def test_what_has_no_end_of_its_own_is_not_compared(store: Engine) -> None:
    """The switch's call lives yet; or a node was lost, and its next start is no end of a leg."""
    lost = [step for step in referred(2) if step.kind not in (StepKind.END, StepKind.CHAN_END)]
    report = audited(store, [*referred(1), *lost, boot(300)], listed(1, None), listed(2, 9))
    assert (report.ends.compared, report.ends.apart) == (0, ())
    assert report.ends.switch_trunk_free_ms.p50 == 6000, "the switch knows when it was free"
