"""The forced release: a call's trunk legs ended from outside, its police slot given back first."""

import asyncio
from dataclasses import dataclass
from typing import Final

from ivr.ami import Ami, Answer
from ivr.ami_errors import AmiActionFailed
from ivr.ami_words import Fields, Value

CALL_OF_CHANNEL: Final = "L110_CALL"
EVERY_S: Final = 0.01
GONE_WITHIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class LiveLeg:
    """A trunk channel that is up. `talks`: somebody is connected to it now."""

    channel: str
    uniqueid: str
    caller: str
    application: str
    talks: bool
    up_s: int


@dataclass(frozen=True, slots=True)
class EndedLeg:
    """From the first action. `gone_ms` is None where the channel outlived `GONE_WITHIN_S`."""

    leg: LiveLeg
    slot_free_ms: int
    gone_ms: int | None


async def live_legs(ami: Ami, call_id: str, trunk: str) -> tuple[LiveLeg, ...]:
    """The call's channels on that trunk, as Asterisk has them now. Raises AmiError."""
    answer = await ami.action("Status", {"Variables": CALL_OF_CHANNEL})
    if not answer.ok:
        raise AmiActionFailed(f"(Status: {answer.message})")
    ours = f"{CALL_OF_CHANNEL}={call_id}"
    return tuple(
        _leg(item)
        for item in answer.items
        if item.text("Variable") == ours and item.text("Channel").startswith(f"PJSIP/{trunk}-")
    )


async def end_leg(ami: Ami, leg: LiveLeg) -> EndedLeg:
    """Mark the leg, free its slot, hang it up, wait until its channel is gone.

    The slot is given back first: a channel that outlives its hang-up must not hold a police line.

    Raises:
        AmiActionFailed: it was gone before.
        AmiError: as `Ami.action`; a lost answer leaves open what was done.
    """
    began = _now()
    await _do(ami, leg, "Setvar", {"Variable": "L110_FORCED", "Value": "yes"})
    await _do(ami, leg, "Setvar", {"Variable": "GROUP(l110)", "Value": ""})
    slot_free_ms = _ms_since(began)
    await _do(ami, leg, "Hangup", {"Cause": 16})
    gone = await _gone(ami, leg, began + GONE_WITHIN_S)
    return EndedLeg(leg, slot_free_ms, _ms_since(began) if gone else None)


async def _do(ami: Ami, leg: LiveLeg, action: str, fields: dict[str, Value]) -> Answer:
    answer = await ami.action(action, {"Channel": leg.channel, **fields})
    if not answer.ok:
        raise AmiActionFailed(f"({action} {leg.channel}: {answer.message})")
    return answer


async def _gone(ami: Ami, leg: LiveLeg, until: float) -> bool:
    while (await ami.action("Status", {"Channel": leg.channel})).ok:
        if _now() >= until:
            return False
        await asyncio.sleep(EVERY_S)
    return True


def _leg(item: Fields) -> LiveLeg:
    return LiveLeg(
        channel=item.text("Channel"),
        uniqueid=item.text("Uniqueid"),
        caller=item.text("CallerIDNum"),
        application=item.text("Application"),
        talks=bool(item.text("BridgeID")),
        up_s=item.number("Seconds"),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _ms_since(began: float) -> int:
    return round((_now() - began) * 1000)
