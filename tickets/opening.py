"""Which calls open a ticket."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tickets.model import ServiceClass, Source, State
from tickets.numbers import provisional_number

# What became of a call that reached the livelihood side, even if its release was never recorded.
NEVER_CAME = "released-not-returned"
NO_OPERATOR = "told-no-operator"
REACHED_LIVELIHOOD = ("talked-to-livelihood", "left-waiting-for-livelihood", NO_OPERATOR)


class ReleasedCall(Protocol):
    """What a ticket needs of a call; plain values, so that any record of a call will do."""

    @property
    def call_id(self) -> str: ...
    @property
    def caller(self) -> str | None: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def released_at(self) -> datetime | None: ...
    @property
    def release_ms(self) -> int | None: ...
    @property
    def returned_at(self) -> datetime | None: ...
    @property
    def service_class(self) -> str | None: ...
    @property
    def outcome(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket without its final number, which only the store can give.

    opened_at: aware; the release.
    release_ms: from the key to the police line's slot free.
    """

    provisional_number: str
    call_id: str | None
    source: Source
    service_class: ServiceClass
    caller: str | None
    state: State
    opened_at: datetime
    release_ms: int | None


def ticket_for(call: ReleasedCall) -> TicketDraft | None:
    """A ticket for each call released to the livelihood side, also if the caller left after that.

    None for a police call, a nuisance call, and one that was abandoned before its release.
    """
    if call.released_at is None and call.outcome not in REACHED_LIVELIHOOD:
        return None
    return TicketDraft(
        provisional_number=provisional_number(call.call_id),
        call_id=call.call_id,
        source=Source.CALL,
        service_class=_class(call.service_class),
        caller=call.caller,
        state=_state(call),
        opened_at=call.released_at or call.started_at,
        release_ms=call.release_ms,
    )


def _state(call: ReleasedCall) -> State:
    if call.outcome in (NEVER_CAME, NO_OPERATOR):
        return State.CALL_BACK
    return State.NEW if call.returned_at is None else State.RETURNED


def _class(name: str | None) -> ServiceClass:
    try:
        return ServiceClass(name or ServiceClass.UNCLASSIFIED)
    except ValueError:
        return ServiceClass.UNCLASSIFIED
