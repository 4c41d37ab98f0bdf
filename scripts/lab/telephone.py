"""A telephone of the lab: registers with a node, rings, talks, presses keys, transfers.

It lives on a thread of its own; whoever holds it calls plain methods and reads its diary.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any, TypeVar

from scripts.lab.diary import Diary, Entry
from scripts.lab.seats import Manner
from scripts.lab.sip_dialog import Dialog, called, calling
from scripts.lab.sip_message import Address, Header, Message, answer_to
from scripts.lab.sip_wire import NoAnswer, Wire
from scripts.lab.sound import KeyPacket
from scripts.lab.talk import Line, Talk

T = TypeVar("T")
PATIENCE_S = 40.0  # more than a request may take
ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, NOTIFY, REFER, UPDATE")


class Telephone:
    """`node` is where it registers and calls. Without a password it is a stranger.

    diary: registered, unregistered, asked (OPTIONS), rang, dialled, progress, answered, pressed,
    told (INFO), offered, held, unheld, referred, notified, failed,
    ended (us, them, cancelled, refused <status>).
    """

    def __init__(
        self,
        host: str,
        node: Address,
        user: str,
        password: str = "",
        *,
        manner: Manner | None = None,
        keys_by_info: bool = True,
        port: int = 0,
    ) -> None:
        """`port` of its own, where others must find it without a registration."""
        self.port = port
        self.manner = manner or Manner()
        self.diary = Diary()
        self.talks: list[Talk] = []
        self.node = node
        wire = Wire(node, self._hear)
        self.line = Line(user, password, host, "", wire, self.diary, keys_by_info)
        self._registration: Dialog | None = None
        self._keeps: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=user, daemon=True)
        self._ready = threading.Event()

    # ------------------------------------------------------------ from any thread

    def start(self) -> "Telephone":
        self._thread.start()
        if not self._ready.wait(5) or self._loop is None:
            raise OSError(f"no telephone at {self.line.host}")
        return self

    def register(self, expires_s: int = 60) -> int:
        """The status of the answer. A good registration is kept until `unregister` or `stop`."""
        return self._do(self._register(expires_s))

    def unregister(self) -> int:
        return self._do(self._unregister())

    def call(self, extension: str) -> Talk:
        """Dial an extension of the node; the diary says what comes of it."""
        return self._do(self._call(extension))

    def ask(self, extension: str, method: str, *headers: Header) -> int:
        """The status that one request outside any talk comes to."""
        dialog = calling(self.line.user, self.line.at, self._uri(extension))
        return self._do(self.line.ask(dialog, method, *headers)).status

    def press(self, keys: str, talk: Talk | None = None) -> None:
        self._do((talk or self.talk).press(keys))

    def send_key(self, packets: Iterable[KeyPacket], talk: Talk | None = None) -> None:
        """RTP packets of one key, right or wrong."""
        self._do((talk or self.talk).sound.send_key(packets))

    def hold(self, talk: Talk | None = None) -> int:
        return self._do((talk or self.talk).hold())

    def unhold(self, talk: Talk | None = None) -> int:
        return self._do((talk or self.talk).hold("sendrecv"))

    def hang_up(self, talk: Talk | None = None) -> None:
        self._do((talk or self.talk).hang_up())

    def transfer(self, extension: str, talk: Talk | None = None) -> int:
        """Blind. The status of the REFER; the diary's `notified` says what came of it."""
        return self._do((talk or self.talk).refer(self._uri(extension)))

    def transfer_to(self, consulted: Talk, extension: str, talk: Talk | None = None) -> int:
        """Attended: whoever `consulted` talks with gets the one in `talk`."""
        to = f"{self._uri(extension)}?Replaces={consulted.dialog.replaces}"
        return self._do((talk or self.talk).refer(to, consulted))

    def wait_for(self, what: str, detail: str = "", **more: Any) -> Entry:  # noqa: ANN401
        """See Diary.wait_for."""
        return self.diary.wait_for(what, detail, **more)

    @property
    def talk(self) -> Talk:
        """The first talk that goes on. Raises LookupError: there is none."""
        for talk in self.talks:
            if not talk.ended.is_set():
                return talk
        raise LookupError(f"{self.line.user} is in no call")

    @property
    def free(self) -> bool:
        return all(talk.ended.is_set() for talk in self.talks)

    def told(self, header: str) -> str:
        """A header of the INVITE that rang here last."""
        invites = [talk.invite for talk in self.talks if talk.invite]
        return invites[-1].get(header) if invites else ""

    def stop(self) -> None:
        """Hang up, unregister, go. Safe to repeat; a dead node costs two seconds."""
        if self._loop is None or not self._thread.is_alive():
            return
        with suppress(TimeoutError):
            self._do(asyncio.wait_for(self._leave(), 2))
        assert self._over is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(5)

    def vanish(self) -> None:
        """Go without a word: nobody hears a BYE, and the registration stands."""
        self._do(self._vanish())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None, "start it first"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    # ------------------------------------------------------------ on its own loop

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        finally:
            self._ready.set()

    async def _live(self) -> None:
        port = await self.line.wire.open(self.line.host, self.port)
        self.line.at = f"{self.line.host}:{port}"
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._over.wait()
        for talk in self.talks:
            talk.sound.close()
        self.line.wire.close()

    async def _leave(self) -> None:
        await asyncio.gather(*(talk.hang_up() for talk in self.talks))
        if self._keeps:
            await self._unregister()

    async def _vanish(self) -> None:
        """On its own loop, which alone may close its sockets."""
        if self._keeps:
            self._keeps.cancel()
            self._keeps = None
        for talk in self.talks:
            talk.sound.close()
        self.talks.clear()
        self.line.wire.close()

    async def _register(self, expires_s: int) -> int:
        to = f"sip:{self.node[0]}:{self.node[1]}"
        if self._registration is None:
            who = f"<sip:{self.line.user}@{self.node[0]}>"
            self._registration = calling(self.line.user, self.line.at, to)
            self._registration.local = f"{who};tag=r{self.line.at.rpartition(':')[2]}"
            self._registration.remote = who
        answer = await self.line.ask(self._registration, "REGISTER", ("Expires", str(expires_s)))
        self.diary.note("registered" if expires_s else "unregistered", str(answer.status))
        if answer.status == 200 and expires_s and not self._keeps:
            self._keeps = self.line.wire.begin(self._keep(expires_s))
        return answer.status

    async def _keep(self, expires_s: int) -> None:
        while True:
            await asyncio.sleep(expires_s / 2)
            with suppress(NoAnswer):
                await self._register(expires_s)

    async def _unregister(self) -> int:
        if self._keeps:
            self._keeps.cancel()
            self._keeps = None
        return await self._register(0)

    async def _call(self, extension: str) -> Talk:
        dialog = calling(self.line.user, self.line.at, self._uri(extension))
        talk = Talk(self.line, dialog)
        self.talks.append(talk)
        self.line.wire.begin(self._told(talk.dial(), talk))
        return talk

    async def _told(self, work: Coroutine[Any, Any, None], talk: Talk) -> None:
        """What goes wrong in a talk stands in the diary."""
        try:
            await work
        except Exception as error:
            talk.note("failed", repr(error))

    def _uri(self, extension: str) -> str:
        return f"sip:{extension}@{self.node[0]}:{self.node[1]}"

    def _hear(self, request: Message) -> None:
        call_id = request.get("Call-ID")
        mine = next((talk for talk in self.talks if talk.call_id == call_id), None)
        if mine:
            mine.hear(request)
        elif request.method == "OPTIONS":
            self.diary.note("asked")
            self.line.wire.answer(request, answer_to(request, "200 OK", ALLOW, tag="o"))
        elif request.method != "INVITE":
            self._refuse(request, "481 Call/Transaction Does Not Exist")
        elif self.free:
            self._rings(request)
        else:
            self._refuse(request, "486 Busy Here")

    def _refuse(self, request: Message, status: str) -> None:
        self.line.wire.answer(request, answer_to(request, status, tag="x"))

    def _rings(self, invite: Message) -> None:
        dialog = called(self.line.user, self.line.at, invite)
        talk = Talk(self.line, dialog, invite)
        self.talks.append(talk)
        self.line.wire.begin(self._told(talk.receive(self.manner_for(invite)), talk))

    def manner_for(self, invite: Message) -> Manner:
        """How this telephone takes that call."""
        return self.manner
