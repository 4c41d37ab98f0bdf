"""The node's own test call, so that nobody is needed at a telephone."""

import asyncio

from config.settings import Settings
from ivr.ami import Ami
from ivr.ami_errors import AmiError
from scripts.refer_trial.errors import TrialFailed

RINGS_MS = 10_000


def place(settings: Settings) -> None:
    """Dial `doctor.test_number` at the switch as `doctor.caller_number`.

    Raises:
        TrialFailed: Asterisk did not take the order.
    """
    path = settings.secret_path("ami-actor")
    try:
        secret = path.read_text().strip()
        asyncio.run(_originate(settings, secret))
    except (OSError, AmiError) as error:
        raise TrialFailed(
            "no-call",
            "无法发起试验呼叫。",
            f"The test call could not be placed: {error}",
            f"Is Asterisk's manager up on {settings.ami.host}:{settings.ami.port}, and is {path} "
            "what it has?",
        ) from None


async def _originate(settings: Settings, secret: str) -> None:
    where = settings.ami
    async with Ami(where.host, where.port, "l110-actor", secret) as ami:
        answer = await ami.action(
            "Originate",
            {
                "Channel": f"PJSIP/{settings.doctor.test_number}@l110-switch",
                "Context": "l110-doctor",
                "Exten": "caller",
                "Priority": 1,
                "CallerID": f"<{settings.doctor.caller_number}>",
                "Timeout": RINGS_MS,
                "Async": "true",
            },
        )
    if not answer.ok:
        raise OSError(answer.message)
