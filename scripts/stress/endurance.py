"""Many calls through a node to which things happen; then the proof that none of them is lost."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.engine import reading
from db.models import CallLegRow, CallRow
from reports.audit import NO_FAULT, AuditReport, audit_calls
from reports.switch_list import SwitchLeg
from reports.witnesses import cel_starts
from scripts.lab.node import Node
from scripts.lab.postgres import running_postgres
from scripts.lab.waiting import NeverHappened, wait_until
from scripts.stress.callers import KINDS, asked, call_list, kind_of
from scripts.stress.course import Course
from scripts.stress.playing import play
from scripts.stress.settings import Place, write_settings
from scripts.stress.troubles import Plan, Troubles

SETTLES_WITHIN_S = 180.0


@dataclass(frozen=True, slots=True)
class Endurance:
    """asked: calls that were to be made. switch: Call-IDs that the switch sent; answered: of these.

    ended, killed: legs of ours. verdicts: rows by kind of caller and verdict.
    good: everybody called, every answered call is a leg, every leg is a row with its reason,
    nothing twice, and nobody went to the livelihood desk who had not keyed it.
    """

    asked: int
    switch: int
    answered: int
    ended: int
    killed: int
    calls: int
    reasons: Mapping[str, int]
    verdicts: Mapping[str, Mapping[str, int]]
    audit: AuditReport
    kills: int
    restarts: int
    store_away_s: float
    lasted_s: float
    settled_s: float

    @property
    def good(self) -> bool:
        reasons = self.reasons.get("without-reason", 0)
        wrong = sum(finding.kind not in NO_FAULT for finding in self.audit.findings)
        return not wrong and not reasons and not self.diverted and self.switch == self.asked

    @property
    def diverted(self) -> int:
        """Calls that went to the livelihood desk though their callers did not key it."""
        return sum(
            self.verdicts[kind.name].get("livelihood", 0) for kind in KINDS if not kind.keys_desk
        )

    def as_dict(self) -> dict[str, object]:
        told = {name: getattr(self, name) for name in self.__slots__ if name != "audit"}
        told["diverted"] = self.diverted
        return {**told, "audit": self.audit.as_dict(verbose=True), "good": self.good}


def endure(
    folder: Path, calls: int, rate: float, plan: Plan, place: Place, tell: Callable[[str], None],
    seen: Callable[[Course], None] = lambda _: None,
) -> Endurance:  # fmt: skip
    """`seen` gets the course of the run, however it ended.

    Raises:
        NeverHappened: a process did not come up, or the record never settled.
    """
    with running_postgres() as store:
        settings = write_settings(folder, place, store.new_database("endurance"))
        node = Node(settings)
        try:
            node.start()
            course = Course(node)
            try:
                troubles = Troubles(node, store, plan, _both(tell, course.happened))
                return _endure(folder, calls, rate, troubles, place, course)
            finally:
                seen(course)
        finally:
            node.stop()


def _both(*told: Callable[[str], None]) -> Callable[[str], None]:
    def tell(what: str) -> None:
        for one in told:
            one(what)

    return tell


def _endure(
    folder: Path, calls: int, rate: float, troubles: Troubles, place: Place, course: Course
) -> Endurance:
    def tend() -> None:
        troubles.tend()
        course.tend()

    troubles.begin()
    lasted_s = play(folder, calls, rate, place, tend)
    troubles.end()
    listed = call_list(folder)
    settled_s = settle(troubles.node, listed)
    return _result(troubles, asked(calls), listed, lasted_s, settled_s)


def settle(node: Node, listed: list[SwitchLeg]) -> float:
    """Seconds until nothing waits any more and every answered call is a leg with an end."""
    began = time.monotonic()
    wait_until(lambda: not node.channels(), "the last channel to go", SETTLES_WITHIN_S, every_s=1)
    wanted = {leg.sip_call_id for leg in listed if leg.answered}

    def all_there() -> bool:
        with reading(node.engine) as session:
            query = select(CallLegRow.sip_call_id).where(CallLegRow.ended_at.is_not(None))
            return wanted <= set(session.scalars(query))

    with suppress(NeverHappened):  # the audit names what is missing
        wait_until(all_there, "every call on record", SETTLES_WITHIN_S, every_s=1)
    return round(time.monotonic() - began, 1)


def _result(
    troubles: Troubles,
    asked: int,
    listed: list[SwitchLeg],
    lasted_s: float,
    settled_s: float,
) -> Endurance:
    node = troubles.node
    with reading(node.engine) as session:
        audit = audit_calls(session, listed, cel_starts=cel_starts(node.settings.cel_path))
        reason = func.coalesce(CallRow.reason, CallRow.outcome, "without-reason")
        reasons = Counter(session.scalars(select(reason)))
        verdicts = _verdicts(session)
        ends = Counter(session.scalars(select(CallLegRow.end_reason)))
    return Endurance(
        asked=asked,
        switch=len(listed),
        answered=sum(leg.answered is True for leg in listed),
        ended=ends["ended"],
        killed=ends["node-lost"],
        calls=audit.calls,
        reasons=dict(reasons.most_common()),
        verdicts=verdicts,
        audit=audit,
        kills=troubles.kills,
        restarts=troubles.restarts,
        store_away_s=troubles.store_away_s,
        lasted_s=round(lasted_s, 1),
        settled_s=settled_s,
    )


def _verdicts(session: Session) -> Mapping[str, Mapping[str, int]]:
    """Rows of each kind of caller, by verdict; a call that ended before one has "none"."""
    counted: dict[str, Counter[str]] = {kind.name: Counter() for kind in KINDS}
    for caller, verdict in session.execute(select(CallRow.caller, CallRow.verdict)):
        if kind := kind_of(caller):
            counted[kind.name][verdict or "none"] += 1
    return {name: dict(count) for name, count in counted.items()}
