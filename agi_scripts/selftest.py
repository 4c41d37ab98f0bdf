from dataclasses import replace

from agi_scripts.intake import intake
from agi_scripts.services import Services
from ivr.channel import Channel
from ivr.wire import Request
from routing.model import Verdict
from routing.steps import Step


def _uncounted(verdict: Verdict, took_s: float) -> None:
    """A test is no call: no figure tells of it."""


class _Nowhere:
    def write(self, step: Step) -> None:
        """A test is no call: nothing of it is kept."""


async def selftest(services: Services, channel: Channel, request: Request) -> None:
    """All that a call to 110 meets in the bridge, without a record.

    Its own name is its flag: a caller's words cannot forge the script that the dialplan names.
    """
    unrecorded = replace(services, journal=_Nowhere(), decided=_uncounted)
    await intake(unrecorded, channel, request, told_as="selftest.decided")
