"""Keeps one connection to Asterisk's manager, and says since when it stands or does not."""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from ivr.ami_errors import (
    AmiAnswerLost,
    AmiAway,
    AmiError,
    AmiLoginRefused,
    AmiNotBooted,
    AmiSilent,
)
from ivr.ami_link import Link, LinkLimits
from ivr.ami_words import Event, checked_fields

CLASSES: Final = "call,agent,system"  # of events; without system there is no FullyBooted

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Every deadline in seconds. A half-open connection is left after `ping_every` + `ping`.

    The pause before a new try doubles from `again` to `again_most`, and is drawn from its upper
    half; a connection that stood for `steady` begins at `again` anew.
    """

    ready: float = 10.0
    answer: float = 5.0
    login: float = 5.0
    booted: float = 10.0
    ping_every: float = 4.0
    ping: float = 4.0
    again: float = 0.5
    again_most: float = 10.0
    steady: float = 30.0

    def pause(self, failed: int) -> float:
        """Seconds to wait after so many tries in a row that failed."""
        longest = min(self.again_most, self.again * 2.0 ** min(failed, 20))
        return longest * random.uniform(0.5, 1.0)  # many clients must not return all at once


@dataclass(frozen=True, slots=True)
class State:
    """`since`: connected since then, or else stale since then, which is when we last heard from
    Asterisk. Aware UTC.
    """

    connected: bool
    since: datetime
    problem: AmiError | None = None

    def __str__(self) -> str:
        return f"{'connected' if self.connected else 'stale'} since {self.since:%Y-%m-%dT%H:%M:%SZ}"


class Keeper:
    """One task, which ends when it is closed or when Asterisk refuses the login."""

    def __init__(
        self,
        address: tuple[str, int],
        login: tuple[str, str],
        events: Iterable[str],
        pace: Pace,
        limits: LinkLimits,
    ) -> None:
        """Raises AmiValueRefused."""
        self.pace = pace
        self.state = State(connected=False, since=datetime.now(UTC))
        self.on_event: Callable[[Event], None] = lambda _: None
        self.on_change: Callable[[], None] = lambda: None
        self._address = address
        self._login = {"Username": login[0], "Secret": login[1], "Events": CLASSES}
        checked_fields("Login", self._login)
        self._events = tuple(events)
        self._limits = limits
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self._bell = asyncio.Event()

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
            self._told(connected=False, problem=self.state.problem)

    async def ready(self, within_s: float) -> None:
        """Raises AmiLoginRefused, AmiAway."""
        try:
            async with asyncio.timeout(within_s):
                while not self.state.connected:
                    await self.change()
        except TimeoutError:
            raise self._away() from None

    def link(self) -> Link:
        """The connection that stands now. Raises AmiLoginRefused, AmiAway."""
        self._raise_if_over()
        if self._link is None or not self.state.connected:
            raise self._away()
        return self._link

    async def change(self) -> None:
        """Return once something may have changed. Raises AmiLoginRefused, AmiAway: nothing will."""
        self._raise_if_over()
        await self._bell.wait()

    def ring(self) -> None:
        """Wake everybody who waits for a change."""
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    async def _keep(self) -> None:
        failed = 0
        while True:
            began = asyncio.get_running_loop().time()
            problem = await self._one_connection()
            self._told(connected=False, problem=problem)
            if isinstance(problem, AmiLoginRefused):
                log.error("ami.login_refused", user=self._login["Username"])
                return
            steady = asyncio.get_running_loop().time() - began >= self.pace.steady
            failed = 0 if steady else failed + 1
            log.warning("ami.stale", problem=str(problem), failed=failed)
            await asyncio.sleep(self.pace.pause(failed - 1 if failed else 0))

    async def _one_connection(self) -> AmiError:
        """Connect and stay until that is over; returns why. Raises nothing but a cancellation."""
        link = self._link = Link(self._events, self.on_event, self._limits)
        try:
            await link.connect(*self._address)
            await self._log_in(link)
            self._told(connected=True)
            return await self._watch(link)
        except AmiAnswerLost as lost:
            return link.problem or lost
        except AmiError as error:
            return error
        except (OSError, TimeoutError) as error:
            return AmiAway(f"({type(error).__name__}: {error})")
        except Exception as error:
            log.exception("ami.fault")
            return AmiAway(f"({type(error).__name__})")
        finally:
            link.close()

    async def _log_in(self, link: Link) -> None:
        answer = await link.ask("Login", self._login, self.pace.login)
        if not answer.ok:
            raise AmiLoginRefused(f"({self._login['Username']}: {answer.message})")
        try:
            async with asyncio.timeout(self.pace.booted):
                await link.booted.wait()
        except TimeoutError:
            raise AmiNotBooted from None
        if link.lost.is_set():
            raise link.problem or AmiAway

    async def _watch(self, link: Link) -> AmiError:
        """Ping until the connection is lost, or an answer is."""
        while True:
            try:
                async with asyncio.timeout(self.pace.ping_every):
                    await link.lost.wait()
                return link.problem or AmiAway()
            except TimeoutError:
                pass
            try:
                answer = await link.ask("Ping", {}, self.pace.ping, counted=False)
            except AmiAnswerLost:
                return link.problem or AmiSilent()
            if not answer.ok:
                return AmiSilent(f"({answer.message})")

    def _told(self, *, connected: bool, problem: AmiError | None = None) -> None:
        now = datetime.now(UTC)
        if connected:
            self.state = State(True, now)
        else:
            heard = self._link.heard_at if self._link else None
            since = (heard or self.state.since) if self.state.connected else self.state.since
            self._link = None
            self.state = State(False, since, problem)
        self.on_change()
        self.ring()

    def _raise_if_over(self) -> None:
        if isinstance(self.state.problem, AmiLoginRefused):
            raise self.state.problem
        if self._task is None:
            raise AmiAway("(closed)")

    def _away(self) -> AmiAway:
        problem = self.state.problem
        return AmiAway(problem.detail if isinstance(problem, AmiAway) else str(problem or ""))
