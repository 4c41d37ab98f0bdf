"""Calls told step by step, to be folded."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from routing.steps import Scalar, Step, StepKind
from routing.story import CallFacts, fold

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
    via: str = "",
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
        "via": via,
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


NO_BRIDGE: tuple[Said, ...] = (*BEGIN, queued(2.1, "police"))
CUT: tuple[Said, ...] = (*BEGIN, INTAKE, queued(2.1, "police"))
