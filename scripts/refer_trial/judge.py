"""Which way of release a switch can carry, by what it did in one test call."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from scripts.refer_trial.seen import Seen


class Why(StrEnum):
    WORKS = "works"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    SILENT = "silent"
    UNREADABLE = "unreadable"
    FAILED = "failed"
    LOST = "lost"
    ENDED = "ended"
    ID_LOST = "id-lost"
    LATE = "late"
    NOT_ANSWERED = "not-answered"
    NO_FINAL_WORD = "no-final-word"
    NOT_CLEARED = "not-cleared"
    NO_REFER = "no-refer"


class Note(StrEnum):
    ANSWERED_200 = "answered-200"
    EARLY_WORD = "early-word"
    EARLY_BYE = "early-bye"
    NUMBER_CHANGED = "number-changed"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Verdict:
    """mode: None where the test call does not say."""

    mode: Literal["refer", "redirect"] | None
    why: Why
    notes: tuple[Note, ...] = ()


def judge(seen: Seen) -> Verdict:
    """Total. Everything that could cost a caller anything is `redirect`."""
    why = _why(seen)
    if why is Why.NO_REFER:
        return Verdict(None, why)
    return Verdict("refer" if why is Why.WORKS else "redirect", why, tuple(_notes(seen)))


def _why(seen: Seen) -> Why:
    if not seen.referred:
        return Why.NO_REFER
    if seen.returned_ms is not None:
        return _returned(seen)
    if seen.answer is None:
        return Why.ENDED if seen.cleared_by == "switch" else Why.UNANSWERED
    if seen.answer >= 300:
        return Why.REFUSED
    return _not_returned(seen)


def _not_returned(seen: Seen) -> Why:
    word = seen.final_word
    if word and word.status:
        return Why.LOST if word.status < 300 else Why.FAILED
    if seen.cleared_by == "switch":
        return Why.ENDED
    unreadable = any(one.status is None for one in seen.notified)
    return Why.UNREADABLE if unreadable else Why.SILENT


def _returned(seen: Seen) -> Why:
    """He came back: is it he, in time, and does the switch say so?"""
    word = seen.final_word
    if not seen.id_kept:
        return Why.ID_LOST
    if not seen.returned_in_time:
        return Why.LATE
    if seen.back_answered_ms is None:
        return Why.NOT_ANSWERED
    if seen.cleared_by == "switch":
        return Why.WORKS  # its own BYE says that it has him, and the slot is free
    if word is None or word.status != 200 or word.after_ms > seen.guard_ms:
        return Why.NO_FINAL_WORD
    return Why.WORKS if seen.cleared_ms is not None else Why.NOT_CLEARED


def _notes(seen: Seen) -> list[Note]:
    word = seen.final_word
    early = word and seen.back_answered_ms is not None and word.after_ms < seen.back_answered_ms
    found = {
        Note.ANSWERED_200: seen.answer == 200,
        Note.EARLY_WORD: bool(early),
        Note.EARLY_BYE: seen.cleared_by == "switch" and word is None,
        Note.NUMBER_CHANGED: seen.caller_kept is False,
        Note.STRANGER: seen.strangers > 0 and seen.returned_ms is None,
    }
    return [note for note, holds in found.items() if holds]
