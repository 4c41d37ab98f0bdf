"""The nouns of a decision: what is asked, and what is answered."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Target(StrEnum):
    POLICE = "police"
    LIVELIHOOD = "livelihood"


class Mark(StrEnum):
    """What is known about a caller besides the key, or what a rule adds to the call."""

    SILENT = "silent"
    WITHHELD = "withheld"
    NUMBER_UNREADABLE = "number_unreadable"
    CLAIMS_TO_BE_110 = "claims_to_be_110"


class NaiveTime(ValueError):
    """A time has no zone, so nobody can say when it was."""


class QuestionUnreadable(ValueError):
    """A journaled question does not have the shape that `Question.to_json` writes."""


def aware(at: datetime) -> datetime:
    """Give `at` back if it has a zone.

    Raises:
        NaiveTime: it has none.
    """
    if at.utcoffset() is None:
        raise NaiveTime(f"{at.isoformat()} has no zone")
    return at


@dataclass(frozen=True, slots=True)
class Question:
    """The whole input of a decision, journaled with the call so that it can be replayed exactly.

    keys: what each asking of the menu brought, oldest first; None = nothing within the patience.
    at: aware. A naive time is kept as it is and `decide` sends the call to the police, because a
        question that cannot even be written down would leave a call without its reason.
    lines_in_use: police line slots taken, this call's own included.
    prompt_failed: the prompt that these keys led to could not be played, so nobody was asked.
    """

    keys: tuple[str | None, ...]
    at: datetime
    caller_marks: frozenset[Mark] = frozenset()
    lines_in_use: int = 0
    prompt_failed: bool = False

    def to_json(self) -> dict[str, object]:
        return {
            "keys": list(self.keys),
            "at": self.at.isoformat(),
            "caller_marks": sorted(self.caller_marks),
            "lines_in_use": self.lines_in_use,
            "prompt_failed": self.prompt_failed,
        }

    @classmethod
    def from_json(cls, data: object) -> "Question":
        """Read what `to_json` wrote; journals older than `prompt_failed` do not name it.

        Raises:
            QuestionUnreadable: a field is missing or of another shape.
        """
        if not isinstance(data, dict):
            raise QuestionUnreadable("a question is a JSON object")
        try:
            return cls(
                keys=_keys(data["keys"]),
                at=datetime.fromisoformat(data["at"]),
                caller_marks=frozenset(Mark(mark) for mark in data["caller_marks"]),
                lines_in_use=_count(data["lines_in_use"]),
                prompt_failed=_flag(data.get("prompt_failed", False)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise QuestionUnreadable(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a call goes, and why.

    marks: what the rule adds to the call (`silent`), not what was known of the caller before.
    """

    target: Target
    reason: str
    key: str | None = None
    rule_id: str | None = None
    rules_version: str = "-"
    language: str = "zh"
    marks: frozenset[Mark] = field(default_factory=frozenset)


def _keys(value: object) -> tuple[str | None, ...]:
    if not isinstance(value, list) or not all(k is None or isinstance(k, str) for k in value):
        raise TypeError("keys is a list of strings and nulls")
    return tuple(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("lines_in_use is a whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("prompt_failed is true or false")
    return value
