"""Whether every ticket is what its history says, and has come to it by the rules."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from db.ticket_histories import (
    TicketHistory,
    doubled_numbers,
    histories,
    history_begins,
    way_up,
)
from reports.ticket_checks import faults, is_older, names
from tickets.model import State

KINDS = (
    "row-differs",
    "versions-broken",
    "states-broken",
    "move-not-allowed",
    "closed-unasked",
    "joined-nowhere",
    "joined-in-a-circle",
    "joined-in-a-chain",
    "part-without-whole",
    "nobody-responsible",
    "number-doubled",
    "number-of-another-day",
    "no-deadline",
)


@dataclass(frozen=True, slots=True)
class TicketFinding:
    kind: str
    ticket: str
    explanation: str


@dataclass(slots=True)
class TicketAudit:
    """older: tickets that were opened before the store kept a history; checked as far as may be."""

    tickets: int = 0
    events: int = 0
    older: int = 0
    findings: list[TicketFinding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings

    def as_dict(self, *, verbose: bool = False) -> dict[str, object]:
        counts = Counter(finding.kind for finding in self.findings)
        told: dict[str, object] = {
            "tickets": self.tickets,
            "events": self.events,
            "older": self.older,
            **{kind: counts[kind] for kind in KINDS},
        }
        if verbose:
            told["findings"] = [
                {"kind": one.kind, "ticket": one.ticket, "explanation": one.explanation}
                for one in self.findings
            ]
        return told


def audit_tickets(session: Session) -> TicketAudit:
    """Reads all of them in one transaction, which should see one moment (db.engine.one_moment)."""
    audit = TicketAudit()
    begins = history_begins(session)
    for part in histories(session):
        for history in part:
            older = is_older(history, begins)
            audit.tickets += 1
            audit.events += len(history.events)
            audit.older += older
            found = faults(history, older=older) + _chain(session, history)
            name = names(history.row)
            audit.findings += [TicketFinding(kind, name, why) for kind, why in found]
    audit.findings += [
        TicketFinding("number-doubled", number, "more than one ticket has this number")
        for number in doubled_numbers(session)
    ]
    return audit


def _chain(session: Session, history: TicketHistory) -> list[tuple[str, str]]:
    if history.row["state"] != State.JOINED or history.head != State.JOINED:
        return []
    way = way_up(session, history.id)
    told = " -> ".join(map(str, way))
    if len(set(way)) < len(way):
        return [("joined-in-a-circle", told)]
    return [("joined-in-a-chain", f"{told}: what it is joined to is itself joined")]
