"""Who scans our SIP, and the list of them that a site's firewall takes. We shut out nobody.

A stranger is refused by Asterisk whether he is on the list or not; the list keeps his packets away.
"""

import socket
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import structlog

from config.settings import Settings
from scripts.asterisk_home import Home
from scripts.watch.security import (
    SIP_NAMES_TRIED,
    SIP_OF_OURS,
    SIP_OF_STRANGERS,
    Guesses,
    SecurityLog,
)

MOST = 1000  # addresses on the list

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ban:
    """Aware UTC times."""

    address: str
    since: datetime
    until: datetime

    @property
    def line(self) -> str:
        return f"{self.address} {self.since:%Y-%m-%dT%H:%M:%SZ} {self.until:%Y-%m-%dT%H:%M:%SZ}\n"


class BanList:
    """One line each: address, since, until. Written whole, and only when it changes."""

    def __init__(self, file: Path, lasts: timedelta, most: int = MOST) -> None:
        self._file, self._lasts, self._most = file, lasts, most
        self.bans = {ban.address: ban for ban in _kept(file)}

    def take(self, addresses: Collection[str], now: datetime) -> None:
        """Who goes on scanning stays on the list; whose time is over leaves it."""
        bans = {a: ban for a, ban in self.bans.items() if ban.until > now}
        for address in addresses:
            since = bans[address].since if address in bans else now
            bans[address] = Ban(address, since, now + self._lasts)
            if address not in self.bans:
                log.error("sip.scanned", address=address, until=str(bans[address].until))
        newest = sorted(bans.values(), key=lambda ban: ban.until, reverse=True)[: self._most]
        if {ban.line for ban in newest} != {ban.line for ban in self.bans.values()}:
            self._write(newest)
        self.bans = {ban.address: ban for ban in newest}

    def _write(self, bans: Iterable[Ban]) -> None:
        new = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            new.write_text("".join(ban.line for ban in bans), encoding="ascii")
            new.replace(self._file)
        except OSError as error:
            log.error("sip.ban_list_unwritten", error=str(error))


class Scans:
    """Both of Asterisk's logs, and the list."""

    def __init__(self, settings: Settings) -> None:
        home, health = Home(settings.asterisk_dir), settings.health
        self._refused = SecurityLog(home.log / "full")
        self._security = SecurityLog(home.log / "security")
        self._strangers = Guesses(health.scan_after, SIP_OF_STRANGERS)
        self._ours = Guesses(health.scan_after, SIP_OF_OURS, SIP_NAMES_TRIED)
        self._spared = spared(settings)
        self.list = BanList(settings.ban_list_path, timedelta(seconds=health.scan_ban_s))

    def look(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who scans now: strangers, who are on the list, and addresses of ours, which never are."""
        now_s = time.monotonic()
        strangers = self._strangers.take(self._refused.new_lines(), now_s)
        ours = self._ours.take(self._security.new_lines(), now_s)
        foreign = tuple(a for a in strangers if not self._is_spared(a))
        self.list.take(foreign, datetime.now(UTC))
        return foreign, (*ours, *(a for a in strangers if a not in foreign))

    def _is_spared(self, address: str) -> bool:
        own = ip_address(address)
        return any(own in ip_network(network) for network in self._spared)


def spared(settings: Settings) -> Sequence[str]:
    """Networks that never come on the list: the switch, the seats, this node.

    A switch that is a name which nobody knows now could be any address: then nobody is listed.
    """
    networks = [*settings.sip.seat_networks]
    for host in (settings.sip.switch_host, settings.sip.host):
        try:
            networks += {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
        except OSError:
            return ("0.0.0.0/0", "::/0")
    return networks


def _kept(file: Path) -> Iterable[Ban]:
    """Of the watch before this one; what is no line of ours is left out."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        try:
            address, since, until = line.split()
            yield Ban(str(ip_address(address)), _time(since), _time(until))
        except ValueError:
            continue


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
