"""What our dialplan says of a test call: the events L110_TEST of the CEL file."""

import json
from dataclasses import dataclass
from pathlib import Path

from ivr.facts import decode_facts

EVENT = "L110_TEST"
FIRST, BACK = "first", "back"


@dataclass(frozen=True, slots=True)
class Told:
    """what: `came`, `refer`, `transfer`, `end`. sip, dialled: with `came` only; else empty."""

    leg: str
    what: str
    sip: str = ""
    dialled: str = ""
    status: str = ""


class Telling:
    """Follows the CEL file from its end on, for the events of one test."""

    def __init__(self, path: Path, test_id: str) -> None:
        self._path = path
        self._test_id = test_id
        self._place = path.stat().st_size if path.exists() else 0
        self.told: list[Told] = []

    def look(self) -> list[Told]:
        """What came since the last look."""
        new = [told for line in self._lines() if (told := _told(line, self._test_id))]
        self.told += new
        return new

    def has(self, leg: str, what: str) -> bool:
        return any((one.leg, one.what) == (leg, what) for one in self.told)

    def _lines(self) -> list[bytes]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._place)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._place += len(whole)
        return whole.splitlines()


def _told(line: bytes, test_id: str) -> Told | None:
    if EVENT.encode() not in line:
        return None
    try:
        facts = decode_facts(json.loads(json.loads(line)["eventextra"])["extra"])
    except (ValueError, KeyError, TypeError):
        return None
    if facts.get("test") != test_id:
        return None
    said = (facts.get(name, "") for name in ("leg_is", "what", "sip", "dialled", "status"))
    return Told(*said)
