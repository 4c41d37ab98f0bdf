"""One call of a telephone: it rings or dials, talks, presses, is transferred, and ends."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from scripts.lab.diary import Diary
from scripts.lab.seats import Manner
from scripts.lab.sip_dialog import SDP_TYPE, Dialog, mirrored, sdp, sound_of
from scripts.lab.sip_digest import ASKS, proof
from scripts.lab.sip_message import Header, Message, address_of, answer_to, cancel_of
from scripts.lab.sip_wire import NoAnswer, Wire
from scripts.lab.sound import Sound

KEY_TYPE: Header = ("Content-Type", "application/dtmf-relay")
LET_GO_S = 0.3  # what a node takes to end a leg that it has put somebody else into


@dataclass(slots=True)
class Line:
    """What the calls of one telephone share. `at` is its host:port; `sound` makes each its own."""

    user: str
    password: str
    host: str
    at: str
    wire: Wire
    diary: Diary
    keys_by_info: bool = True
    sound: Callable[[], Sound] = Sound

    async def ask(
        self,
        dialog: Dialog,
        method: str,
        *headers: Header,
        body: str = "",
        heard: Callable[[Message], None] = lambda _: None,
    ) -> Message:
        """The final answer, after a proof of the password where one is asked for.

        Raises:
            NoAnswer: nobody answered.
        """
        request = dialog.request(method, *headers, body=body)
        answer = await self.wire.ask(request, heard)
        if answer.status not in ASKS or not self.password:
            return answer
        shown = proof(answer, request, self.user, self.password)
        return await self.wire.ask(dialog.request(method, *headers, shown, body=body), heard)


class Talk:
    """Everything here runs on the telephone's own loop."""

    def __init__(self, line: Line, dialog: Dialog, invite: Message | None = None) -> None:
        self.line, self.dialog, self.invite = line, dialog, invite
        self.sound = line.sound()
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self._port, self._version = 0, 0
        self._speaks: asyncio.Task[None] | None = None
        self._goes_with: Talk | None = None
        self._given_up = False

    @property
    def call_id(self) -> str:
        return self.dialog.call_id

    def note(self, what: str, detail: str = "") -> None:
        self.line.diary.note(what, detail, self.call_id)

    async def receive(self, manner: Manner) -> None:
        """Ring, and then as `manner` says."""
        assert self.invite is not None
        self._port = await self.sound.open(self.line.host)
        self._say(self.invite, "180 Ringing", self.dialog.contact)
        self.note("rang", address_of(self.dialog.remote))
        if await self._over_within(manner.ring_s if manner.answers else None):
            return
        self._begin(self.invite.body)
        self._say_with_sound(self.invite)
        if manner.keys:
            await self._over_within(manner.keys_after_s)
            await self.press(manner.keys)
        if not await self._over_within(manner.talk_s):
            await self.hang_up()

    async def dial(self) -> None:
        """Until it is answered or refused."""
        self._port = await self.sound.open(self.line.host)
        self.note("dialled", self.dialog.target)

        def heard(answer: Message) -> None:
            self.dialog.learn(answer)  # who is asked for can be transferred to while he rings
            self.note("progress", answer.start.removeprefix("SIP/2.0 "))

        answer = await self.line.ask(self.dialog, "INVITE", SDP_TYPE, body=self._sdp(), heard=heard)
        if answer.status >= 300:
            self._end(f"refused {answer.status}")
            return
        self.dialog.learn(answer)
        self._begin(answer.body)
        if self._given_up:  # the answer and our CANCEL met on the way (RFC 3261, 9.1)
            await self.hang_up()

    async def _over_within(self, seconds: float | None) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)
        return self.ended.is_set()

    def _begin(self, theirs: str) -> None:
        self.sound.to = sound_of(theirs)
        self._speaks = self.line.wire.begin(self.sound.speak())
        self.answered.set()
        self.note("answered")

    def _end(self, how: str) -> None:
        if self.ended.is_set():
            return
        if self._speaks:
            self._speaks.cancel()
        self.sound.close()
        self.ended.set()
        self.note("ended", how)

    # ------------------------------------------------------------ what this side does

    async def press(self, keys: str) -> None:
        """By SIP INFO, or as RTP events."""
        self.note("pressed", keys)
        if not self.line.keys_by_info:
            await self.sound.press(keys)
            return
        for key in keys:
            body = f"Signal={key}\r\nDuration=160\r\n"
            await self.line.ask(self.dialog, "INFO", KEY_TYPE, body=body)
            await asyncio.sleep(0.15)

    async def leave(self) -> None:
        """After a transfer. A leg that still rings is the node's to end; a CANCEL comes late.

        (One in the same millisecond can meet the move of the caller into that leg's place, and
        then Asterisk hangs him up: docs/call-path.md, Transfers.)
        """
        if self.answered.is_set() or not await self._over_within(LET_GO_S):
            await self.hang_up()

    async def hang_up(self) -> None:
        if self.ended.is_set():
            return
        if self.answered.is_set():
            self._end("us")
            with suppress(NoAnswer):
                await self.line.ask(self.dialog, "BYE")
        elif self.invite:
            self._say(self.invite, "486 Busy Here")
            self._end("us")
        elif self.dialog.invite:  # its INVITE is answered by 487, which is the end
            self._given_up = True
            with suppress(NoAnswer):
                await self.line.wire.ask(cancel_of(self.dialog.invite))

    async def hold(self, direction: str = "sendonly") -> int:
        """The status of our re-INVITE; "sendrecv" takes him back."""
        answer = await self.line.ask(self.dialog, "INVITE", SDP_TYPE, body=self._sdp(direction))
        self.note("held" if direction != "sendrecv" else "unheld", str(answer.status))
        return answer.status

    async def refer(self, to: str, goes_with: "Talk | None" = None) -> int:
        """The status of our REFER. `goes_with`: the second talk, which ends with this one."""
        self._goes_with = goes_with
        told = (("Refer-To", f"<{to}>"), ("Referred-By", f"<sip:{self.line.user}@{self.line.at}>"))
        answer = await self.line.ask(self.dialog, "REFER", *told)
        self.note("referred", answer.start.removeprefix("SIP/2.0 "))
        return answer.status

    # ------------------------------------------------------------ what the other side says

    def hear(self, request: Message) -> None:
        """A request in this dialog."""
        match request.method:
            case "BYE":
                self._say(request, "200 OK")
                self._end("them")
            case "CANCEL":
                self._cancelled(request)
            case "INVITE" | "UPDATE":
                self._offered(request)
            case "NOTIFY":
                self._say(request, "200 OK")
                self._notified(request.body.splitlines()[0] if request.body else "")
            case "INFO" | "OPTIONS":
                self.note("told", request.body.partition("\r\n")[0] or request.method)
                self._say(request, "200 OK")
            case _:
                self._say(request, "501 Not Implemented")

    def _cancelled(self, request: Message) -> None:
        self._say(request, "200 OK")
        if self.invite and not self.answered.is_set():
            self._say(self.invite, "487 Request Terminated")
            self._end("cancelled")

    def _offered(self, request: Message) -> None:
        self.note("offered", request.method)
        self.sound.to = sound_of(request.body) or self.sound.to
        if request.body or request.method == "INVITE":
            self._say_with_sound(request)
        else:
            self._say(request, "200 OK", self.dialog.contact)

    def _notified(self, line: str) -> None:
        self.note("notified", line)
        if line.startswith("SIP/2.0 2"):  # whoever transferred well leaves
            for talk in (self, self._goes_with):
                if talk:
                    self.line.wire.begin(talk.leave())

    def _say(self, request: Message, status: str, *headers: Header, body: str = "") -> None:
        answer = answer_to(request, status, *headers, tag=self.dialog.tag, body=body)
        self.line.wire.answer(request, answer)

    def _say_with_sound(self, request: Message) -> None:
        body = self._sdp(mirrored(request.body))
        self._say(request, "200 OK", self.dialog.contact, SDP_TYPE, body=body)

    def _sdp(self, direction: str = "sendrecv") -> str:
        self._version += 1
        return sdp(self.line.host, self._port, direction=direction, version=self._version)
