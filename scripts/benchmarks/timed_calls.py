"""Callers of a round who time the answer and the release, from outside the node."""

import asyncio
import socket
import time
from dataclasses import dataclass

from scripts.benchmarks.sip import Address
from scripts.benchmarks.switch import Switch, play_round
from scripts.benchmarks.switch_call import Call
from scripts.benchmarks.traffic import CallFailed, Stream

NS_IN_A_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """Milliseconds: INVITE to 200, and key to the trunk's BYE. `late` is the callers' own lag.

    `callers_cpu_s` is what the stand-in switch itself took of the machine.
    """

    answer_ms: list[float]
    release_ms: list[float]
    late_ms: float
    callers_cpu_s: float
    call_ids: list[str]
    problem: str = ""


class TimedSwitch(Switch):
    """As Switch; times stand after the round, whole or broken off."""

    user = "110"
    answers: list[float]
    latest_ms: float

    def __init__(self, stream: Stream, at: Address, media: socket.socket, to: Address) -> None:
        super().__init__(stream, at, media, to)
        self.answers, self.latest_ms = [], 0.0
        self._due: float | None = None

    @property
    def call_ids(self) -> list[str]:
        return list(self._calls)

    def _begin(self, caller: str) -> None:
        now = asyncio.get_running_loop().time()
        self._due = now if self._due is None else self._due + 1 / self._stream.rate
        self.latest_ms = max(self.latest_ms, (now - self._due) * 1000)
        self._begun += 1
        begun_ns = time.monotonic_ns()

        def answered(call: Call) -> None:
            self.answers.append((time.monotonic_ns() - begun_ns) / NS_IN_A_MS)
            self._answered(call)

        self._call(caller, f"sip:{self.user}@{self._to[0]}:{self._to[1]}", answered)


def timed_calls(stream: Stream, *, at: Address, media_port: int, to: Address, user: str) -> Heard:
    """A failed call ends the round: its words are the `problem`."""
    seen: list[TimedSwitch] = []

    def kind(stream: Stream, at: Address, media: socket.socket, to: Address) -> TimedSwitch:
        switch = TimedSwitch(stream, at, media, to)
        switch.user = user
        seen.append(switch)
        return switch

    before, problem = time.process_time(), ""
    try:
        asyncio.run(play_round(kind, stream, at, media_port, to))
    except CallFailed as failed:
        problem = str(failed)
    spent = time.process_time() - before
    switch = seen[0]
    releases = [freed.gone_ns / NS_IN_A_MS for freed in switch.freed]
    return Heard(switch.answers, releases, switch.latest_ms, spent, switch.call_ids, problem)
