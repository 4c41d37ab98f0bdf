"""Asterisk as the watch sees it, over its manager: does it answer, and what are its channels."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from config.settings import Settings
from ivr.ami import Ami, Pace
from ivr.ami_errors import AmiError, AmiLoginRefused
from ivr.ami_snapshot import LINES_IN_USE, Channel, Queue, read_snapshot
from ivr.health import Life
from scripts.asterisk_config import secret
from scripts.cli.ports import Port, listening
from scripts.watch.channels import SIP, Side

# A node that does not answer must be out of service within five seconds.
PACE = Pace(answer=1.5, login=1.5, booted=3, ping_every=1, ping=1.5, again=0.2, again_most=1)
ANSWER_S = 1.5
AT_ONCE = 20  # questions on the wire
MOST_ASKED = 200  # channels at a time
OF_A_SIDE = ("CHANNEL(pjsip,call-id)", "CHANNEL(rtp,hold,audio)", "CHANNEL(rtcp,rxcount,audio)")
RETRY_LOGIN_S = 10.0
BRIDGES = (("L110_DOWN_1", "bridge"), ("L110_DOWN_2", "second-bridge"))


@dataclass(frozen=True, slots=True)
class Seen:
    life: Life
    refused: bool = False
    channels: tuple[Channel, ...] = ()
    queues: tuple[Queue, ...] = ()
    left_out: tuple[str, ...] = ()
    lines_in_use: int | None = None


class Line:
    """One user of the manager, logged in again for ever, also after a refusal."""

    def __init__(self, settings: Settings, user: str) -> None:
        self._settings, self._user = settings, user
        self._refused_at = 0.0
        self.ami = self._new()

    def start(self) -> None:
        self.ami.start()

    async def close(self) -> None:
        await self.ami.close()

    @property
    def refused(self) -> bool:
        return isinstance(self.ami.state.problem, AmiLoginRefused)

    async def again_if_refused(self) -> None:
        if self.refused and time.monotonic() - self._refused_at > RETRY_LOGIN_S:
            self._refused_at = time.monotonic()
            await self.ami.close()
            self.ami = self._new()
            self.ami.start()

    def _new(self) -> Ami:
        at = self._settings.ami
        password = secret(self._settings.secret_path(self._user.replace("l110", "ami")))
        return Ami(at.host, at.port, self._user, password, pace=PACE)


class Eye:
    def __init__(self, settings: Settings) -> None:
        self.reader = Line(settings, "l110-reader")
        self.actor = Line(settings, "l110-actor")
        self._port = Port("ami.port", "tcp", settings.ami.host, settings.ami.port)

    def start(self) -> None:
        self.reader.start()
        self.actor.start()

    async def close(self) -> None:
        await self.reader.close()
        await self.actor.close()

    async def look(self) -> Seen:
        await self.reader.again_if_refused()
        await self.actor.again_if_refused()
        if self.reader.refused or self.actor.refused:
            return Seen(Life.UP, refused=True)
        try:
            answer = await self.reader.ami.action("CoreShowChannels", within_s=ANSWER_S)
            queues = await self.reader.ami.action("QueueStatus", within_s=ANSWER_S)
            shown = read_snapshot(answer.items, queues.items, datetime.now(UTC))
            *rungs, lines = await self.ask(
                [*(("", name) for name, _ in BRIDGES), ("", LINES_IN_USE)]
            )
            used = int(lines) if lines.isdecimal() else None
            return Seen(Life.UP, False, shown.channels, shown.queues, left_out(rungs), used)
        except AmiError:
            there = await asyncio.to_thread(listening, self._port)
            return Seen(Life.FROZEN if there else Life.DOWN)

    async def ask(self, questions: Sequence[tuple[str, str]]) -> list[str]:
        """Values of (channel, variable), empty where there is none. Raises AmiError."""
        found: list[str] = []
        for start in range(0, len(questions), AT_ONCE):
            part = questions[start : start + AT_ONCE]
            found += await asyncio.gather(*(self._value(*question) for question in part))
        return found

    async def _value(self, channel: str, variable: str) -> str:
        on = {"Channel": channel} if channel else {}
        answer = await self.reader.ami.action("Getvar", {**on, "Variable": variable}, ANSWER_S)
        return answer.fields.text("Value") if answer.ok else ""

    async def registration(self, seat: str) -> str:
        """The Call-ID of a seat's REGISTER; empty where it is not registered. Raises AmiError."""
        (contact,) = await self.ask([("", f"PJSIP_AOR({seat},contact)")])
        if not contact:
            return ""
        (call_id,) = await self.ask([("", f"PJSIP_CONTACT({contact.split(',')[0]},call_id)")])
        return call_id

    async def sides(self, channels: Sequence[Channel]) -> list[Side]:
        """What the SIP channels among these say of their dialog and sound. Raises AmiError."""
        names = [c.name for c in channels if c.name.startswith(SIP)][:MOST_ASKED]
        values = await self.ask([(name, question) for name in names for question in OF_A_SIDE])
        each = len(OF_A_SIDE)
        return [side(name, *values[n * each : (n + 1) * each]) for n, name in enumerate(names)]


def left_out(until: Sequence[str]) -> tuple[str, ...]:
    """Of `BRIDGES`, those that the dialplan leaves out until a time that is to come."""
    now = time.time()
    told = zip(BRIDGES, until, strict=True)
    return tuple(rung for (_, rung), at in told if at.isdecimal() and int(at) > now)


def side(name: str, call_id: str, hold: str, count: str) -> Side:
    return Side(name, bool(call_id), hold == "1", int(count) if count.isdecimal() else None)
