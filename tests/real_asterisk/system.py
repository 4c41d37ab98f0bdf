"""A whole system for a test: node, switch, seats, store; on loopback addresses of its own."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.engine import reading
from db.models import CallLegRow, CallRow, CallStepRow, TicketRow
from reports.witnesses import cel_starts
from scripts.asterisk_console import ask
from scripts.lab.node import Node
from scripts.lab.registered import Telephones
from scripts.lab.seats import Manner
from scripts.lab.town import DUTY_TELEPHONE, Town, TownPlan
from scripts.lab.waiting import wait_until
from tests.real_asterisk.node_log import complaints

POLICE = ("8001", "8002", "8003", "8004")
LIVELIHOOD = ("7001", "7002")


class Records:
    """A node and the rows of its store."""

    def __init__(self, node: Node) -> None:
        self.node, self.engine = node, node.engine

    def call_of(self, number: str, timeout_s: float = 20) -> CallRow:
        """The finished row of a caller's one call."""

        def finished() -> CallRow | None:
            with reading(self.engine) as session:
                row = session.query(CallRow).filter_by(caller=number).one_or_none()
            return row if row and row.ended_at else None

        return wait_until(finished, f"the row of {number}", timeout_s)  # type: ignore[return-value]

    def ticket_of(self, call: CallRow) -> TicketRow | None:
        with reading(self.engine) as session:
            return session.query(TicketRow).filter_by(call_id=call.call_id).one_or_none()

    def calls(self) -> Sequence[CallRow]:
        with reading(self.engine) as session:
            return session.query(CallRow).all()

    def in_a_talk(self, number: str) -> bool:
        """Whether the node itself has put down that a seat answered this caller.

        The switch sees the seat answer first: a node that is stopped in between never heard of it.
        """
        return any(row.caller == number and row.seat_answered_at for row in self.calls())

    def new_call(self, before: Set[str], timeout_s: float = 20) -> CallRow:
        """The one finished call that was not there before."""

        def finished() -> CallRow | None:
            new = [row for row in self.calls() if row.call_id not in before and row.ended_at]
            return new[0] if new else None

        return wait_until(finished, "a new call's row", timeout_s)  # type: ignore[return-value]

    @contextmanager
    def logged(self, process: str, event: str) -> Iterator[None]:
        """What is done inside must make a process log an event."""
        log = self.node.settings.var / "log" / f"{process}.log"
        said = f'"event": "{event}"'
        before = log.read_text().count(said)
        yield
        wait_until(lambda: log.read_text().count(said) > before, event, 10)

    @contextmanager
    def config_changed(self, name: str, old: str, new: str, reload: str) -> Iterator[None]:
        """For controls: a file of the node's Asterisk in other words, for a while."""
        path = self.node.home.etc / "l110" / name
        kept = path.read_text()
        assert old in kept
        path.write_text(kept.replace(old, new))
        ask(self.node.home, reload)
        try:
            yield
        finally:
            path.write_text(kept)
            ask(self.node.home, reload)

    def legs(self) -> Sequence[CallLegRow]:
        with reading(self.engine) as session:
            return session.query(CallLegRow).all()

    def legs_of(self, call: CallRow) -> Sequence[CallLegRow]:
        """One call's legs, oldest first."""
        own = [leg for leg in self.legs() if leg.call_id == call.call_id]
        return sorted(own, key=lambda leg: str(leg.started_at))

    def steps_of(self, call: CallRow) -> Sequence[CallStepRow]:
        with reading(self.engine) as session:
            return session.query(CallStepRow).filter_by(call_id=call.call_id).all()

    def tickets_of(self, call: CallRow) -> Sequence[TicketRow]:
        with reading(self.engine) as session:
            return session.query(TicketRow).filter_by(call_id=call.call_id).all()


class System(Records):
    """What a test holds: the town outside, the node inside, and the store's rows."""

    def __init__(self, town: Town, node: Node, telephones: Telephones) -> None:
        super().__init__(node)
        self.town, self.telephones = town, telephones

    def seats_of(self, call_id: str) -> list[str]:
        """Seats that answered this call, by the id that the node sent to the switch."""
        events = self.town.switch.events()
        answered = [e for e in events if e.name == "SW_SEAT" and e.facts["call"] == call_id]
        return [event.facts["seat"].removeprefix("seat-") for event in answered]

    def endpoints_changed(self, old: str, new: str) -> AbstractContextManager[None]:
        """For controls: the node's own SIP endpoints with a protection taken out, for a while."""
        return self.config_changed("pjsip-site.conf", old, new, "module reload res_pjsip.so")

    def wait_for_the_store(self) -> None:
        """Until every trunk channel that Asterisk wrote down is a leg with its end."""
        self.assert_nothing_outlives_its_call()
        path = self.node.settings.cel_path

        def stored() -> bool:
            ended = {leg.uniqueid for leg in self.legs() if leg.ended_at}
            return set(cel_starts(path) or ()) <= ended

        wait_until(stored, "the store to have every leg", 10)

    def assert_nothing_outlives_its_call(self) -> None:
        """No channel is left on either Asterisk once every caller is gone."""
        wait_until(lambda: not self.node.channels(), "the node's channels to go", 15)
        wait_until(lambda: not self.town.switch.channels(), "the switch's channels to go", 15)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a node is told. `settings` is TOML put behind the usual settings.

    `place` keeps the systems of one test run apart: each has loopback addresses of its own.
    Seats in `registered` are telephones of the node itself; the others stand behind the switch.
    `unregistered`: names of the dialplan that a control takes away; the log may miss them.
    """

    place: int
    settings: str = ""
    database_url: str = ""
    rules: str | None = None
    police: Sequence[str] = POLICE
    livelihood: Sequence[str] = LIVELIHOOD
    lines: int = 4
    overflow_after_s: int = 60
    ring_s: int = 20
    destinations: Sequence[str] = ("queue", "dial:8199", "refer:8199")
    registered: Sequence[str] = ()
    unregistered: Sequence[str] = ()

    @property
    def net(self) -> str:
        return f"127.{20 + os.getpid() % 200}.{self.place}"

    @property
    def telephones_host(self) -> str:
        """Where registered seats are; nobody else may send the node SIP but its switch."""
        return f"{self.net}.7"

    def write(self, root: Path) -> Path:
        """The settings file, with everything below `root`."""
        rules = root / "rules.toml"
        rules.write_text(self.rules or Path("config/rules.toml").read_text())
        config = root / "settings.toml"
        store = f'database_url = "{self.database_url}"\n'
        config.write_text(store + self._addresses(root, rules) + self._tables())
        return config

    def _addresses(self, root: Path, rules: Path) -> str:
        return f"""
var_dir = "{root / "var"}"
rules_file = "{rules}"
[sip]
host = "{self.net}.1"
switch_host = "{self.net}.2"
seat_networks = {json.dumps([f"{self.telephones_host}/32"] if self.registered else [])}
[agi]
host = "{self.net}.1"
[ami]
host = "{self.net}.1"
[http]
host = "{self.net}.1"
[web]
serve = false
"""

    def _tables(self) -> str:
        return f"""
[police]
lines = {self.lines}
seats = {self._seats(self.police)}
overflow_after_s = {self.overflow_after_s}
ring_s = {self.ring_s}
destinations = {json.dumps(list(self.destinations))}
[livelihood]
seats = {self._seats(self.livelihood)}
{self.settings}"""

    def _seats(self, numbers: Sequence[str]) -> str:
        at = dict.fromkeys(self.registered, "registered")
        seats = (f'{{ number = "{n}", at = "{at.get(n, "switch")}" }}' for n in numbers)
        return f"[{', '.join(seats)}]"


@contextmanager
def node_alone(
    root: Path,
    place: int,
    **told: Any,  # noqa: ANN401  the fields of Plan
) -> Iterator[Records]:
    """A node without a town: whatever speaks from its switch's address is its switch."""
    plan = Plan(place, **told)
    records = Records(Node(plan.write(root)))
    try:
        records.node.forget_starts()  # of a test that was killed
        records.node.start()
        yield records
    finally:
        records.node.stop()
    assert_log_is_good(records.node, plan)


@contextmanager
def running_system(
    root: Path,
    place: int,
    *,
    seats: Mapping[str, Manner] | None = None,
    trunk_channels: int = 8,
    node_of: Callable[[Path], Node] = Node,
    **told: Any,  # noqa: ANN401  the fields of Plan
) -> Iterator[System]:
    """Start a node (see Plan for what it may be told) with a town around it.

    Everything is stopped by the processes that were started. `node_of`: another way to start it.
    """
    plan = Plan(place, **told)
    everybody = {*plan.police, *plan.livelihood, DUTY_TELEPHONE} - {*plan.registered}
    town = TownPlan(
        root=root,
        node_host=f"{plan.net}.1",
        node_port=5060,
        switch_host=f"{plan.net}.2",
        switch_port=5060,
        callers_host=f"{plan.net}.9",
        seats_host=f"{plan.net}.8",
        seats={**dict.fromkeys(sorted(everybody), Manner()), **(seats or {})},
        direct_seats=tuple(number for number in plan.police if number in everybody),
        trunk_channels=trunk_channels,
    )
    node = node_of(plan.write(root))
    system = System(Town(town), node, Telephones(node, plan.telephones_host))
    try:
        node.forget_starts()  # of a test that was killed
        system.node.start()
        system.town.start()
        yield system
    finally:
        system.telephones.leave()
        system.town.stop()
        system.node.stop()
    assert_log_is_good(node, plan)


def assert_log_is_good(node: Node, plan: Plan) -> None:
    log = node.settings.asterisk_dir / "log/full"
    bad = complaints(log, plan.unregistered)
    assert not bad, "\n".join(["the node's Asterisk complained:", *bad])
