from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from tickets.model import ServiceClass, Source, State
from tickets.opening import TicketDraft, ticket_for

T0 = datetime(2026, 11, 23, 20, 26, 6, tzinfo=UTC)
LATER = T0 + timedelta(seconds=3)


@dataclass(frozen=True)
class Call:
    call_id: str = "20261123T202606Z-n1-3-73a635ca"
    caller: str | None = "13800000001"
    started_at: datetime = T0
    released_at: datetime | None = LATER
    release_ms: int | None = 150
    returned_at: datetime | None = None
    service_class: str | None = "hardship"
    outcome: str | None = "talked-to-livelihood"


def test_a_released_call_opens_a_ticket_with_its_receipt() -> None:
    assert ticket_for(Call()) == TicketDraft(
        provisional_number="P-n1-3-6FHG2Y-1STCDEA",
        call_id="20261123T202606Z-n1-3-73a635ca",
        source=Source.CALL,
        service_class=ServiceClass.HARDSHIP,
        caller="13800000001",
        state=State.NEW,
        opened_at=LATER,
        release_ms=150,
    )


@pytest.mark.parametrize("outcome", ["told-no-operator", "released-not-returned"])
def test_who_was_left_without_an_operator_has_a_ticket_to_call_back(outcome: str) -> None:
    for call in (Call(outcome=outcome), Call(outcome=outcome, returned_at=LATER)):
        ticket = ticket_for(call)
        assert ticket is not None
        assert ticket.state is State.CALL_BACK


@pytest.mark.parametrize("outcome", ["in-progress", "left-waiting-for-livelihood", "node-lost"])
def test_a_caller_who_left_after_the_release_has_a_ticket_too(outcome: str) -> None:
    assert ticket_for(replace(Call(), outcome=outcome)) is not None


@pytest.mark.parametrize(
    "outcome",
    ["talked-to-police", "left-before-answer", "left-in-menu", "left-waiting-for-police"],
)
def test_a_call_that_was_never_released_has_none(outcome: str) -> None:
    assert ticket_for(replace(Call(), released_at=None, outcome=outcome)) is None


def test_a_call_whose_release_went_unrecorded_has_a_ticket() -> None:
    draft = ticket_for(replace(Call(), released_at=None, release_ms=None))
    assert draft is not None
    assert draft.opened_at == T0


def test_a_caller_who_went_back_to_the_police_leaves_a_returned_ticket() -> None:
    draft = ticket_for(replace(Call(), returned_at=LATER, outcome="talked-to-police"))
    assert draft is not None
    assert draft.state is State.RETURNED


@pytest.mark.parametrize("name", [None, "", "nonsense"])
def test_a_ticket_without_a_known_class_is_unclassified(name: str | None) -> None:
    draft = ticket_for(replace(Call(), service_class=name))
    assert draft is not None
    assert draft.service_class is ServiceClass.UNCLASSIFIED
