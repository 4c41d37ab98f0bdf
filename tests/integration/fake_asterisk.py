"""Asterisk's side of FastAGI over real TCP: scripted, strict, and it remembers every command."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Self

from ivr.server import AgiServer, Limits, Script

CALL_ID: Final = "20261123T202606Z-n1-3-73a635ca"
LEG: Final = "n1-1795465608.1"
FACTS: Final = f"call={CALL_ID}&caller=13800138000&sip=a%40b&trunk=l110-trunk&lines=2"

NO_KEY: Final = "200 result=0 endpos=43200\n"
PROMPT_MISSING: Final = "200 result=0 endpos=0\n"
PROMPT_BROKE: Final = "200 result=-1 endpos=0\n"
DONE: Final = "200 result=1\n"
SILENCE: Final = ""


def key(pressed: str) -> str:
    return f"200 result={ord(pressed)} endpos=8000\n"


def environment(script: str = "intake", facts: str = FACTS, **more: str) -> bytes:
    headers = {
        "agi_network": "yes",
        "agi_network_script": script,
        "agi_request": f"agi://127.0.0.1:4573/{script}",
        "agi_channel": "PJSIP/l110-trunk-00000001",
        "agi_language": "zh",
        "agi_type": "PJSIP",
        "agi_uniqueid": LEG,
        "agi_version": "22.10.1",
        "agi_callerid": "unknown",
        "agi_calleridname": "unknown",
        "agi_callingpres": "0",
        "agi_callingani2": "0",
        "agi_callington": "0",
        "agi_callingtns": "0",
        "agi_dnid": "110",
        "agi_rdnis": "unknown",
        "agi_context": "l110-intake",
        "agi_extension": "110",
        "agi_priority": "12",
        "agi_enhanced": "0.0",
        "agi_accountcode": "",
        "agi_threadid": "140003530061504",
        "agi_arg_1": facts,
    } | more
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"{lines}\n".encode("utf-8", "surrogateescape")


class FakeCall:
    """One AGI connection. `commands` are the lines that came, in order, without their end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.commands: list[str] = []

    @classmethod
    async def connect(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @classmethod
    async def dial(cls, port: int, hello: bytes | None = None) -> Self:
        call = await cls.connect(port)
        call.send(environment() if hello is None else hello)
        return call

    def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)

    async def command(self) -> str | None:
        """The next command, None once the bridge has closed."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), 10)
        except ConnectionResetError:
            return None
        if not line:
            return None
        assert line.endswith(b"\n"), "half a line burns a core of the real one"
        self.commands.append(line[:-1].decode("utf-8", "surrogateescape"))
        return self.commands[-1]

    async def until(self, verb: str) -> None:
        """Obey every command up to the first that begins with `verb`; leave that one open."""
        while (command := await self.command()) is not None:
            if command.startswith(verb):
                return
            self.send(DONE)
        raise AssertionError(f"the bridge closed before {verb}: {self.commands}")

    async def play(self, *answers: str) -> list[str]:
        """Answer each GET OPTION with the next of `answers` and obey all else until the end."""
        left = list(answers)
        while (command := await self.command()) is not None:
            self.send(left.pop(0) if command.startswith("GET OPTION") else DONE)
        await self.hang_up()
        return self.commands

    async def hang_up(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return  # the bridge was faster

    async def is_closed(self, within_s: float = 5.0) -> bool:
        """Whether the bridge closes without another word; our side is closed in any case."""
        try:
            return await asyncio.wait_for(self.reader.read(1), within_s) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False
        finally:
            await self.hang_up()


async def play(port: int, *answers: str, hello: bytes | None = None) -> list[str]:
    """A whole call; gives back the commands that the bridge sent."""
    return await (await FakeCall.dial(port, hello)).play(*answers)


@asynccontextmanager
async def serving(
    scripts: Mapping[str, Script], limits: Limits | None = None
) -> AsyncIterator[tuple[int, AgiServer]]:
    """A server on a port of the kernel's choice: (port, server)."""
    server = AgiServer(scripts, limits)
    port = await server.start(port=0)
    try:
        yield port, server
    finally:
        await server.stop(drain_s=1.0)
