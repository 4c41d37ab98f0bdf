"""What the tests of faults saw, one file each, so that several processes may write at once."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Finding:
    """Of one test.

    numbers: of the catalogue. control: the same test with a protection off, which must go red;
    `how` then says what was taken out. caller, records, leaks: what was seen, in words.
    skipped: why it did not run.
    """

    test: str
    numbers: tuple[str, ...]
    control: bool
    how: str
    caller: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    passed: bool = False
    skipped: str = ""
    seconds: float = 0.0
    at: str = ""


def keep(folder: Path, finding: Finding) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(finding.test.encode()).hexdigest()[:16]
    (folder / f"{name}.json").write_text(json.dumps(asdict(finding), ensure_ascii=False, indent=1))


def read(folder: Path) -> list[Finding]:
    """In the order of the tests' names."""
    told: Iterable[dict[str, object]] = (
        json.loads(path.read_text()) for path in folder.glob("*.json")
    )
    found = [Finding(**{**one, "numbers": tuple(one["numbers"])}) for one in told]  # type: ignore[arg-type]
    return sorted(found, key=lambda finding: finding.test)
