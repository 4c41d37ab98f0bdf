"""What is fuzzed: each target eats bytes, and raises only where it is wrong."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from tempfile import gettempdir

from ivr.cdr import read_cdr
from ivr.cel import CelLineBad, parse_line, second_half
from ivr.cel_feed import CelFeed
from ivr.errors import AgiCommandRefused
from ivr.facts import decode_facts, encode_facts
from ivr.wire import Event, Wire, encode
from reports.masking import mask_number
from reports.switch_list import SwitchListBad, read_switch_list
from routing.rules import RuleSetRejected, parse_rules
from routing.steps import Step, StepKind
from routing.story import fold
from routing.texts import CONTROL
from scripts.fuzzing.tables import csv_table, xlsx_sheet, xlsx_table
from scripts.watch.security import (
    AT_MANAGER,
    SIP_NAMES_TRIED,
    SIP_OF_OURS,
    SIP_OF_STRANGERS,
    Guesses,
)
from tickets.deadline_problems import DeadlineRulesRejected
from tickets.deadline_rules import parse_deadlines

Eats = Callable[[bytes], None]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = re.compile(r"\+?[0-9]{3,20}")
MEMORY = Path("/dev/shm")
FOLDER = MEMORY if os.access(MEMORY, os.W_OK) else Path(gettempdir())  # no disk to wait for
LIMIT = 1000  # steps of one batch of the feed


def agi(data: bytes) -> None:
    """In pieces the events are the same as in one."""
    whole, cut = Wire().feed(data), len(data) // 2
    wire = Wire()
    parts = wire.feed(data[:cut]) + wire.feed(data[cut:])
    if _shown(parts) != _shown(whole):
        raise AssertionError("pieces give other events")
    with suppress(AgiCommandRefused):
        line = encode("EXEC", data.decode("utf-8", "surrogateescape"))
        if line.count(b"\n") != 1:
            raise AssertionError("a command of more than one line")


def _shown(events: list[Event]) -> list[str]:
    """An error's text names what was left of its line, so only its kind counts."""
    return [repr(type(e)) if isinstance(e, Exception) else repr(e) for e in events]


def cel(data: bytes) -> None:
    for line in (data, second_half(data)):
        with suppress(CelLineBad):
            if line is not None:
                parse_line(line, "n1")


def rules(data: bytes) -> None:
    try:
        parse_rules(data, "rules.toml")
    except RuleSetRejected as refused:
        if not refused.problems or any(problem.line < 1 for problem in refused.problems):
            raise AssertionError("refused without a line") from refused


def deadlines(data: bytes) -> None:
    try:
        parse_deadlines(data, "deadlines.toml")
    except DeadlineRulesRejected as refused:
        if not refused.problems or any(problem.line < 1 for problem in refused.problems):
            raise AssertionError("refused without a line") from refused


def facts(data: bytes) -> None:
    """What was read can be written and read again: the same bytes, if not the same surrogates."""
    read = decode_facts(data.decode("utf-8", "surrogateescape"))
    written = encode_facts(read)
    if len(written) <= 8192 and _raw(decode_facts(written)) != _raw(read):
        raise AssertionError("not the same when written again")


def _raw(facts: Mapping[str, str]) -> dict[bytes, bytes]:
    return {
        name.encode("utf-8", "surrogateescape"): value.encode("utf-8", "surrogateescape")
        for name, value in facts.items()
    }


def numbers(data: bytes) -> None:
    """Whatever a caller's number is, the record has 3 to 20 digits or `unknown` and its bytes."""
    text = data.decode("utf-8", "surrogateescape")
    told = decode_facts(encode_facts({"caller": text, "name": text, "named": text}))
    call = fold([Step("e", StepKind.START, "n1", "n1-1.1", "call", EPOCH, dict(told))]).call
    if call is None:
        raise AssertionError("a call without a story")
    _clean(call.caller, text)
    nameless = data in (b"", b"unknown")  # the dialplan's own word for a number that is none
    kept = bytes.fromhex(call.caller_raw_hex or "")
    if call.caller == "unknown" and kept != data and not nameless:
        raise AssertionError("unknown, and its bytes are gone")
    if any(not character.isprintable() for character in mask_number(call.caller)):
        raise AssertionError("shown with what is no text")
    if call.caller_name and CONTROL.search(call.caller_name):
        raise AssertionError("a name with control characters")


def _clean(caller: str | None, text: str) -> None:
    if DIGITS.fullmatch(text):
        if caller != text:
            raise AssertionError("a good number is lost")
    elif caller not in (None, "unknown"):
        raise AssertionError("neither his number nor unknown")


def asterisk_log(data: bytes) -> None:
    """Every kind of line that the watch looks for; an address is one, or the line is none."""
    lines = data.decode("utf-8", "replace").split("\n")
    for kind in (AT_MANAGER, SIP_OF_STRANGERS, SIP_OF_OURS, SIP_NAMES_TRIED):
        for address in Guesses(1, kind).take(lines, 0):
            ip_address(address)


def of_a_file(read: Callable[[Path], None]) -> Eats:
    """The target writes its bytes into a file of this process."""

    def eat(data: bytes) -> None:
        path = FOLDER / f"l110-fuzz-{os.getpid()}"
        path.write_bytes(data)
        try:
            read(path)
        finally:
            path.unlink()

    return eat


def _feed(path: Path) -> None:
    feed = CelFeed(path, "n1", settle_s=0)
    batch = feed.next_batch(LIMIT)
    feed.committed(batch)
    feed.close()
    if batch.bytes_read > path.stat().st_size:
        raise AssertionError("read more than there is")


def _cdr(path: Path) -> None:
    list(read_cdr(path))


def _switch_list(path: Path) -> None:
    with suppress(SwitchListBad):
        read_switch_list(path)


TARGETS: Mapping[str, Eats] = {
    "agi": agi,
    "cel": cel,
    "feed": of_a_file(_feed),
    "rules": rules,
    "deadlines": deadlines,
    "facts": facts,
    "cdr": of_a_file(_cdr),
    "switch-list": of_a_file(_switch_list),
    "numbers": numbers,
    "asterisk-log": asterisk_log,
    "csv-table": of_a_file(csv_table),
    "xlsx-table": of_a_file(xlsx_table),
    "xlsx-sheet": of_a_file(xlsx_sheet),
}
