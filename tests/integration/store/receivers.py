"""What stands at a unit: a mail server and a web server, each in a process that can be killed.

`python -m tests.integration.store.receivers mail|web PORT FOLDER`. What it keeps, it keeps in
FOLDER: `arrived` has a line for each message that came whole, `applied` one for each that was new
by its key. A file `pause-...` in FOLDER has it stop at that place until it is killed, and say so
in `paused`: `pause-half` in the middle of a message, `pause-after` when the message is applied and
nobody has been told so. `dedupe-off` takes the comparison of keys out.
"""

import asyncio
import json
import os
import ssl
import sys
import time
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import AnyStr

from aiosmtpd.smtp import SMTP, Envelope, Session

from tickets.webhook_signature import (
    KEY,
    SIGNATURE,
    TIMESTAMP,
    SignatureRefused,
    check_signature,
    unit_key,
)

MASTER = b"the tests' secret of all webhooks"
STEP = 4


class Kept:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def add(self, name: str, text: str) -> None:
        with (self.folder / name).open("a") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())

    def arrived(self, key: str, what: str) -> None:
        self.add("arrived", json.dumps({"key": key, "what": what}))
        if key not in self.lines("applied") or self.asked("dedupe-off"):
            self.add("applied", key)

    def asked(self, flag: str) -> bool:
        return (self.folder / flag).exists()

    def pauses(self, where: str) -> bool:
        if not self.asked(f"pause-{where}"):
            return False
        self.add("paused", where)
        return True


class PausingSMTP(SMTP):
    kept: Kept

    async def push(self, status: AnyStr) -> None:
        await super().push(status)
        if str(status).startswith("354") and self.kept.pauses("half"):
            await asyncio.Event().wait()


class Mailbox:
    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    async def handle_RCPT(  # noqa: N802  (the library's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            return "450 4.2.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        message: Message = message_from_bytes(envelope.content)
        key = str(message["Message-ID"]).strip("<>").rpartition("@")[0]
        text = message.get_payload(decode=True)
        assert isinstance(text, bytes)
        self._kept.arrived(key, f"{envelope.rcpt_tos[0]}\n{text.decode()}")
        if self._kept.pauses("after"):
            await asyncio.Event().wait()
        return "250 OK"


async def serve_mail(port: int, kept: Kept) -> None:
    context, files = None, (kept.folder / "cert.pem", kept.folder / "key.pem")
    if files[0].exists():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
    PausingSMTP.kept = kept
    server = await asyncio.get_running_loop().create_server(
        lambda: PausingSMTP(Mailbox(kept), tls_context=context, require_starttls=bool(context)),
        "127.0.0.1",
        port,
    )
    await server.serve_forever()


class Hook(BaseHTTPRequestHandler):
    kept: Kept

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        if self.kept.asked("pause-half"):
            self.rfile.read(STEP)
            self.kept.pauses("half")
            time.sleep(600)
        body = self.rfile.read(size)
        try:
            check_signature(
                unit_key(MASTER, json.loads(body)["ticket"]["unit"]),
                self.headers[TIMESTAMP], self.headers[SIGNATURE], body, time.time(),
            )  # fmt: skip
        except SignatureRefused as fault:
            self.kept.add("refused", str(fault))
            self._answer(401)
            return
        if self.path.startswith("/status/"):
            self._answer(int(self.path.rpartition("/")[2]))
            return
        self.kept.arrived(self.headers[KEY], body.decode())
        if self.kept.pauses("after"):
            time.sleep(600)
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Nothing: the folder has it."""


def main(kind: str, port: int, folder: Path) -> None:
    kept = Kept(folder)
    if kind == "mail":
        asyncio.run(serve_mail(port, kept))
    else:
        Hook.kept = kept
        ThreadingHTTPServer(("127.0.0.1", port), Hook).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
