"""Calls as their nodes would write them down."""

from datetime import UTC, datetime, timedelta

from routing.steps import Scalar, Step, StepKind

T0 = datetime(2026, 11, 23, 20, 26, 6, tzinfo=UTC)


def call_id(n: int, node: str = "n1") -> str:
    return f"20261123T202606Z-{node}-{n}-{n:08x}"


def a_step(
    kind: StepKind, n: int, s: float, node: str = "n1", leg: str | None = None, **data: Scalar
) -> Step:
    leg = f"{node}-1795465608.{n}" if leg is None else leg
    nameless = kind in {StepKind.CHAN_START, StepKind.CHAN_END, StepKind.BOOT, StepKind.RULES}
    return Step(
        event_id=f"{node}/{leg}/{kind.value}/{s}",
        kind=kind,
        node=node,
        leg=leg,
        call_id=None if nameless else call_id(n, node),
        at=T0 + timedelta(seconds=n * 0.01 + s),
        data=data,
    )


def beginning(n: int, node: str = "n1") -> list[Step]:
    return [
        a_step(StepKind.CHAN_START, n, 0, node, channel=f"PJSIP/l110-trunk-{n:08x}"),
        a_step(
            StepKind.START,
            n,
            0.001,
            node,
            caller=f"1380000{n % 10_000:04}",
            sip=f"sip-{node}-{n}@switch",
            trunk="l110-trunk",
            lines="1",
        ),
        a_step(StepKind.INTAKE, n, 0.02, node, caller=f"1380000{n % 10_000:04}"),
    ]


def livelihood_call(n: int, node: str = "n1") -> list[Step]:
    return [
        *beginning(n, node),
        a_step(
            StepKind.DECIDED,
            n,
            3,
            node,
            target="livelihood",
            verdict="livelihood",
            key="2",
            reason="rule",
            rule_id="key-2",
            rules_version="9f3c2a10",
            language="zh",
            key_ms=2900,
        ),
        a_step(StepKind.RELEASED, n, 3.02, node, mode="redirect"),
        a_step(StepKind.CLASS, n, 5, node, key="1", **{"class": "complaint"}),
        a_step(StepKind.QUEUED, n, 5.1, node, queue="livelihood", prio="0"),
        a_step(StepKind.SEAT, n, 7, node, queue="livelihood", member="8201"),
        *ending(n, node, verdict="livelihood", key="2", reason="rule"),
    ]


def police_call(n: int, node: str = "n1", *, answered: bool = True) -> list[Step]:
    seat = [a_step(StepKind.SEAT, n, 7, node, queue="police", member="8101")]
    return [
        *beginning(n, node),
        a_step(StepKind.DECIDED, n, 6, node, target="police", verdict="police", reason="no-key"),
        a_step(StepKind.QUEUED, n, 6.1, node, queue="police", prio="1"),
        *(seat if answered else []),
        *ending(n, node, verdict="police", reason="no-key"),
    ]


def ending(n: int, node: str = "n1", **facts: str) -> list[Step]:
    answered = str((T0 + timedelta(seconds=n * 0.01 + 0.01)).timestamp())
    facts |= {"cause": "16", "by": "caller", "answered": answered}
    return [
        a_step(StepKind.END, n, 20, node, sip=f"sip-{node}-{n}@switch", **facts),
        a_step(StepKind.CHAN_END, n, 20.01, node, channel=f"PJSIP/l110-trunk-{n:08x}"),
    ]


def boot(s: float, node: str = "n1") -> Step:
    return a_step(StepKind.BOOT, 0, s, node, leg="")


def rules(version: str, s: float, node: str = "n1") -> Step:
    step = a_step(StepKind.RULES, 0, s, node, leg="", version=version, text="[menu]\n")
    return step
