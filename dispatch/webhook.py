"""To a unit's own system, over HTTP, signed with the unit's key."""

import asyncio
import time
from collections.abc import Callable

import httpx

from dispatch.outgoing import NotSent, Outgoing
from tickets.webhook_signature import KEY, SIGNATURE, TIMESTAMP, signature, unit_key

# What no later try would change. All others are tried again: a system that is being set up anew
# answers 404 for a while, and a wrong key 401 until somebody has put it right.
FOR_GOOD = frozenset({400, 410, 413, 415, 422})


class Webhook:
    """master: the secret of which each unit's key is made. within_s: for the whole exchange.

    A redirect is not followed: the signature is for the address that somebody wrote down.
    """

    def __init__(
        self, master: bytes, within_s: float = 20.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._master, self._within_s, self._clock = master, within_s, clock

    def __call__(self, outgoing: Outgoing) -> None:
        """Raises NotSent."""
        try:
            status = asyncio.run(self._post(outgoing))
        except TimeoutError:
            raise NotSent(f"no answer within {self._within_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as fault:
            raise NotSent(f"{type(fault).__name__}: {fault}"[:300]) from fault
        if not 200 <= status < 300:
            raise NotSent(f"the unit's system answered {status}", for_good=status in FOR_GOOD)

    async def _post(self, outgoing: Outgoing) -> int:
        """One deadline over all: httpx alone has one for each wait, which a slow trickle never
        reaches. Of the answer only the status is read."""
        body, now_s = outgoing.body.encode(), int(self._clock())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            KEY: outgoing.key,
            TIMESTAMP: str(now_s),
            SIGNATURE: signature(unit_key(self._master, outgoing.unit), now_s, body),
        }
        async with (
            asyncio.timeout(self._within_s),
            httpx.AsyncClient(timeout=self._within_s, trust_env=False) as client,
            client.stream("POST", outgoing.address, content=body, headers=headers) as answer,
        ):
            return answer.status_code
