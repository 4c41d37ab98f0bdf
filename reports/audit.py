"""Conservation, proved from outside: the switch's own list against what we have on record."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from db.models import CallBackRow, CallLegRow, CallRow
from db.upserts import chunks
from reports.switch_ends import Ends, Leg, compare_ends
from reports.switch_list import SwitchLeg
from routing.legs import TEST_LEG

Span = tuple[datetime, datetime]
UNREACHED = "unreached"
UNFIT = "unfit"
WHY = {UNFIT: "refused at the edge: no sound in its SDP that we speak (488)"}
APART = "apart"
NO_FAULT = (UNREACHED, UNFIT, APART)
TWIN = "merged"  # outcome of the second channel of one INVITE that came by two ways
AROUND = timedelta(seconds=60)  # clocks of the switch and of the node may differ by so much


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that does not add up. kind: missing, doubled, unexplained; or unreached: the switch
    itself says that nobody answered, and nothing of it ever came to us (it told the police).
    unfit: the same, and by the switch's word it was refused for the sound that it offered (488).
    apart: on record on both sides, but one of them held its channel for longer than the other."""

    kind: str
    subject: str
    explanation: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """switch, legs, calls: how many each has. witnesses: what else counted legs, None if away.

    Legs before or after the switch's list (by its times, if it has any) are left out. So are the
    legs of `l110 doctor --switch`, on both sides: tests is how many of ours there are. So are
    our call-backs, where the switch lists them.
    """

    switch: int
    legs: int
    calls: int
    live: int
    tests: int
    cel: int | None
    cdr: int | None
    ends: Ends
    findings: tuple[Finding, ...] = field(default_factory=tuple)

    def count(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)

    @property
    def clean(self) -> bool:
        return all(finding.kind in NO_FAULT for finding in self.findings)

    def as_dict(self, *, verbose: bool = False) -> dict[str, object]:
        told: dict[str, object] = {
            "switch": self.switch,
            "legs": self.legs,
            "calls": self.calls,
            "live": self.live,
            "tests": self.tests,
            "missing": self.count("missing"),
            "doubled": self.count("doubled"),
            "unexplained": self.count("unexplained"),
            "unreached": self.count(UNREACHED),
            "unfit": self.count(UNFIT),
            "cel": self.cel,
            "cdr": self.cdr,
            **self.ends.as_dict(),
        }
        if verbose:
            told["findings"] = [
                {"kind": one.kind, "subject": one.subject, "explanation": one.explanation}
                for one in self.findings
            ]
        return told


def audit_calls(
    session: Session,
    switch: Iterable[SwitchLeg],
    *,
    cel_starts: Mapping[str, int] | None = None,
    cdr_lines: Mapping[str, int] | None = None,
    live_since: datetime | None = None,
    since: datetime | None = None,
) -> AuditReport:
    """cel_starts, cdr_lines: lines by uniqueid. live_since: a leg without an end that began
    then or later may still be talking; None: no call is live. since: leave out what began earlier,
    by the switch's clock and by ours."""
    listed = [leg for leg in switch if not (since and leg.started_at and leg.started_at < since)]
    span = _span(listed, since)
    every = _legs(session, span)
    tests = [leg for leg in every if leg.end_reason == TEST_LEG]
    legs = [leg for leg in every if leg.end_reason != TEST_LEG]
    listed = _without(listed, tests, _called_back(session, listed))
    live = [leg for leg in legs if _is_live(leg, live_since)]
    outcomes = _outcomes(session, span)
    ours = {leg.uniqueid for leg in legs}
    ends = compare_ends(session, listed, legs)
    findings = [
        *_missing(listed, legs),
        *_doubled(listed, [leg for leg in legs if outcomes.get(leg.call_id or "") != TWIN]),
        *_not_listed(listed, legs),
        *_endless(legs, live),
        *_untold(outcomes),
        *_unwritten(cel_starts, ours, session),
        *(Finding(APART, *told) for told in ends.apart),
    ]
    return AuditReport(
        switch=len(listed),
        legs=len(legs),
        calls=len(outcomes),
        live=len(live),
        tests=len(tests),
        cel=_witnessed(cel_starts, ours),
        cdr=_witnessed(cdr_lines, ours),
        ends=ends,
        findings=tuple(findings),
    )


def _legs(session: Session, span: Span | None) -> list[Leg]:
    row = CallLegRow
    query = select(
        row.node,
        row.uniqueid,
        row.call_id,
        row.sip_call_id,
        row.started_at,
        row.ended_at,
        row.end_reason,
    ).where(_within(span))
    return [Leg(*found) for found in session.execute(query.order_by(row.started_at))]


def _called_back(session: Session, listed: Sequence[SwitchLeg]) -> set[str]:
    """Call-IDs of our own call-backs: a switch that lists every call lists those as well."""
    found: set[str] = set()
    for part in chunks({leg.sip_call_id for leg in listed}):
        query = select(CallBackRow.sip_call_id).where(CallBackRow.sip_call_id.in_(part))
        found |= {call_id for call_id in session.scalars(query) if call_id}
    return found


def _without(
    listed: Sequence[SwitchLeg], tests: Sequence[Leg], called_back: set[str]
) -> list[SwitchLeg]:
    """The list without INVITEs that are no calls to us, and so have told their Call-ID."""
    tried = {leg.sip_call_id for leg in tests if leg.sip_call_id} | called_back
    return [leg for leg in listed if leg.sip_call_id not in tried]


def _span(listed: Sequence[SwitchLeg], since: datetime | None) -> Span | None:
    """Between which starts our legs belong to the list; None: the list does not say."""
    starts = [leg.started_at for leg in listed if leg.started_at]
    if since:
        return since, max([since, *starts]) + AROUND
    if not starts or len(starts) < len(listed):
        return None
    return min(starts) - AROUND, max(starts) + AROUND


def _within(span: Span | None) -> ColumnElement[bool]:
    at = CallLegRow.started_at
    return true() if span is None else at.between(*span) | at.is_(None)


def _is_live(leg: Leg, live_since: datetime | None) -> bool:
    young = live_since is not None and (leg.started_at is None or leg.started_at >= live_since)
    return leg.ended_at is None and young


def _outcomes(session: Session, span: Span | None) -> dict[str, str | None]:
    """Of the calls that these legs belong to."""
    of_legs = select(CallLegRow.call_id).where(_within(span))
    query = select(CallRow.call_id, CallRow.outcome).where(CallRow.call_id.in_(of_legs))
    return {row.call_id: row.outcome for row in session.execute(query)}


def _untold(outcomes: Mapping[str, str | None]) -> list[Finding]:
    untold = sorted(call_id for call_id, outcome in outcomes.items() if not outcome)
    return [Finding("unexplained", call_id, "a call without an outcome") for call_id in untold]


def _missing(listed: Sequence[SwitchLeg], legs: Sequence[Leg]) -> list[Finding]:
    known = {leg.sip_call_id for leg in legs}
    return [
        Finding(
            _kind(leg),
            leg.sip_call_id,
            f"{_result(leg)}; {WHY.get(_kind(leg), 'no leg of ours has this Call-ID')}",
        )
        for leg in listed
        if leg.sip_call_id not in known
    ]


def _kind(leg: SwitchLeg) -> str:
    if leg.unfit:
        return UNFIT
    return UNREACHED if leg.answered is False else "missing"


def _result(leg: SwitchLeg) -> str:
    result = f"the switch says {leg.result}" if leg.result else "on the switch's list"
    return f"{result}, {leg.started_at:%Y-%m-%dT%H:%M:%SZ}" if leg.started_at else result


def _doubled(listed: Sequence[SwitchLeg], legs: Sequence[Leg]) -> list[Finding]:
    at_switch = Counter(leg.sip_call_id for leg in listed)
    ours = Counter(leg.sip_call_id for leg in legs if leg.sip_call_id)
    return [
        Finding("doubled", call, f"{count} legs of ours, {max(1, at_switch[call])} at the switch")
        for call, count in sorted(ours.items())
        if count > max(1, at_switch[call])
    ]


def _not_listed(listed: Sequence[SwitchLeg], legs: Sequence[Leg]) -> list[Finding]:
    known = {leg.sip_call_id for leg in listed}
    born_dead = _born_dead(listed, legs)
    return [
        Finding("unexplained", leg.name, _why_not_listed(leg))
        for leg in legs
        if leg.sip_call_id not in known and leg not in born_dead
    ]


def _born_dead(listed: Sequence[SwitchLeg], legs: Sequence[Leg]) -> list[Leg]:
    """Channels of a node that was lost before they had told their Call-ID.

    At most as many as the switch has INVITEs that nobody answered and no leg of ours has: each
    explains the other, though nobody can say which is which.
    """
    ours = {leg.sip_call_id for leg in legs}
    unanswered = [leg for leg in listed if leg.answered is False and leg.sip_call_id not in ours]
    nameless = [leg for leg in legs if leg.sip_call_id is None and leg.end_reason == "node-lost"]
    return nameless[: len(unanswered)]


def _why_not_listed(leg: Leg) -> str:
    if leg.sip_call_id is None:
        return "a channel whose Call-ID was never written: lost before the dialplan's first line"
    return f"Call-ID {leg.sip_call_id} is not on the switch's list"


def _endless(legs: Sequence[Leg], live: Sequence[Leg]) -> list[Finding]:
    talking = {leg.name for leg in live}
    return [
        Finding("unexplained", leg.name, "it began and has no end, and it is not live")
        for leg in legs
        if leg.ended_at is None and leg.name not in talking
    ]


def _unwritten(
    cel_starts: Mapping[str, int] | None, ours: set[str], session: Session
) -> list[Finding]:
    """Channels that Asterisk wrote down and the store does not have: the feed is behind or lost."""
    unknown = set(cel_starts or ()) - ours
    for part in chunks(set(unknown)):
        stored = select(CallLegRow.uniqueid).where(CallLegRow.uniqueid.in_(part))
        unknown -= set(session.scalars(stored))  # before or after the switch's list
    why = "CEL has its start and the store has no leg: is `l110 forward` running?"
    return [Finding("missing", one, why) for one in sorted(unknown)]


def _witnessed(lines: Mapping[str, int] | None, ours: set[str]) -> int | None:
    """Lines that speak of these legs."""
    if lines is None:
        return None
    return sum(count for uniqueid, count in lines.items() if uniqueid in ours)
