"""The names that the dialplan and the bridge share, and the verdict as it travels between them."""

import re
from typing import Final

from routing.model import Mark, Target, Verdict

VERDICT: Final = "L110_VERDICT"
LANGUAGE: Final = "CHANNEL(language)"
MENU_KEYS: Final = "0123456789*#ABCD"
PROMPTS: Final = "l110/"

UNREADABLE: Final = "unreadable-verdict"

_FIELDS: Final = 7
_EMPTY: Final = "-"
_SAFE = re.compile(r"[A-Za-z0-9_.*#+-]{1,64}")


def encode_verdict(verdict: Verdict) -> str:
    """`target:key:reason:rule_id:rules_version:language:marks`.

    Whatever could break the line or the dialplan's expressions is said as `-`.
    """
    fields = (
        verdict.target.value,
        verdict.key,
        verdict.reason,
        verdict.rule_id,
        verdict.rules_version,
        verdict.language,
        "+".join(sorted(verdict.marks)),
    )
    return ":".join(map(_safe, fields))


def decode_verdict(wire: str) -> Verdict:
    """Read what `encode_verdict` wrote. Total: whatever is in doubt is a verdict for the police."""
    fields = wire.split(":", _FIELDS)
    if len(fields) != _FIELDS or not all(map(_SAFE.fullmatch, fields)):
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
            frozenset() if marks == _EMPTY else frozenset(map(Mark, marks.split("+"))),
        )
    except ValueError:
        return Verdict(Target.POLICE, UNREADABLE)
    if verdict.target is Target.LIVELIHOOD and verdict.key is None:
        return Verdict(Target.POLICE, UNREADABLE)  # nobody leaves the police without a key
    return verdict


def _safe(field: str | None) -> str:
    return field if field and _SAFE.fullmatch(field) else _EMPTY


def _optional(field: str) -> str | None:
    return None if field == _EMPTY else field
