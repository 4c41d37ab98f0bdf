"""The node's call to itself: through Asterisk to a bridge and back, as a caller of 110 would go."""

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass

from config.settings import Settings
from ivr.ami_errors import AmiActionFailed, AmiAnswerLost, AmiAway
from scripts.watch.asterisk import Eye
from scripts.watch.records import Mark

POLL_S = 0.2
AGAIN_S = 5.0  # what failed is soon tried again: an alarm must not outlive its cause
CONTEXT = "l110-selftest"
WHY = {
    "GUARD": "took the call and gave no verdict within the guard",
    "FAILURE": "could not be reached",
}


@dataclass(frozen=True, slots=True)
class Result:
    """`problem` is None where a verdict came."""

    test: str
    took_s: float
    problem: str | None = None


class SelfTest:
    """Placed by the watch, which lives when the bridge is dead."""

    def __init__(self, settings: Settings, eye: Eye) -> None:
        self._settings, self._eye = settings.selftest, eye
        self._bridges = {"1": "the bridge"}
        if settings.agi.second:
            self._bridges["2"] = "the second bridge"
        self.done = self.failed = 0
        self.took_s = 0.0
        self.problem: str | None = None
        self.marks: deque[Mark] = deque(maxlen=10)

    async def keep(self) -> None:
        """Until cancelled; every 0 s means never."""
        while self._settings.every_s:
            began = time.monotonic()
            if self._eye.actor.ami.state.connected:
                await self.once()
            every_s = self._settings.every_s
            every_s = min(every_s, AGAIN_S) if self.problem else every_s
            await asyncio.sleep(max(0.5, every_s - (time.monotonic() - began)))

    async def once(self) -> None:
        try:
            results = {name: await self.call(at) for at, name in self._bridges.items()}
        except (AmiAway, AmiAnswerLost):
            return  # Asterisk is away or frozen, which has an alarm of its own
        self.done += len(results)
        failed = {name: r.problem for name, r in results.items() if r.problem}
        self.failed += len(failed)
        self.took_s = max(result.took_s for result in results.values())
        self.problem = "; ".join(f"{name} {why}" for name, why in failed.items()) or None

    async def call(self, at: str) -> Result:
        """One call to the bridge with that number.

        Raises:
            AmiAway, AmiAnswerLost: Asterisk itself does not answer.
        """
        test, began = secrets.token_hex(6), time.monotonic()
        try:
            await self._place(test, at)
        except AmiActionFailed as error:
            return Result(test, 0.0, f"could not be called: {error}")
        told = await self._await_word(test)
        took_s = time.monotonic() - began
        if told is None:
            return Result(test, took_s, f"gave no verdict within {self._settings.within_s:g} s")
        self.marks.append(Mark(test, time.monotonic()))
        return Result(test, took_s, problem_of(told))

    async def _place(self, test: str, at: str) -> None:
        answer = await self._eye.actor.ami.action(
            "Originate",
            {
                "Channel": f"Local/intake@{CONTEXT}/n",
                "Context": CONTEXT,
                "Exten": "caller",
                "Priority": 1,
                "Async": "true",
                "Variable": f"L110_TEST={test},L110_AT={at}",
            },
        )
        if not answer.ok:
            raise AmiActionFailed(answer.message)

    async def _await_word(self, test: str) -> str | None:
        deadline = time.monotonic() + self._settings.within_s
        while time.monotonic() < deadline:
            await asyncio.sleep(POLL_S)
            (told,) = await self._eye.ask([("", "L110_SELFTEST")])
            if told.startswith(f"{test}/"):
                return told
        return None


def problem_of(told: str) -> str | None:
    """What the dialplan said: test/target/reason/how AGI ended."""
    _, target, reason, how = (*told.split("/"), "", "", "", "")[:4]
    if target:
        return "could not play its prompts" if reason == "prompt-failed" else None
    return WHY.get(how, "gave no verdict")
