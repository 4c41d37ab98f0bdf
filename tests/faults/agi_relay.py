"""Between Asterisk and the bridge: carries every connection, and spoils the one it is told to."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.faults.agi_stub import AgiStub, read_environment


def unspoilt(environment: bytes) -> bytes:
    return environment


@dataclass(frozen=True, slots=True)
class Spoil:
    """environment: what the bridge gets of it. ends: and nothing after it.

    reply: said to the bridge in the place of playing its prompt; empty: the prompt is played.
    """

    environment: Callable[[bytes], bytes] = unspoilt
    ends: bool = False
    reply: bytes = b""


class AgiRelay:
    """Listens at a free port of the bridge's own host."""

    def __init__(self, bridge: tuple[str, int]) -> None:
        self.bridge = bridge
        self.next: Spoil = Spoil()
        self._stub = AgiStub(bridge[0], 0, self._carry)

    @property
    def address(self) -> str:
        host, port = self._stub.listener.getsockname()
        return f"agi://{host}:{port}"

    def spoil_next(self, spoil: Spoil) -> None:
        self.next = spoil

    def close(self) -> None:
        self._stub.close()

    def _carry(self, asterisk: socket.socket) -> None:
        spoil, self.next = self.next, Spoil()
        with socket.create_connection(self.bridge) as bridge:
            bridge.sendall(spoil.environment(read_environment(asterisk)))
            if spoil.ends:
                bridge.shutdown(socket.SHUT_WR)
            else:
                threading.Thread(target=_pour, args=(asterisk, bridge), daemon=True).start()
            self._back(bridge, asterisk, spoil)

    def _back(self, bridge: socket.socket, asterisk: socket.socket, spoil: Spoil) -> None:
        """Until the bridge closes, which ends the whole."""
        with suppress(OSError):
            while command := bridge.recv(4096):
                if spoil.reply and command.startswith(b"GET OPTION"):
                    bridge.sendall(spoil.reply)
                else:
                    asterisk.sendall(command)
        with suppress(OSError):
            asterisk.shutdown(socket.SHUT_RDWR)


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
