"""What the log of a node's Asterisk must never say, whatever was played."""

from collections.abc import Collection, Sequence
from pathlib import Path

# The dialplan names what no loaded module provides, or a held caller is to hear what nobody has:
# calls go on, with nothing in its place.
NEVER = ("not registered", "No application '", "Music on Hold class")


def complaints(log: Path, allowed: Collection[str] = ()) -> Sequence[str]:
    """The lines that must not be there; a control may allow those that name what it took away."""
    if not log.exists():
        return ()
    lines = log.read_text(errors="replace").splitlines()
    bad = (line for line in lines if any(words in line for words in NEVER))
    return [line for line in bad if not any(name in line for name in allowed)]
