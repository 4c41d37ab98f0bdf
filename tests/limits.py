"""The limits of admission on a node that runs, and its dialplan with a line changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from scripts.asterisk_console import ask
from scripts.lab.node import Node
from scripts.lab.waiting import wait_until

OFF = 1_000_000


def set_limits(
    node: Node, *, freely: int, per_number: int = OFF, per_10_min: int = OFF, new: int = OFF
) -> None:
    """freely: lines that are not reserved. Counts and the memory of a flood begin anew."""
    values = {
        "LINES_FREELY": freely,
        "PER_NUMBER": per_number,
        "PER_10_MIN": per_10_min,
        "NEW_PER_S": new,
        "NEW_AT": 0,
        "FLOOD_UNTIL": 0,
    }
    for name, value in values.items():
        ask(node.home, f"dialplan set global L110_{name} {value}")


@contextmanager
def dialplan_changed(node: Node, file: str, old: str, new: str) -> Iterator[None]:
    """For controls: a piece of the node's own dialplan is another one, for a while.

    A reload sets the limits of the settings: set others inside, and after.
    """
    path = node.home.etc / "l110" / file
    kept = path.read_text()
    assert kept.count(old) == 1, f"{old!r} stands {kept.count(old)} times in {file}"
    path.write_text(kept.replace(old, new))
    ask(node.home, "dialplan reload")
    try:
        yield
    finally:
        path.write_text(kept)
        ask(node.home, "dialplan reload")


def within_ten_minutes(seconds: float) -> None:
    """Return when the ten minutes of the clock in which calls are counted last so long still."""
    wait_until(lambda: _left_s() > seconds, "the next ten minutes to begin", seconds + 5)


def _left_s() -> float:
    now = datetime.now(UTC)
    return 600.0 - (now.minute % 10 * 60 + now.second + now.microsecond / 1e6)
