"""Steps as JSON text: one codec for the journal, the store and the last-resort log line."""

import json
from datetime import datetime

from routing.steps import Scalar, Step, StepKind

_encode = json.JSONEncoder(separators=(",", ":")).encode


class StepUnreadable(ValueError):
    """A stored step is not one of ours."""


def step_to_json(step: Step) -> str:
    """Plain ASCII, so that broken bytes (lone surrogates) survive any encoding on the way."""
    return _encode(
        {
            "event_id": step.event_id,
            "kind": step.kind.value,
            "node": step.node,
            "leg": step.leg,
            "call_id": step.call_id,
            "at": step.at.isoformat(),
            "data": dict(step.data),
        }
    )


def step_from_json(text: str) -> Step:
    """Raises StepUnreadable."""
    try:
        raw = json.loads(text)
        data: dict[str, Scalar] = raw["data"]
        return Step(
            event_id=raw["event_id"],
            kind=StepKind(raw["kind"]),
            node=raw["node"],
            leg=raw["leg"],
            call_id=raw["call_id"],
            at=datetime.fromisoformat(raw["at"]),
            data=data,
        )
    except (ValueError, KeyError, TypeError) as fault:
        raise StepUnreadable(f"not a step ({fault}): {text[:200]}") from fault
