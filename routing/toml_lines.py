"""Line numbers for a TOML text: tomllib tells them for syntax errors only, an admin needs them all.

Everything here runs in linear time on any text, before tomllib does: deeply nested or endlessly
dotted input would cost tomllib its stack or minutes.
"""

import re
from collections import Counter

# An unclosed string runs to its end of line (or of the text), so every quote matches at once.
STRING_OR_COMMENT = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"{3,5}|\\?\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*",
    re.DOTALL,
)
BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def skeleton(text: str) -> list[str]:
    """The lines of `text` without comments and with each string reduced to a bare word."""
    return STRING_OR_COMMENT.sub(_reduce, text).split("\n")


def line_of_nesting(lines: list[str], limit: int) -> int | None:
    """The first line (from 1) where brackets or dotted names go deeper than `limit`."""
    depth = dots = 0
    for number, line in enumerate(lines, start=1):
        dots = 0
        for char in line:
            if char in "[{":
                depth += 1
                dots = 0
            elif char in "]}":
                depth = max(depth - 1, 0)
            elif char == ".":
                dots += 1
            elif char in "=,":
                dots = 0
            if depth > limit or dots > limit:
                return number
    return None


def field_lines(lines: list[str]) -> dict[str, int]:
    """Where each table and field stands: `menu`, `menu.language`, `rule[2]`, `rule[2].key`.

    Tables of a list count from 1, as a reader of the file would.
    """
    found: dict[str, int] = {}
    seen: Counter[str] = Counter()
    table, depth = "", 0
    for number, line in enumerate(lines, start=1):
        bare = line.strip()
        if depth == 0 and bare.startswith("["):
            table = _table(bare, seen)
            found.setdefault(table, number)
            continue
        if depth == 0 and "=" in bare:
            name = _joined(bare.partition("=")[0])
            found.setdefault(f"{table}.{name}" if table else name, number)
        depth += sum(map(bare.count, "[{")) - sum(map(bare.count, "]}"))
        depth = max(depth, 0)
    return found


def _table(header: str, seen: Counter[str]) -> str:
    name = _joined(header.strip("[] \t"))
    if not header.startswith("[["):
        return name
    seen[name] += 1
    return f"{name}[{seen[name]}]"


def _joined(dotted: str) -> str:
    return ".".join(part.strip() for part in dotted.split("."))


def _reduce(match: re.Match[str]) -> str:
    token = match.group()
    if token.startswith("#"):
        return ""
    inner = token.strip("\"'")
    return inner if BARE.match(inner) else "_" + "\n" * token.count("\n")
