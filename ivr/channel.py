import asyncio
from typing import Final

from ivr.errors import (
    AgiClosed,
    AgiCommandFailed,
    AgiCommandRefused,
    AgiError,
    AgiProtocolError,
    AgiTimeout,
    CallerHungUp,
    PromptFailed,
)
from ivr.wire import Reply, encode

REPLY_WITHIN_S: Final = 2.0
# Asterisk tells of a hang-up right after the reply of the command that it cut short.
HANG_UP_FOLLOWS_WITHIN_S: Final = 0.05


class Channel:
    """The caller's channel: one command in flight, one write per command, a deadline on each.

    A command is on its way when its method returns; awaiting gives the reply. So what may be done
    while a prompt plays stands between the two.

    Raises (by the call or by its await):
        CallerHungUp, AgiClosed, AgiTimeout, AgiProtocolError: and so does every later command.
        AgiCommandFailed, AgiCommandRefused: this command only.
    """

    __slots__ = ("_in_flight", "_loop", "_over", "_timer", "_transport", "reply_within_s")

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        loop: asyncio.AbstractEventLoop,
        reply_within_s: float = REPLY_WITHIN_S,
    ) -> None:
        self._transport = transport
        self._loop = loop
        self.reply_within_s = reply_within_s
        self._in_flight: asyncio.Future[Reply] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._over: AgiError | None = None

    def set_variable(self, name: str, value: str) -> asyncio.Future[Reply]:
        return self.send(encode("SET VARIABLE", name, value), self.reply_within_s)

    def arm_guard(self, seconds: float) -> asyncio.Future[Reply]:
        """Asterisk takes the call back from us after so many seconds, whatever we do."""
        return self.set_variable("TIMEOUT(absolute)", f"{seconds:.3f}".rstrip("0").rstrip("."))

    def get_option(
        self, prompt: str, keys: str, patience_ms: int, within_s: float
    ) -> asyncio.Future[Reply]:
        """Play a prompt that any of `keys` interrupts, then wait. `pressed_key` reads the reply."""
        return self.send(encode("GET OPTION", prompt, keys, str(patience_ms)), within_s)

    def send(self, line: bytes, within_s: float) -> asyncio.Future[Reply]:
        """Write one encoded command; the reply must come within `within_s`."""
        reply = self._expect(within_s)
        self._transport.write(line)
        return reply

    async def stay(self) -> None:
        """Return if the channel lives on after a command that Asterisk broke off.

        Raises:
            CallerHungUp: it was broken off because the caller is gone. With AGIEXITONHANGUP
                Asterisk says so by closing, without a HANGUP line (so does a guard that fires).
        """
        try:
            await asyncio.wait_for(self._expect(self.reply_within_s), HANG_UP_FOLLOWS_WITHIN_S)
        except TimeoutError:
            self._settle()
        except AgiClosed as closed:
            raise CallerHungUp from closed

    def take_reply(self, reply: Reply) -> None:
        """For the connection: the reply has come."""
        waiting = self._in_flight
        if waiting is None:
            self.end(AgiProtocolError("A reply came to no command."))
            return
        self._settle()
        if waiting.done():
            return
        if reply.code == 200:
            waiting.set_result(reply)
        else:
            waiting.set_exception(AgiCommandFailed(f"{reply.code} {(reply.data or '')[:80]}"))

    def hang_up(self) -> None:
        """For the connection: Asterisk says that the caller is gone."""
        self.end(CallerHungUp())

    def lose(self) -> None:
        """For the connection: it is no more."""
        self.end(AgiClosed())

    def end(self, error: AgiError) -> None:
        """Fail the command in flight and every later one; the first error stays."""
        if self._over is not None:
            return
        self._over = error
        waiting = self._in_flight
        self._settle()
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    def _expect(self, within_s: float) -> asyncio.Future[Reply]:
        if self._over is not None:
            raise self._over
        if self._in_flight is not None and not self._in_flight.done():
            raise AgiCommandRefused("Another command is in flight.")
        self._in_flight = self._loop.create_future()
        self._timer = self._loop.call_later(within_s, self._expire, within_s)
        return self._in_flight

    def _expire(self, within_s: float) -> None:
        self.end(AgiTimeout(f"({within_s:g} s)"))

    def _settle(self) -> None:
        self._in_flight = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def pressed_key(reply: Reply) -> str | None:
    """The key that a GET OPTION brought, None if there was none.

    Raises:
        PromptFailed: it was not played to its end; `Channel.stay` tells if the call is over.
    """
    if reply.result == 0:
        return None
    if not 32 < reply.result < 127:
        raise PromptFailed(f"(result {reply.result})")
    return chr(reply.result)
