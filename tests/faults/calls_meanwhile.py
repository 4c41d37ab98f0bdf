"""Calls that go through a node while something is broken, and what must be true of them after."""

import itertools
import statistics
from collections.abc import Mapping, Sequence

from db.engine import reading
from db.models import CallLegRow, CallRow, QuarantineRow, TicketRow
from scripts.chaos.findings import Finding
from scripts.lab.callers import Action, Press, Stay, Wait
from scripts.lab.footprint import Held, footprint, wait_until_nothing_leaks
from scripts.lab.waiting import wait_until
from tests.faults.patched import start_patched
from tests.real_asterisk.system import System

TO_POLICE: Sequence[Action] = [Wait(0.3), Press("1"), Stay(40)]
TO_LIVELIHOOD: Sequence[Action] = [Wait(0.3), Press("2"), Wait(0.5), Press("1"), Stay(40)]
ANSWERED_WITHIN_S = 3.0

# Python that has a forwarder forget what the store has not taken.
FORGETS_FIRST = (
    "import db.forwarder as f; keep = f.Forwarder._store\n"
    "def _store(self, batches):\n"
    "    try: keep(self, batches)\n"
    "    except f.STORE_AWAY: pass\n"
    "f.Forwarder._store = _store"
)


class Meanwhile:
    """Callers of one system, numbered; pairs of one police and one livelihood caller."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.numbers = itertools.count(1)
        self.calm = self.answer_times(self.served(self.begin(2)))
        self.before: Mapping[str, Held] = footprint(system.node)

    def begin(self, pairs: int) -> list[str]:
        """Callers who have dialled."""
        begun = []
        for _ in range(pairs):
            for actions in (TO_POLICE, TO_LIVELIHOOD):
                number = f"1390000{next(self.numbers):04}"
                self.system.town.call(number, actions)
                begun.append(number)
        return begun

    def served(self, begun: Sequence[str]) -> list[str]:
        """The same, once each has talked to the side that was asked for."""
        town = self.system.town
        sides = [town.ended(number, 60).sides for number in begun]
        assert sides == ["8", "7"] * (len(begun) // 2)
        return list(begun)

    def answer_times(self, numbers: Sequence[str]) -> float:
        """The median, in seconds, as the switch saw it."""
        seen = [self.system.town.saw(number) for number in numbers]
        times = [one.answered_at - one.dialled_at for one in seen if one.answered_at]
        assert len(times) == len(numbers)
        assert max(times) < ANSWERED_WITHIN_S
        return statistics.median(times)

    def nobody_noticed(self, begun: Sequence[str], told: Finding) -> None:
        median = self.answer_times(self.served(begun))
        told.caller.append(
            f"{len(begun)} of {len(begun)} callers had the seat they asked for; answered in"
            f" {1000 * median:.0f} ms, {1000 * self.calm:.0f} ms while all was well"
        )

    def rows_of(self, number: str) -> tuple[int, int, int]:
        """Calls, legs by the switch's own Call-ID, and tickets on record."""
        sip = self.system.town.saw(number).sip_call_id
        with reading(self.system.node.engine) as session:
            calls = session.query(CallRow).filter_by(caller=number)
            ended = [row.call_id for row in calls if row.ended_at and row.outcome]
            legs = session.query(CallLegRow).filter_by(sip_call_id=sip).count()
            tickets = session.query(TicketRow).filter(TicketRow.call_id.in_(ended)).count()
        return len(ended), legs, tickets

    def each_has_one_record(self, begun: Sequence[str], told: Finding) -> None:
        wanted = [(1, 1, number % 2) for number in range(len(begun))]
        found: list[tuple[int, int, int]] = []

        def right() -> bool:
            found[:] = [self.rows_of(number) for number in begun]
            return found == wanted

        wait_until(right, f"one row each; there was {found}", 40, every_s=0.5)
        assert self.quarantined() == 0
        told.records.append(
            f"{len(begun)} calls: {len(begun)} rows, {len(begun)} legs by the switch's Call-IDs,"
            f" {len(begun) // 2} tickets; 0 lost, 0 doubled, 0 in quarantine"
        )

    def quarantined(self) -> int:
        with reading(self.system.node.engine) as session:
            return session.query(QuarantineRow).count()

    def nothing_leaks(self, told: Finding) -> None:
        told.leaks.append(wait_until_nothing_leaks(self.system.node, self.before, timeout_s=30))

    def forwarder_with(self, patch: str) -> None:
        """A forwarder without a protection takes the place of the node's own."""
        start_patched(self.system.node, "forward", patch)
