"""Errands that are run for the citizen (群众动嘴、干部跑腿): steps to do, papers to carry."""

from enum import StrEnum

from tickets.refused import MoveRefused, Refusal

LONGEST = 200


class Kind(StrEnum):
    STEP = "step"
    DOCUMENT = "document"


class Stand(StrEnum):
    """needed, received, returned: a paper of the citizen."""

    OPEN = "open"
    DONE = "done"
    NEEDED = "needed"
    RECEIVED = "received"
    RETURNED = "returned"


BEGINS = {Kind.STEP: Stand.OPEN, Kind.DOCUMENT: Stand.NEEDED}
NEXT = {
    Stand.OPEN: Stand.DONE,
    Stand.NEEDED: Stand.RECEIVED,
    Stand.RECEIVED: Stand.RETURNED,
}
# With these left nobody may say that it is solved: a step that was not done, a paper that we have.
LEFT = frozenset({Stand.OPEN, Stand.RECEIVED})


def checked_text(text: str) -> str:
    """One line of 1 to 200 characters. Raises MoveRefused."""
    text = text.strip()
    if not text or len(text) > LONGEST or not text.isprintable():
        raise MoveRefused(
            Refusal.MISSING, f"a step or a document is one line of 1 to {LONGEST} characters"
        )
    return text


def next_stand(what: str, now: Stand) -> Stand:
    """Raises MoveRefused: nothing follows."""
    if now not in NEXT:
        raise MoveRefused(Refusal.WRONG_STATE, f"{what} is {now.value}: nothing follows that")
    return NEXT[now]
