"""One connection to Asterisk's manager: panoramisk, held so that none of its hazards is left.

The only file that imports panoramisk; docs/decisions/0013 says what of it is used and what is not.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from ivr.ami_errors import AmiAnswerLost, AmiAnswerTooLong, AmiAway, AmiBroken, AmiBusy, AmiError
from ivr.ami_words import Answer, Event, Fields, Value, checked_fields

END_OF_MESSAGE: Final = b"\r\n\r\n"
BOOTED: Final = "FullyBooted"

log = structlog.get_logger(__name__)
# panoramisk logs whole actions, and so the secret of a login.
_silence = logging.getLogger(f"{__name__}.panoramisk")
_silence.disabled = True


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """`pending`: actions that wait for an answer. `items`: parts of one answer.
    `message_bytes`: of one message. `connect_s`: until the connection stands.
    """

    pending: int = 64
    items: int = 10_000
    message_bytes: int = 256 * 1024
    connect_s: float = 3.0


class Link:
    """Lives for one connection: whatever waits when that is lost is never sent on another."""

    def __init__(
        self, events: Iterable[str], on_event: Callable[[Event], None], limits: LinkLimits
    ) -> None:
        self.limits = limits
        self.lost = asyncio.Event()
        self.booted = asyncio.Event()
        self.problem: AmiError | None = None
        self.heard_at: datetime | None = None
        self.unusable = 0
        self._on_event = on_event
        self._wanted = frozenset(events)
        self._manager = _OneConnection(self, self._wanted | {BOOTED})
        self._protocol: _WholeMessages | None = None

    async def connect(self, host: str, port: int) -> None:
        """Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[Any] = loop.create_future()
        async with asyncio.timeout(self.limits.connect_s):
            made = await loop.create_connection(
                lambda: _WholeMessages(self, self._manager), host, port
            )
        opened.set_result(made)
        self._protocol = made[1]
        self._manager.connection_made(opened)

    async def ask(
        self, name: str, fields: Mapping[str, Value], within_s: float, *, counted: bool = True
    ) -> Answer:
        """Send one action, once. One that is not `counted` is sent however many wait.

        Raises:
            AmiValueRefused, AmiAway, AmiBusy: it was not sent.
            AmiAnswerLost, AmiAnswerTooLong: it was sent; nobody knows what became of it.
        """
        protocol, known = self._protocol, checked_fields(name, fields)
        if protocol is None or protocol.closed or protocol.transport.is_closing():
            raise AmiAway
        if counted and len(protocol.responses) >= self.limits.pending:
            raise AmiBusy(f"({self.limits.pending})")
        action = _Asked(known, self.limits.items)
        answered = protocol.send(action)
        try:
            async with asyncio.timeout(within_s):
                answer: Answer = await answered
                return answer
        except TimeoutError:
            raise AmiAnswerLost(f"({name}, within {within_s:g} s)") from None
        finally:
            protocol.responses.pop(action.id, None)

    def close(self, problem: AmiError | None = None) -> None:
        """Close at once; whatever waits for an answer raises AmiAnswerLost."""
        self.problem = self.problem or problem
        self.lost.set()
        self.booted.set()  # who waits for it shall look
        if self._protocol is not None:
            self._protocol.close()

    def heard(self) -> None:
        self.heard_at = datetime.now(UTC)

    def useless(self, why: str) -> None:
        """Count what cannot be used; the connection stays."""
        self.unusable += 1
        if self.unusable <= 10:  # a peer that goes on with it must not fill the log
            log.warning("ami.unusable", why=why[:200])

    def take_event(self, _manager: Manager, message: Message) -> None:
        fields = Fields(message.items())
        name = fields.text("Event")
        if name == BOOTED:
            self.booted.set()
        if name in self._wanted:
            self._on_event(Event(name, fields, datetime.now(UTC)))


class _OneConnection(Manager):  # type: ignore[misc]
    """panoramisk's manager without its reconnect, its queue of unanswered actions and its ping."""

    pinger: asyncio.TimerHandle | None
    awaiting_actions: deque[Action]

    def __init__(self, link: Link, events: Iterable[str]) -> None:
        super().__init__(loop=asyncio.get_running_loop(), log=_silence)
        self._link = link
        self.awaiting_actions = deque(maxlen=0)  # nothing put here is ever kept
        self.callbacks.clear()
        self.patterns.clear()
        for name in events:
            self.register_event(name, link.take_event)

    def connection_made(self, opened: asyncio.Future[Any]) -> None:
        """Its own wiring; the login is ours, with a deadline, so it is given no user name."""
        super().connection_made(opened)
        if self.pinger is not None:
            self.pinger.cancel()

    def connection_lost(self, _why: object) -> None:
        self._link.close(AmiAway())

    def connect(self, *_: object, **__: object) -> None:
        raise NotImplementedError("A connection is made once; Ami makes the next one.")


class _WholeMessages(AMIProtocol):  # type: ignore[misc]
    """panoramisk's protocol, given whole messages only, and unable to keep an action back."""

    closed: bool
    responses: "dict[str, _Asked]"
    transport: asyncio.Transport

    def __init__(self, link: Link, manager: _OneConnection) -> None:
        self._link = link
        self._manager = manager
        self._unread = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.factory = self._manager
        self.log = _silence
        self.encoding = "utf-8"

    def data_received(self, data: bytes) -> None:
        """Keeps a message until its end has come: no character is cut in two.

        Bytes that are no UTF-8 become U+FFFD; panoramisk alone would leave them out.
        """
        self._link.heard()
        self._unread += data
        end = self._unread.rfind(END_OF_MESSAGE, -len(data) - len(END_OF_MESSAGE))
        if end >= 0:
            whole = bytes(self._unread[: end + len(END_OF_MESSAGE)])
            del self._unread[: end + len(END_OF_MESSAGE)]
            super().data_received(whole.decode("utf-8", "replace").encode())
        if len(self._unread) > self._link.limits.message_bytes:
            self._unread.clear()
            self._link.close(AmiBroken("(a message without end)"))

    def handle_message(self, message: Message) -> None:
        """No message, and nothing that is done with it, may end the connection."""
        try:
            super().handle_message(message)
        except Exception as error:
            self._link.useless(f"{type(error).__name__}: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._link.close(AmiAway())

    def close(self) -> None:
        """Unanswered actions fail; panoramisk would send them again on the next connection."""
        if self.closed:
            return
        self.closed = True
        waiting, self.responses = list(self.responses.values()), {}
        for action in waiting:
            if not action.future.done():
                action.future.set_exception(AmiAnswerLost(f"({action['Action']}, connection lost)"))
        self._unread.clear()
        self.transport.abort()


class _Asked(Action):  # type: ignore[misc]
    """An action whose answer is complete by Asterisk's own marks, not by its wording."""

    def __init__(self, fields: Mapping[str, str | list[str]], most_items: int) -> None:
        super().__init__(dict(fields))
        self._most_items = most_items

    def add_message(self, message: Message) -> bool:
        """Whether the answer is complete now."""
        if self.future.done():
            return True
        if not self.responses and "Response" not in message:
            return False
        self.responses.append(message)
        if len(self.responses) - 2 > self._most_items:
            self.future.set_exception(AmiAnswerTooLong(f"({self['Action']})"))
            return True
        mark = str(message.eventlist).lower()
        if mark == "start" or (len(self.responses) > 1 and mark not in ("complete", "cancelled")):
            return False
        self.future.set_result(self._answer(cancelled=mark == "cancelled"))
        return True

    def _answer(self, *, cancelled: bool) -> Answer:
        head = Fields(self.responses[0].items())
        items = tuple(Fields(message.items()) for message in self.responses[1:-1])
        ok = head.text("Response") in Message.success_responses and not cancelled
        return Answer(ok, head.text("Message"), head, items)
