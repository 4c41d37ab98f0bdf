"""What the dialplan and whoever decides share: the names, and the verdict as text."""

import re
from typing import Final

from routing.model import Verdict

VERDICT: Final = "L110_VERDICT"
LANGUAGE: Final = "CHANNEL(language)"
MENU_KEYS: Final = "0123456789*#ABCD"
PROMPTS: Final = "l110/"

FIELDS: Final = ("verdict", "key", "reason", "rule_id", "rules_version", "language", "marks")
EMPTY: Final = "-"
SAFE: Final = re.compile(r"[A-Za-z0-9_.*#+-]{1,64}")


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


def decode_verdict(text: str) -> dict[str, str]:
    """What `encode_verdict` said, without what it left out; empty if it is none."""
    values = text.split(":")
    if len(values) != len(FIELDS):
        return {}
    return {name: value for name, value in zip(FIELDS, values, strict=True) if value != EMPTY}


def _safe(field: str | None) -> str:
    return field if field and SAFE.fullmatch(field) else EMPTY
