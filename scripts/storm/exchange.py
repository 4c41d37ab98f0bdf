"""Telephones of the storm: many behind one address, in as many calls as come, and silent.

Keys go by SIP INFO. Not one packet of sound is sent, and none is read: the machine has enough to
do with what the switches and nodes play.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from scripts.lab.seats import Manner
from scripts.lab.sip_dialog import calling
from scripts.lab.sip_message import Address, Message, address_of
from scripts.lab.sound import Sound
from scripts.lab.talk import Talk
from scripts.lab.telephone import Telephone

RING_S, ENDLESS_S = 0.2, 3600.0


class Silence(Sound):
    """Says nothing; what comes is left in the kernel, which throws away what is too much."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._at = port

    async def open(self, host: str) -> int:
        return self._at

    async def speak(self) -> None:
        return


class Exchange(Telephone):
    """Every INVITE rings, whoever talks already."""

    def __init__(self, host: str, node: Address) -> None:
        super().__init__(host, node, "exchange")
        self._deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._deaf.bind((host, 0))
        port: int = self._deaf.getsockname()[1]
        self.line.sound = lambda: Silence(port)

    @property
    def free(self) -> bool:
        return True

    @property
    def at(self) -> str:
        """host:port, once it has started."""
        return self.line.at

    def stop(self) -> None:
        super().stop()
        self._deaf.close()


class Seats(Exchange):
    """All seats of a switch. `hands_over`: after how many seconds a caller with that number is."""

    def __init__(self, host: str, node: Address, hands_over: Callable[[str], float | None]) -> None:
        super().__init__(host, node)
        self._hands_over = hands_over

    def manner_for(self, invite: Message) -> Manner:
        """Police seats (8...) hand over; the desk keeps everybody until he hangs up."""
        number = address_of(invite.get("From")).partition(":")[2].partition("@")[0]
        police = invite.start.partition("sip:")[2].startswith("8")
        after_s = self._hands_over(number) if police else None
        if after_s is None:
            return Manner(ring_s=RING_S, talk_s=ENDLESS_S)
        return Manner(ring_s=RING_S, talk_s=ENDLESS_S, keys="*2", keys_after_s=after_s)


class Callers(Exchange):
    """Everybody who calls one switch."""

    def begin(self, number: str, key: str, key_after_s: float | None, stays_s: float) -> Talk:
        """Call 110; press, stay so long after the answer, hang up. From its own loop."""
        dialog = calling(number, self.line.at, self._uri("110"))
        talk = Talk(self.line, dialog)
        self.talks.append(talk)
        self.line.wire.begin(self._told(self._lives(talk, key, key_after_s, stays_s), talk))
        return talk

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """From any thread: have it done on this loop, and do not wait for it."""
        assert self._loop is not None, "start it first"
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        """From this loop."""
        self.line.wire.begin(work)

    async def _lives(self, talk: Talk, key: str, key_after_s: float | None, stays_s: float) -> None:
        await talk.dial()
        if talk.ended.is_set():
            return
        if key_after_s is not None and not await self._gone(talk, key_after_s):
            await talk.press(key)
            stays_s -= key_after_s
        if not await self._gone(talk, stays_s):
            await talk.hang_up()

    async def _gone(self, talk: Talk, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(talk.ended.wait(), seconds)
        return talk.ended.is_set()
