"""Shuts an address out of Asterisk's manager: a line in the list that both users are under."""

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

import structlog

from scripts.asterisk_console import ask
from scripts.asterisk_home import Home

log = structlog.get_logger(__name__)


class Ban:
    """What is banned stays so until somebody takes its line out. Our own address never is."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._banned = _kept(self.file)
        self._told: set[str] = set()

    @property
    def file(self) -> Path:
        return self._home.etc / "manager-banned.conf"

    def shut_out(self, addresses: Iterable[str]) -> None:
        new = {a for a in addresses if a not in self._banned}
        spared = {address for address in new if _is_ours(address)}
        for address in spared - self._told:
            log.error("manager.guessed", address=address, banned=False, why="it is our own")
        self._told |= spared
        if not new - spared:
            return
        self._banned |= new - spared
        lines = (f"deny={_network(address)}\n" for address in sorted(self._banned))
        self.file.write_text("".join(lines))
        ask(self._home, "module reload acl", 3)
        for address in sorted(new - spared):
            log.error("manager.guessed", address=address, banned=True)


def _kept(file: Path) -> set[str]:
    try:
        lines = file.read_text().split()
    except OSError:
        return set()
    return {line.removeprefix("deny=").partition("/")[0] for line in lines}


def _network(address: str) -> str:
    return f"{address}/255.255.255.255" if ip_address(address).version == 4 else f"{address}/128"


def _is_ours(address: str) -> bool:
    """The one that this machine's own clients come from, by the routing table."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("127.0.0.1", 9))
            return bool(address == probe.getsockname()[0])
        except OSError:
            return True
