"""The verdict as it is read back; its writing side is pure and lies in `routing.wire`."""

from typing import Final

from routing.model import Mark, Target, Verdict
from routing.wire import EMPTY, LANGUAGE, MENU_KEYS, PROMPTS, SAFE, VERDICT, encode_verdict

__all__ = [
    "LANGUAGE",
    "MENU_KEYS",
    "PROMPTS",
    "UNREADABLE",
    "VERDICT",
    "decode_verdict",
    "encode_verdict",
]

UNREADABLE: Final = "unreadable-verdict"

_FIELDS: Final = 7


def decode_verdict(wire: str) -> Verdict:
    """Read what `encode_verdict` wrote. Total: whatever is in doubt is a verdict for the police."""
    fields = wire.split(":", _FIELDS)
    if len(fields) != _FIELDS or not all(map(SAFE.fullmatch, fields)):
        return Verdict(Target.POLICE, UNREADABLE)
    target, key, reason, rule_id, version, language, marks = fields
    try:
        verdict = Verdict(
            Target(target),
            reason,
            _optional(key),
            _optional(rule_id),
            version,
            language,
            frozenset() if marks == EMPTY else frozenset(map(Mark, marks.split("+"))),
        )
    except ValueError:
        return Verdict(Target.POLICE, UNREADABLE)
    if verdict.target is Target.LIVELIHOOD and verdict.key is None:
        return Verdict(Target.POLICE, UNREADABLE)  # nobody leaves the police without a key
    return verdict


def _optional(field: str) -> str | None:
    return None if field == EMPTY else field
