"""Which ports a node needs, who holds them, and whether somebody listens."""

import contextlib
import errno
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Literal

from config.settings import Settings

PROC = Path("/proc")
LISTENING = {"tcp": "0A", "udp": "07"}  # Source: the kernel's net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Port:
    setting: str
    protocol: Literal["tcp", "udp"]
    host: str
    number: int

    def __str__(self) -> str:
        return f"{self.host}:{self.number}/{self.protocol}"


def ports_of(settings: Settings) -> tuple[Port, ...]:
    """Those that must be ours before a node is ready."""
    usual = (
        Port("sip.port", "udp", settings.sip.host, settings.sip.port),
        Port("agi.port", "tcp", settings.agi.host, settings.agi.port),
        Port("ami.port", "tcp", settings.ami.host, settings.ami.port),
        Port("http.port", "tcp", settings.http.host, settings.http.port),
        Port("health.port", "tcp", settings.health_host, settings.health.port),
        Port("health.watch_port", "tcp", settings.health_host, settings.health.watch_port),
        Port("health.forward_port", "tcp", settings.health_host, settings.health.forward_port),
        Port("health.keep_port", "tcp", settings.health_host, settings.health.keep_port),
        Port("health.worker_port", "tcp", settings.health_host, settings.health.worker_port),
    )
    desk = Port("web.port", "tcp", settings.web_host, settings.web.port)
    return (*usual, desk) if settings.web.serve else usual


def refusal(port: Port) -> str | None:
    """Why we cannot have this port, or None when it is free."""
    kind = socket.SOCK_STREAM if port.protocol == "tcp" else socket.SOCK_DGRAM
    try:
        family, _, _, _, address = socket.getaddrinfo(port.host, port.number, type=kind)[0]
        with socket.socket(family, kind) as probe:
            if port.protocol == "tcp":  # a port whose last talk has just ended is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return _why(port, error)
    return None


def _why(port: Port, error: OSError) -> str:
    named = f"port {port.number} ({port.protocol}, setting {port.setting}) on {port.host}"
    if error.errno == errno.EADDRINUSE:
        return f"{named} is taken by {holder(port) or 'another process'}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{named}: this machine has no such address"
    return f"{named}: {error.strerror or error}"


def listening(port: Port) -> bool:
    """Read from the kernel's tables: a trial connection would be an error to who listens."""
    return next(_inodes(port), None) is not None


def holder(port: Port) -> str | None:
    """Name and id of the process that listens; None when it is another user's or not to be seen."""
    wanted = {f"socket:[{inode}]" for inode in _inodes(port)}
    for process in PROC.glob("[0-9]*"):
        if wanted & set(_open_files(process)):
            with contextlib.suppress(OSError):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _open_files(process: Path) -> Iterator[str]:
    """What can be seen: a process of another user, or one that is ending, shows nothing."""
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(descriptor.readlink())


def _inodes(port: Port) -> Iterator[str]:
    wanted = _addresses(port)
    for version in ("", "6"):
        try:
            rows = (PROC / "net" / f"{port.protocol}{version}").read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            address, number = fields[1].split(":")
            if fields[3] != LISTENING[port.protocol] or int(number, 16) != port.number:
                continue
            if _address(address) in wanted:
                yield fields[9]


def _addresses(port: Port) -> set[IPv4Address | IPv6Address]:
    try:
        found = socket.getaddrinfo(port.host, port.number)
    except OSError:
        found = []
    anywhere = {ip_address("0.0.0.0"), ip_address("::")}
    return anywhere | {ip_address(str(entry[4][0])) for entry in found}


def _address(text: str) -> IPv4Address | IPv6Address:
    """The kernel writes each 32-bit word in the machine's byte order."""
    raw = bytes.fromhex(text)
    words = [raw[n : n + 4] for n in range(0, len(raw), 4)]
    ordered = b"".join(w[::-1] if sys.byteorder == "little" else w for w in words)
    return ip_address(ordered)
