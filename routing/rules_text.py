"""From the bytes of a rules file to a TOML table, whatever the bytes are."""

import re
import tomllib
from typing import Any

from routing.problems import Problem, RuleSetRejected
from routing.toml_lines import line_of_nesting, skeleton

MAX_BYTES = 64 * 1024
MAX_DEPTH = 8
UTF8_BOM, UTF16_BOMS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


def decoded(text: str | bytes, source: str) -> str:
    """The file as text.

    Raises:
        RuleSetRejected: too large, with a byte order mark, or not UTF-8.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    if len(raw) > MAX_BYTES:
        raise _rejected(
            source, 1, f"{len(raw)} bytes; a rules file has at most {MAX_BYTES} (64 kB): shorten it"
        )
    if raw.startswith(UTF16_BOMS):
        raise _rejected(source, 1, "saved as UTF-16: save it as UTF-8 without a byte order mark")
    if raw.startswith(UTF8_BOM):
        raise _rejected(
            source, 1, "begins with a byte order mark (BOM): save it as UTF-8 without one"
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _rejected(source, raw.count(b"\n", 0, error.start) + 1, _encoding(raw)) from error


def table_of(text: str, source: str) -> dict[str, Any]:
    """The file as a TOML table, at most `MAX_DEPTH` deep.

    Raises:
        RuleSetRejected: nested too deep, or no TOML.
    """
    line = line_of_nesting(skeleton(text), MAX_DEPTH)
    if line is not None:
        raise _too_deep(source, line)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise _too_deep(source, 1) from error
    except ValueError as error:  # TOMLDecodeError, and an integer of thousands of digits
        raise _syntax(source, text, str(error)) from error


def _too_deep(source: str, line: int) -> RuleSetRejected:
    return _rejected(source, line, f"nested deeper than {MAX_DEPTH}: rules need no such nesting")


def _syntax(source: str, text: str, message: str) -> RuleSetRejected:
    place = TOML_PLACE.search(message)
    line = int(place.group(1)) if place else text.rstrip().count("\n") + 1
    return _rejected(source, line, f"not valid TOML: {TOML_PLACE.sub('', message)[:200]}")


def _encoding(raw: bytes) -> str:
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return "not UTF-8: save the file as UTF-8"
    return "not UTF-8, it looks like GBK: save the file as UTF-8"


def _rejected(source: str, line: int, message: str) -> RuleSetRejected:
    return RuleSetRejected((Problem(source, line, "", message),))
