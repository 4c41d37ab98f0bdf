"""What is fuzzed: each target eats bytes, and raises only where it is wrong."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from ivr.cdr import read_cdr
from ivr.cel import CelLineBad, parse_line, second_half
from ivr.cel_feed import CelFeed
from ivr.errors import AgiCommandRefused
from ivr.facts import decode_facts, encode_facts
from ivr.wire import Event, Wire, encode
from reports.switch_list import SwitchListBad, read_switch_list
from routing.rules import RuleSetRejected, parse_rules

Eats = Callable[[bytes], None]
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


def of_a_file(read: Callable[[Path], None]) -> Eats:
    """The target writes its bytes into a file of this process."""

    def eat(data: bytes) -> None:
        path = Path(gettempdir()) / f"l110-fuzz-{os.getpid()}"
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
    "facts": facts,
    "cdr": of_a_file(_cdr),
    "switch-list": of_a_file(_switch_list),
}
