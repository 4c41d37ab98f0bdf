"""The facts of a call as one query string: the argument of AGI and the extra of a CEL event."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

MAX_LENGTH: Final = 8 * 1024
MAX_FIELDS: Final = 64


def encode_facts(facts: Mapping[str, str]) -> str:
    """`k=v&k=v`, both percent-encoded; raw bytes travel as surrogate escapes."""
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in facts.items())


def decode_facts(text: str) -> dict[str, str]:
    """Read what can be read; never raises.

    A plus sign is a plus sign (a number begins with it), not a space. Of a key given twice the
    first wins. A field without `=` or without a name is left out, so are fields past the 64th;
    a text over 8 kB holds no facts at all.
    """
    facts: dict[str, str] = {}
    if len(text) > MAX_LENGTH:
        return facts
    for field in text.split("&", MAX_FIELDS)[:MAX_FIELDS]:
        name, separator, value = field.partition("=")
        if separator and name:
            facts.setdefault(_unquoted(name), _unquoted(value))
    return facts


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def _unquoted(text: str) -> str:
    return unquote(text, errors="surrogateescape") if "%" in text else text
