"""The call behind a ticket: keyed to the livelihood desk, released, answered by an operator."""

from datetime import timedelta
from random import Random
from typing import Any

KEYS = {"complaint": "1", "hardship": "2", "information": "3", "market": "4"}


def told_call(rng: Random, row: dict[str, Any]) -> dict[str, Any]:
    """A row of `calls` but for its id and node; the ticket is opened at the release."""
    released = row["opened_at"]
    key_ms, wait_ms = rng.randrange(1500, 9000), rng.randrange(500, 20_000)
    release_ms, talk_ms = rng.randrange(8, 60), rng.randrange(30_000, 400_000)
    started = released - timedelta(milliseconds=key_ms)
    answered = released + timedelta(milliseconds=wait_ms)
    return {
        "started_at": started,
        "answered_at": started + timedelta(milliseconds=200),
        "caller": row["caller"],
        "withheld": row["caller"] is None,
        "language": "zh",
        "key": "2",
        "verdict": "livelihood",
        "reason": "rule",
        "rule_id": "key-2",
        "release_mode": "redirect",
        "released_at": released,
        "release_ms": release_ms,
        "slot_held_ms": key_ms + release_ms,
        "service_class": row["service_class"],
        "queue": "livelihood",
        "seat": f"82{rng.randrange(1, 13):02d}",
        "seat_answered_at": answered,
        "wait_ms": wait_ms,
        "talk_ms": talk_ms,
        "ended_at": answered + timedelta(milliseconds=talk_ms),
        "ended_by": "caller",
        "end_cause": "16",
        "outcome": "talked-to-livelihood",
    }
