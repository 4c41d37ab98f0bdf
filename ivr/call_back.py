"""Rings one citizen through Asterisk, to ask him whether his trouble is solved.

What comes of it is never told here: the dialplan (config/asterisk/l110/callback.conf) writes it
into Asterisk's own feed, as it does for every call.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from ivr.ami import Ami
from ivr.ami_errors import AmiAnswerLost, AmiAnswerTooLong, AmiError

CONTEXT = "l110-call-back"
NUMBER = re.compile(r"\+?[0-9]{3,20}", re.ASCII)
TOKEN = re.compile(r"[0-9-]{1,60}", re.ASCII)
SETTLES_S = 20  # beyond the ringing: what Asterisk may take to give up by itself


class CallNotPlaced(RuntimeError):
    """Nobody was rung, and nobody will be; the message says why."""


class CallInDoubt(RuntimeError):
    """It was asked for, and may ring: only the feed can tell."""


@dataclass(frozen=True, slots=True)
class CallOrder:
    """token: the attempt's name, which comes back by the feed. language: zh or en."""

    token: str
    number: str
    language: str


@dataclass(frozen=True, slots=True)
class Placer:
    """The manager's actor of one Asterisk. `secret` is asked for at each call."""

    host: str
    port: int
    secret: Callable[[], str]
    ring_s: float

    def __call__(self, order: CallOrder) -> None:
        """Returns when Asterisk has taken the order; never asks twice.

        Raises:
            CallNotPlaced, CallInDoubt.
        """
        fields = order_fields(order, self.ring_s)
        try:
            asyncio.run(self._place(fields))
        except (AmiAnswerLost, AmiAnswerTooLong) as error:
            raise CallInDoubt(str(error)) from error
        except (AmiError, OSError) as error:
            raise CallNotPlaced(str(error)) from error

    async def _place(self, fields: dict[str, str | int]) -> None:
        async with Ami(self.host, self.port, "l110-actor", self.secret()) as ami:
            answer = await ami.action("Originate", fields)
        if not answer.ok:
            raise CallNotPlaced(answer.message)


def order_fields(order: CallOrder, ring_s: float) -> dict[str, str | int]:
    """Of the action Originate.

    Raises:
        CallNotPlaced: a number or a name that is none; what holds more than digits goes nowhere.
    """
    if not NUMBER.fullmatch(order.number):
        raise CallNotPlaced("the number is none that may be dialled")
    if not TOKEN.fullmatch(order.token):
        raise CallNotPlaced("the attempt's name is none")
    language = "en" if order.language == "en" else "zh"
    told = {"L110_BACK": order.token, "L110_BACK_TO": order.number, "L110_BACK_LANG": language}
    return {
        "Channel": f"Local/place@{CONTEXT}/n",
        "Context": CONTEXT,
        "Exten": "placed",
        "Priority": 1,
        "Timeout": int((ring_s + SETTLES_S) * 1000),
        "Async": "true",
        "Variable": ",".join(f"{name}={value}" for name, value in told.items()),
    }
