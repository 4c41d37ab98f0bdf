"""SIP over UDP: says everything until it is heard, and hears everything only once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from scripts.lab.sip_message import Address, Message, ack_of, parse

T1_S, T2_S = 0.5, 4.0  # RFC 3261: the first repetition, and the longest pause between two
GIVE_UP_S = 64 * T1_S
FINAL = 200
Key = tuple[str, str]


class NoAnswer(TimeoutError):
    """Nobody answered a request, however often it was said."""


def _ignore(_: Message) -> None:
    pass


class Wire(asyncio.DatagramProtocol):
    """One socket towards one peer. `handle` gets each request once, but no ACK."""

    def __init__(self, peer: Address, handle: Callable[[Message], None]) -> None:
        self.peer, self._handle = peer, handle
        self._asked: dict[Key, tuple[Message, asyncio.Queue[Message]]] = {}
        self._said: dict[Key, Message | None] = {}  # request -> our last answer to it
        self._unacked: dict[Key, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, host: str, port: int = 0) -> int:
        """Returns the port; 0 asks for a free one."""
        loop = asyncio.get_running_loop()
        made = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self._transport = made[0]
        opened: int = self._transport.get_extra_info("sockname")[1]
        return opened

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run beside everything else. What it raises is the loop's to tell."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ask(self, request: Message, heard: Callable[[Message], None] = _ignore) -> Message:
        """The final answer; `heard` gets the provisional ones.

        Raises:
            NoAnswer: not a word for 32 s. Who rings may ring for ever.
        """
        answers: asyncio.Queue[Message] = asyncio.Queue()
        self._asked[request.branch, request.method] = (request, answers)
        repeats = self.begin(self._repeat(request))
        try:
            answer = await asyncio.wait_for(answers.get(), GIVE_UP_S)
            while answer.status < FINAL:
                repeats.cancel()
                heard(answer)
                answer = await answers.get()
        except TimeoutError:
            raise NoAnswer(request.start) from None
        finally:
            repeats.cancel()
        return answer

    def answer(self, request: Message, answer: Message) -> None:
        """Say it, again to whoever asks again; the final answer to an INVITE until its ACK."""
        self._said[request.branch, request.method] = answer
        if request.method != "INVITE" or answer.status < FINAL:
            self.send(answer)
            return
        key = (request.get("Call-ID"), str(request.number))
        self._unacked[key] = self.begin(self._repeat(answer))

    def send(self, message: Message) -> None:
        assert self._transport is not None
        self._transport.sendto(message.encode(), self.peer)

    async def _repeat(self, message: Message) -> None:
        pause_s, total_s = T1_S, 0.0
        while total_s < GIVE_UP_S:
            self.send(message)
            await asyncio.sleep(pause_s)
            pause_s, total_s = min(2 * pause_s, T2_S), total_s + pause_s

    def datagram_received(self, data: bytes, addr: Address) -> None:
        try:
            message = parse(data)
        except ValueError:
            return  # a keep-alive of empty lines
        if message.status:
            self._hear_answer(message)
        elif message.method == "ACK":
            self._hear_ack(message)
        else:
            self._hear_request(message)

    def _hear_answer(self, answer: Message) -> None:
        request, answers = self._asked.get((answer.branch, answer.method), (None, None))
        if request is None or answers is None:
            return
        if answer.method == "INVITE" and answer.status >= FINAL:
            self.send(ack_of(request, answer))  # also of a repeated one: its ACK was lost
        answers.put_nowait(answer)

    def _hear_ack(self, ack: Message) -> None:
        if task := self._unacked.pop((ack.get("Call-ID"), str(ack.number)), None):
            task.cancel()

    def _hear_request(self, request: Message) -> None:
        key = (request.branch, request.method)
        if key not in self._said:
            self._said[key] = None
            self._handle(request)
        elif answer := self._said[key]:
            self.send(answer)
