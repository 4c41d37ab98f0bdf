"""The pause of a seat, over Asterisk's manager."""

from typing import Final

from ivr.ami import Ami
from ivr.ami_errors import AmiActionFailed

MISSED: Final = "missed"  # the reason that misses.conf gives


async def unpause(ami: Ami, interface: str) -> None:
    """In every queue of which it is a member; nothing changes for one that is not paused.

    Raises:
        AmiActionFailed: no queue has such a member.
        AmiError: as `Ami.action`.
    """
    answer = await ami.action("QueuePause", {"Interface": interface, "Paused": "false"})
    if not answer.ok:
        raise AmiActionFailed(f"(QueuePause: {answer.message})")
