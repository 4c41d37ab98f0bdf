"""A node that takes no new calls and goes on serving those that it has."""

from typing import Final

from ivr.ami import Ami
from ivr.ami_errors import AmiActionFailed

VARIABLE: Final = "L110_DRAIN"
NO_NEW_CALLS: Final = "* 0"  # what the dialplan does with the number of new calls a second


async def set_draining(ami: Ami, draining: bool) -> None:
    """Until it is taken back, or Asterisk is started anew; a reload changes nothing.

    Raises:
        AmiActionFailed: Asterisk did not take it.
        AmiError: as `Ami.action`.
    """
    wanted = NO_NEW_CALLS if draining else ""
    answer = await ami.action("Setvar", {"Variable": VARIABLE, "Value": wanted})
    if not answer.ok or await is_draining(ami) != draining:
        raise AmiActionFailed(f"(Setvar {VARIABLE}: {answer.message})")


async def is_draining(ami: Ami) -> bool:
    answer = await ami.action("Getvar", {"Variable": VARIABLE})
    return bool(answer.ok and answer.fields.text("Value"))


async def trunk_channels(ami: Ami, trunk: str) -> int:
    """Channels from the switch that are up now. Raises AmiError."""
    answer = await ami.action("Status")
    if not answer.ok:
        raise AmiActionFailed(f"(Status: {answer.message})")
    return sum(item.text("Channel").startswith(f"PJSIP/{trunk}-") for item in answer.items)
