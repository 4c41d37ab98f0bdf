"""Who is compared in `scripts/bench maximum`: each clears up and shows its record."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy import select

from db.engine import reading
from db.models import CallLegRow, TicketRow
from db.upserts import chunks
from reports.audit import audit_calls
from reports.switch_list import SwitchLeg
from scripts.asterisk_config import SOURCES, render, render_folder
from scripts.asterisk_console import ask, channels
from scripts.benchmarks.cpu import cpu_s
from scripts.benchmarks.peers.programs import Peer
from scripts.benchmarks.sides import Ours, PureDialplan
from scripts.lab.node import Node, listens
from scripts.lab.process import Process
from scripts.lab.waiting import NeverHappened, wait_until

SETTLED_WITHIN_S = 30.0
STORED_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Played:
    """What the switch knows of a round: the Call-ID of each INVITE, and when it began."""

    call_ids: Sequence[str]
    calls: int
    since: datetime


class Contestant(Protocol):
    name: str
    user: str  # that is called

    @property
    def sip(self) -> str: ...
    @property
    def node(self) -> Node: ...
    def cpu_s(self) -> Mapping[str, float]: ...
    def lost(self, played: Played) -> str: ...


def settle(side: Contestant) -> None:
    """Nothing of a round, broken off or not, is left on the line.

    Raises NeverHappened.
    """
    ask(side.node.home, "channel request hangup all")
    wait_until(lambda: not channels(side.node.home), f"{side.name} to clear", SETTLED_WITHIN_S)


class Pure(PureDialplan):
    """What it writes is its CDR; a call without one is none of the bench's concern here."""

    user = "110"

    def lost(self, played: Played) -> str:
        return ""


class Recorded(Ours):
    """Ours: every call audited against the switch's list, with a ticket each."""

    user = "110"

    def __init__(self, config: Path, name: str, store_pids: Sequence[int] = ()) -> None:
        super().__init__(config)
        self.name = name
        self._store_pids = store_pids

    def cpu_s(self) -> Mapping[str, float]:
        spent = dict(super().cpu_s())
        return {**spent, "store": cpu_s(self._store_pids)} if self._store_pids else spent

    def lost(self, played: Played) -> str:
        with suppress(NeverHappened):
            wait_until(
                lambda: not self._missing(played), "all on record", STORED_WITHIN_S, every_s=0.5
            )
        return self._missing(played)

    def _missing(self, played: Played) -> str:
        listed = [SwitchLeg(call_id, played.since) for call_id in played.call_ids]
        with reading(self.node.engine) as session:
            report = audit_calls(session, listed, since=played.since)
        if not report.clean or report.legs != len(listed):
            first = report.findings[0] if report.findings else "no finding"
            return f"{report.legs} of {len(listed)} legs on record; {first}"
        tickets = len(self._tickets(played.call_ids))
        return "" if tickets == played.calls else f"{tickets} tickets for {played.calls} calls"

    def _tickets(self, call_ids: Sequence[str]) -> set[int]:
        found: set[int] = set()
        with reading(self.node.engine) as session:
            for some in chunks(call_ids):
                legs = select(CallLegRow.call_id).where(CallLegRow.sip_call_id.in_(some))
                found |= set(
                    session.scalars(select(TicketRow.id).where(TicketRow.call_id.in_(legs)))
                )
        return found


class PeersNode(PureDialplan):
    """One Asterisk for all peers: each has an extension there and, a server, a process."""

    def __init__(self, config: Path, peers: Sequence[Peer]) -> None:
        super().__init__(config)
        self.peers = peers
        self.servers: dict[str, Process] = {}

    def start(self) -> None:
        settings = self.node.settings
        home, host = render(settings), settings.sip.host
        folder = self.node.config.parent
        lines = [peer.dialplan(folder, host) for peer in self.peers]
        switch = f"{settings.sip.switch_host}:{settings.sip.switch_port}"
        render_folder(SOURCES / "bench", home.etc, {"release": "refer", "switch": switch})
        values = {"switch": switch, "peers": "".join(lines)}
        render_folder(SOURCES / "bench-peers", home.etc, values)
        for peer in self.peers:
            if command := peer.server(host):
                log = settings.var / "log" / f"{peer.user}.log"
                self.servers[peer.user] = Process(command, log)
                wait_until(partial(listens, host, peer.port), peer.name, 20)
        self.node.start_one("asterisk")
        self.node.wait_for("asterisk")

    def stop(self) -> None:
        for process in self.servers.values():
            process.stop()
        super().stop()


class OnePeer:
    """One of them. It records nothing."""

    def __init__(self, house: PeersNode, peer: Peer) -> None:
        self._house, self.name, self.user = house, peer.name, peer.user

    @property
    def sip(self) -> str:
        return self._house.sip

    @property
    def node(self) -> Node:
        return self._house.node

    def cpu_s(self) -> Mapping[str, float]:
        """A process for each call is Asterisk's child: its CPU is within Asterisk's."""
        spent = dict(self._house.cpu_s())
        if process := self._house.servers.get(self.user):
            spent["program"] = cpu_s([process.pid])
        return spent

    def lost(self, played: Played) -> str:
        return ""
