"""The switch's own list of calls: the proof from outside."""

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MAX_ERRORS_SHOWN = 5
# SIP 488, or the Q.850 cause that stands for it: nothing in the offer's SDP fits.
UNFIT = re.compile(r"(?<!\d)488(?!\d)|cause[ =:]*58(?!\d)", re.IGNORECASE)


class SwitchListBad(ValueError):
    """The switch's list cannot be read; the message names the file, the line and the mend."""


@dataclass(frozen=True, slots=True)
class SwitchLeg:
    """One INVITE that the switch sent us. Times are aware UTC, None where the list has none."""

    sip_call_id: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: str | None = None

    @property
    def answered(self) -> bool | None:
        """False where the list says "not answered"; None where it does not say."""
        if self.result is None:
            return None
        return not self.result.lower().startswith("not answered")

    @property
    def unfit(self) -> bool:
        """Whether the list says that we refused it for its SDP: no sound, or none that we speak."""
        return self.answered is False and bool(UNFIT.search(self.result or ""))


def read_switch_list(path: Path) -> list[SwitchLeg]:
    """CSV in UTF-8 with a header: `sip_call_id`, and perhaps started_at, ended_at, result.

    Times are ISO 8601 with a zone, or epoch seconds. A result that begins with "not answered" says
    that the INVITE may never have come to us; any other, or none, that it did.

    Raises:
        SwitchListBad: missing, unreadable, without that column, or a line that is no call.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(path, csv.DictReader(file, strict=True))
    except OSError as fault:
        mend = "name the switch's list with --switch-cdr FILE"
        raise SwitchListBad(f"{path}: {fault.strerror}; {mend}") from fault
    except UnicodeDecodeError as fault:
        raise SwitchListBad(f"{path}: not UTF-8 ({fault.reason}); export it as UTF-8") from fault


def _read(path: Path, rows: "csv.DictReader[str]") -> list[SwitchLeg]:
    try:
        names = [name.strip() for name in rows.fieldnames or []]
        if "sip_call_id" not in names:
            raise SwitchListBad(
                f"{path}:1: no column sip_call_id (found: {', '.join(names) or 'nothing'});"
                " give the file a header line with it"
            )
        rows.fieldnames = names
        return [_leg(path, rows.line_num, row) for row in rows]
    except csv.Error as fault:
        raise SwitchListBad(f"{path}:{rows.line_num}: {fault}; mend its quotes") from fault


def _leg(path: Path, line: int, row: dict[str, str]) -> SwitchLeg:
    where = f"{path}:{line}"
    sip_call_id = (row.get("sip_call_id") or "").strip()
    if not sip_call_id:
        raise SwitchListBad(f"{where}: sip_call_id is empty; give the Call-ID or drop the line")
    return SwitchLeg(
        sip_call_id,
        _time(where, "started_at", row.get("started_at")),
        _time(where, "ended_at", row.get("ended_at")),
        (row.get("result") or "").strip() or None,
    )


def _time(where: str, column: str, told: str | None) -> datetime | None:
    value = (told or "").strip()
    if not value:
        return None
    try:
        if value.replace(".", "", 1).isdecimal():
            return datetime.fromtimestamp(float(value), UTC)
        at = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        at = None
    if at is None or at.tzinfo is None:
        raise SwitchListBad(
            f"{where}: {column} {value[:40]!r} is no time with a zone;"
            " write 2026-11-23T20:26:06+00:00 or epoch seconds"
        )
    return at.astimezone(UTC)
