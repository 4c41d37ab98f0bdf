"""Asterisk's manager interface: what is live, and actions. Never the source of a record."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import structlog

from ivr.ami_errors import AmiActionFailed, AmiError
from ivr.ami_keeper import Keeper, Pace, State
from ivr.ami_link import LinkLimits
from ivr.ami_snapshot import SNAPSHOT_ACTIONS, Snapshot, read_snapshot
from ivr.ami_words import Answer, Event, Value, checked_event_names, checked_fields

__all__ = ["Ami", "Answer", "Event", "Limits", "Pace", "Snapshot", "State"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """`events`: how many wait to be taken; one more drops them all and asks for a snapshot.
    `callback_s`: seconds that a callback of `listen` may take over one item."""

    events: int = 1000
    callback_s: float = 10
    link: LinkLimits = field(default_factory=LinkLimits)


class Ami:
    """One user of one Asterisk. Connects again by itself, and never sends an action twice.

    `dropped` counts events that nobody took in time, `callbacks_failed` exceptions of callbacks.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        events: Iterable[str] = (),
        pace: Pace | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`events` are names, never patterns. Raises AmiValueRefused."""
        self.pace = pace or Pace()
        self.limits = limits or Limits()
        self.dropped = 0
        self.callbacks_failed = 0
        self._keeper = Keeper(
            (host, port), (user, secret), checked_event_names(events), self.pace, self.limits.link
        )
        self._keeper.on_event = self._take
        self._keeper.on_change = self._changed
        self._queue: deque[Event] = deque()
        self._gap = True
        self._streaming = False

    @property
    def state(self) -> State:
        return self._keeper.state

    async def __aenter__(self) -> Self:
        self.start()
        try:
            await self.ready(self.pace.ready)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Connect in the background, and stay connected; for who can wait for Asterisk."""
        self._keeper.start()

    async def ready(self, within_s: float) -> None:
        """Return once connected.

        Raises:
            AmiLoginRefused: Asterisk refuses the user or the secret; it is not tried again.
            AmiAway: not within so many seconds; the message has the last problem.
        """
        await self._keeper.ready(within_s)

    async def close(self) -> None:
        await self._keeper.close()

    async def action(
        self, name: str, fields: Mapping[str, Value] | None = None, within_s: float | None = None
    ) -> Answer:
        """Send an action, once. `Answer.ok` tells whether Asterisk accepted it.

        Raises:
            AmiValueRefused, AmiAway, AmiBusy, AmiLoginRefused: it was not sent.
            AmiAnswerLost, AmiAnswerTooLong: it was sent, and may have been done.
        """
        checked_fields(name, fields or {})
        link = self._keeper.link()
        return await link.ask(name, fields or {}, within_s or self.pace.answer)

    async def snapshot(self) -> Snapshot:
        """What Asterisk has now: its channels, and its queues with members and callers.

        Raises:
            AmiActionFailed: the user may not ask (write=reporting).
            AmiError: as `action`.
        """
        taken_at = datetime.now(UTC)
        answers = [await self.action(name) for name in SNAPSHOT_ACTIONS]
        for name, answer in zip(SNAPSHOT_ACTIONS, answers, strict=True):
            if not answer.ok:
                raise AmiActionFailed(f"({name}: {answer.message})")
        channels, queues = (answer.items for answer in answers)
        return read_snapshot(channels, queues, taken_at)

    async def events(self) -> AsyncGenerator[Snapshot | Event, None]:
        """A snapshot, then what happens after it; a new snapshot after every gap.

        A gap is a lost connection, or more events than are kept. An event that came while the
        snapshot was taken follows it, though it may hold it already. One reader at a time.

        Raises:
            AmiLoginRefused: nothing will come any more.
            AmiActionFailed: the user may not take a snapshot.
        """
        if self._streaming:
            raise RuntimeError("events() has a reader already")
        self._streaming, self._gap = True, True
        try:
            while True:
                if self._gap:
                    if snapshot := await self._resync():
                        yield snapshot
                elif self._queue:
                    yield self._queue.popleft()
                else:
                    await self._keeper.change()
        finally:
            self._streaming = False

    async def listen(self, callback: Callable[[Snapshot | Event], Awaitable[None] | None]) -> None:
        """Hand everything of `events()` to a callback, whose exceptions end nothing.

        One that takes longer than `limits.callback_s` is cancelled, and has failed too.
        """
        async for item in self.events():
            try:
                pending = callback(item)
                if pending is not None:
                    async with asyncio.timeout(self.limits.callback_s):
                        await pending
            except Exception:
                self.callbacks_failed += 1
                log.exception("ami.callback_failed", item=type(item).__name__)

    async def _resync(self) -> Snapshot | None:
        """None if the connection was lost meanwhile: the gap is still there."""
        while not self.state.connected:
            await self._keeper.change()
        self._queue.clear()
        self._gap = False  # from here on another gap shows
        try:
            return await self.snapshot()
        except AmiActionFailed:
            raise
        except AmiError as error:
            self._gap = True
            log.warning("ami.no_snapshot", error=str(error))
            await asyncio.sleep(self.pace.pause(0))
            return None

    def _take(self, event: Event) -> None:
        if self._gap:  # what a snapshot will hold need not be kept
            return
        if len(self._queue) >= self.limits.events:
            self.dropped += len(self._queue) + 1
            self._queue.clear()
            self._gap = True
            log.warning("ami.events_dropped", dropped=self.dropped)
        else:
            self._queue.append(event)
        self._keeper.ring()

    def _changed(self) -> None:
        self._gap = True
