"""One row per trunk INVITE."""

from dataclasses import dataclass
from datetime import datetime

from routing.receipt import slot_held_ms
from routing.steps import Step, StepKind
from routing.timeline import Timeline, at, said

TOLD_START = (StepKind.START, StepKind.JOINED)
TEST_LEG = "test"
CHANNEL_START = (StepKind.CHAN_START, *TOLD_START, StepKind.INTAKE, StepKind.DECIDED)


@dataclass(frozen=True, slots=True)
class LegFacts:
    """The columns of `call_legs`.

    started_at: of the channel, else of the first step that tells of it.
    ended_at: of the channel; until that is known, of our end record; for a lost node, of the boot
        that revealed it, which is an upper bound.
    end_reason: `ended` or `node-lost`; None while the leg lives. `test` from its beginning: a leg
        of `l110 doctor --switch`, which belongs to no call and is counted nowhere.
    """

    node: str
    uniqueid: str
    call_id: str | None
    sip_call_id: str | None
    trunk: str | None
    started_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    end_cause: str | None
    line_held_ms: int | None
    intake_seen: bool


def legs_of(timeline: Timeline) -> tuple[LegFacts, ...]:
    boots = timeline.all(StepKind.BOOT)
    keys = sorted({(step.node, step.leg) for step in timeline.steps if step.leg})
    return tuple(_leg(timeline.where(node=node, leg=leg), boots) for node, leg in keys)


def _leg(steps: Timeline, boots: tuple[Step, ...]) -> LegFacts:
    one = steps.steps[0]
    start, end = steps.first(*TOLD_START), steps.last(StepKind.END)
    test = steps.first(StepKind.TEST)
    started_at, ended_at = _started_at(steps), at(_channel_end(steps))
    boot = None if ended_at or not started_at else _boot_after(one.node, started_at, boots)
    return LegFacts(
        node=one.node,
        uniqueid=one.leg,
        call_id=min((step.call_id for step in steps.steps if step.call_id), default=None),
        sip_call_id=said(end, "sip") or said(start, "sip") or said(test, "sip"),
        trunk=said(start, "trunk") or _endpoint(steps.first(StepKind.CHAN_START)),
        started_at=started_at,
        ended_at=ended_at or at(boot),
        end_reason=_end_reason(test, ended_at, boot),
        end_cause=said(end, "cause"),
        line_held_ms=slot_held_ms(steps),
        intake_seen=steps.has(StepKind.INTAKE, StepKind.DECIDED),
    )


def _started_at(steps: Timeline) -> datetime | None:
    return next((at(steps.first(kind)) for kind in CHANNEL_START if steps.has(kind)), None)


def _end_reason(test: Step | None, ended_at: datetime | None, boot: Step | None) -> str | None:
    if test:
        return TEST_LEG
    return "ended" if ended_at else "node-lost" if boot else None


def _channel_end(steps: Timeline) -> Step | None:
    return steps.last(StepKind.CHAN_END) or steps.last(StepKind.END)


def _boot_after(node: str, started_at: datetime, boots: tuple[Step, ...]) -> Step | None:
    """The first start of this leg's Asterisk after the leg's own start."""
    return next((boot for boot in boots if boot.node == node and boot.at > started_at), None)


def _endpoint(channel: Step | None) -> str | None:
    """`PJSIP/l110-trunk-00000001` -> `l110-trunk`."""
    name = said(channel, "trunk") or said(channel, "channame", "channel")
    if name is None or "/" not in name:
        return name
    return name.partition("/")[2].rpartition("-")[0] or None
