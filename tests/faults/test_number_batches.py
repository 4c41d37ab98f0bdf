"""Callers' numbers through the real dialplan, a batch of changed seeds as in the fuzzing."""

import random
from collections.abc import Iterator, Mapping
from urllib.parse import quote_from_bytes

import pytest

from db.models import CallRow
from routing.texts import NUMBER
from scripts.chaos.findings import Finding
from scripts.fuzzing.mutate import SEEDS, mutated, seeds_of
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.sip_message import Message
from scripts.lab.waiting import wait_until
from tests.faults.raw_sip import RawSip, raw_sip
from tests.real_asterisk.system import Records, node_alone

BATCH, LONGEST = 200, 60
ODD = [
    b"\x11800000001",
    b"unknown",
    b"+110",
    b"1" * 21,
    b"138 0000 0001",
    b"%",
    b"\0",
    b"13800000001\0x",
    b"13800000001;x=1",
    "１１０".encode(),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    settings = "[selftest]\nevery_s = 0\n"
    with node_alone(tmp_path_factory.mktemp("numbers"), 198, lines=8, settings=settings) as records:
        yield records


def batch() -> list[bytes]:
    """Half of them the seeds and changed seeds, half changed numbers."""
    dice, seeds = random.Random(110), seeds_of(SEEDS / "numbers")
    plain = [seed for seed in seeds if seed.isdigit()]
    changed = [mutated(dice, dice.choice((seeds, plain)))[:LONGEST] for _ in range(2 * BATCH)]
    return list(dict.fromkeys(number for number in [*ODD, *seeds, *changed] if number))[:BATCH]


def call(switch: RawSip, number: bytes) -> str:
    """A call of the switch under this number, ended at once; its Call-ID."""
    switch.heard.clear()
    invite = switch.invite(quote_from_bytes(number, safe=""))
    switch.say(invite.encode())
    assert switch.final() == 200, number
    answer: Message = next(m for m in switch.heard if m.status == 200)
    switch.hang_up(invite, answer)
    assert switch.final() == 200, number
    return invite.get("Call-ID")


def rows(records: Records) -> Mapping[str | None, CallRow]:
    """Finished calls by the switch's Call-ID."""
    ended = {row.call_id: row for row in records.calls() if row.ended_at}
    return {leg.sip_call_id: ended[leg.call_id] for leg in records.legs() if leg.call_id in ended}


def kept(row: CallRow) -> tuple[str | None, str | None]:
    return row.caller, row.caller_raw_hex


def should_be(number: bytes) -> tuple[str, str | None]:
    """To Asterisk a number ends before a NUL, as text in C does, and before SIP's `;parameters`."""
    read = number.partition(b"\0")[0].partition(b";")[0]
    text = read.decode("utf-8", "surrogateescape")
    return (text, None) if NUMBER.match(text) else ("unknown", read.hex() or None)


def test_a_caller_of_any_number_is_served_and_is_himself_or_unknown_with_his_bytes(
    records: Records, told: Finding
) -> None:
    sip = records.node.settings.sip
    before = footprint(records.node)
    with raw_sip(sip.switch_host, (sip.host, sip.port)) as switch:
        sent = {call(switch, number): number for number in batch()}
    wait_until(lambda: set(sent) <= set(rows(records)), "every row", 30)
    found = rows(records)
    wrong = {n: kept(found[c]) for c, n in sent.items() if kept(found[c]) != should_be(n)}
    assert wrong == {}
    good = sum(row.caller != "unknown" for row in found.values())
    told.caller.append(f"{len(sent)} numbers: each call answered")
    told.records.append(f"{good} as they came, {len(sent) - good} unknown with their bytes")
    told.leaks.append(wait_until_nothing_leaks(records.node, before))
