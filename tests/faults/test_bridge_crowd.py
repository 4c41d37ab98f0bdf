"""The bridge with many at once: killed under two hundred calls, and half-open connections."""

import asyncio
import select
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from db.models import CallRow
from ivr.server import AgiServer, Limits
from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab import sipp
from scripts.lab.callers import Action, Press, Stay, Wait, caller
from scripts.lab.feed import read_events
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.promise import POLICE_WITHIN_S
from scripts.lab.seats import seat
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.waiting import wait_until
from tests.real_asterisk.protections import VERDICT_ASKED
from tests.real_asterisk.system import Records, node_alone
from tests.seen import menu_s

LOST, HANDED_OVER, HALF_OPEN = 180, 20, 1000
# Such crowds on one Asterisk cost 62, 26, 25, 21 and 10 MB more: its heap grows to its size.
SPARE_KB = 64 * 1024
POLICE = tuple(f"8{n:03d}" for n in range(1, 201))
LIVELIHOOD = tuple(f"7{n:03d}" for n in range(1, 31))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    root = tmp_path_factory.mktemp("crowd")
    everybody = "[admission]\nnew_calls_per_s = 0\n"  # they come at 100 a second
    told = {"lines": 300, "police": POLICE, "livelihood": LIVELIHOOD, "settings": everybody}
    with node_alone(root, 105, **told) as records:
        ask(records.node.home, "dialplan set global L110_FALLBACK /nowhere/fallback")
        host = records.node.settings.sip.switch_host
        seats = sipp.answer(root, "seats", seat(0.1, 1.0), at=Endpoint(host, 5060, 50000))
        try:
            warm_up(records)
            yield records
        finally:
            seats.stop()


def warm_up(records: Records) -> None:
    """As many at once as later: what a first crowd makes Asterisk take is no leak."""
    everybody = LOST + HANDED_OVER
    assert crowd(records, 9, everybody, [Stay(60)]).wait(90)
    ended(records, 9, everybody)


def crowd(records: Records, stream: int, calls: int, actions: Sequence[Action]) -> Sipp:
    """So many callers who all do the same; their numbers begin with 138 and the stream."""
    sip = records.node.settings.sip
    return sipp.call(
        records.node.settings.var.parent / "sipp",
        f"crowd-{stream}",
        caller(actions, key_by_info=True),
        at=Endpoint(sip.switch_host, 7000 + stream, 40000 + 1000 * stream),
        to=f"{sip.host}:{sip.port}",
        dial="110",
        people=[Person(f"138{stream:02d}{n:06d}") for n in range(calls)],
        per_second=100,
    )


@contextmanager
def killed_bridge(records: Records) -> Iterator[float]:
    at = time.time()
    records.node.processes["ivr"].signal(signal.SIGKILL)
    try:
        yield at
    finally:
        records.node.restart("ivr")
        ask(records.node.home, "dialplan set global L110_DOWN_1 0")


def rows_of(records: Records, stream: int) -> list[CallRow]:
    return [row for row in records.calls() if (row.caller or "").startswith(f"138{stream:02d}")]


def ended(records: Records, stream: int, calls: int) -> list[CallRow]:
    def all_ended() -> list[CallRow]:
        rows = rows_of(records, stream)
        return rows if len(rows) >= calls and all(row.ended_at for row in rows) else []

    return wait_until(all_ended, f"{calls} rows of stream {stream}", 90)


def moved_at(records: Records, name: str) -> dict[str, float]:
    """When each call was first told by that name: epoch seconds by the call's id."""
    events = read_events(records.node.settings.cel_path)
    return {e.facts["call"]: e.at for e in reversed(events) if e.name == name}


@pytest.mark.fault("10", how="kill -9 with 180 calls in the menu and 20 just handed over")
def test_of_two_hundred_calls_whose_bridge_is_killed_none_is_lost(
    node: Records, told: Finding
) -> None:
    before = footprint(node.node)
    over = crowd(node, 1, HANDED_OVER, [Press("2"), Wait(1), Press("1"), Stay(60)])
    wait_until(lambda: len(moved_at(node, "L110_RELEASED")) == HANDED_OVER, "the releases", 20)
    begun = len(moved_at(node, "L110_START"))
    lost = crowd(node, 2, LOST, [Stay(60)])
    wait_until(lambda: len(moved_at(node, "L110_START")) == begun + LOST, "180 calls", 10)
    with killed_bridge(node) as at:
        assert lost.wait(90), lost.complaint()
        assert over.wait(60), over.complaint()
    rows, released = ended(node, 2, LOST), ended(node, 1, HANDED_OVER)
    assert Counter((r.verdict, r.reason, r.outcome) for r in rows) == {
        ("police", "bridge-lost", "talked-to-police"): LOST
    }
    assert Counter((r.verdict, r.reason, r.outcome) for r in released) == {
        ("livelihood", "rule", "talked-to-livelihood"): HANDED_OVER
    }
    queued, seats = moved_at(node, "L110_QUEUED"), moved_at(node, "L110_SEAT")
    to_queue = max(queued[row.call_id] for row in rows) - at
    talks = sorted(seats[row.call_id] - at for row in rows)
    assert to_queue < POLICE_WITHIN_S
    assert talks[-1] < POLICE_WITHIN_S + menu_s()
    told.caller.append(
        f"all {LOST} in the police queue {1000 * to_queue:,.0f} ms after the kill; a seat answered "
        f"the first after {1000 * talks[0]:,.0f} ms, the middle one after "
        f"{1000 * talks[len(talks) // 2]:,.0f} ms, the last after {1000 * talks[-1]:,.0f} ms"
    )
    told.records.append(f"{LOST} rows police, bridge-lost; {HANDED_OVER} rows livelihood, rule")
    told.leaks.append(wait_until_nothing_leaks(node.node, before, memory_spare_kb=SPARE_KB))


@pytest.mark.control("10", without="the verdict as the only truth: AGISTATUS is believed")
def test_control_where_agistatus_is_believed_the_crowd_is_lost(
    node: Records, told: Finding
) -> None:
    for n in range(20):
        VERDICT_ASKED.take_out(node.node.home, f"13803{n:06d}")
    before = len(moved_at(node, "L110_START"))
    lost = crowd(node, 3, 20, [Stay(60)])
    wait_until(lambda: len(moved_at(node, "L110_START")) == before + 20, "20 calls", 10)
    with killed_bridge(node):
        lost.wait(30)
    rows, seats = ended(node, 3, 20), moved_at(node, "L110_SEAT")
    assert [row for row in rows if row.call_id in seats] == []
    told.caller.append("none of twenty reached a seat")


def open_many(where: tuple[str, int], count: int) -> list[socket.socket]:
    """Connections that begin an environment and do not end it."""
    opened = []
    for _ in range(count):
        one = socket.create_connection(where, timeout=5)
        one.sendall(b"agi_network: yes\n")
        opened.append(one)
    return opened


def closed(connection: socket.socket) -> bool:
    """Whether the other side has ended it."""
    ready = select.poll()  # not select(): a worker's files are numbered beyond its 1,024
    ready.register(connection, select.POLLIN)
    if not ready.poll(0):
        return False
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.fault("11", how="1,000 connections that send half an environment")
def test_a_thousand_half_open_connections_keep_no_caller_waiting(
    node: Records, told: Finding
) -> None:
    before, agi = footprint(node.node), node.node.settings.agi
    callers = crowd(node, 4, 20, [Wait(0.5), Press("1"), Stay(30)])
    opened, began = open_many((agi.host, agi.port), HALF_OPEN), time.monotonic()
    late = crowd(node, 5, 20, [Wait(0.5), Press("1"), Stay(30)])
    wait_until(lambda: all(closed(one) for one in opened), "each of them to be closed", 15)
    took_s = time.monotonic() - began
    for one in opened:
        one.close()
    assert callers.wait(60), callers.complaint()
    assert late.wait(60), late.complaint()
    rows = [*ended(node, 4, 20), *ended(node, 5, 20)]
    assert Counter((r.verdict, r.reason, r.bridge) for r in rows) == {
        ("police", "rule", "seen"): 40
    }
    told.caller.append("40 callers heard the menu and reached a seat by their key")
    told.records.append("40 rows police, rule, bridge seen")
    leaks = wait_until_nothing_leaks(node.node, before)
    told.leaks.append(f"each closed within {took_s:.1f} s; {leaks}")


@pytest.mark.control("11", without="the limit of 2 s for an environment, and that of connections")
def test_control_without_its_limits_the_server_keeps_them(told: Finding) -> None:
    async def scene() -> int:
        server = AgiServer({}, Limits(connections=9999, environment_within_s=600))
        port = await server.start(port=0)
        opened = await asyncio.to_thread(open_many, ("127.0.0.1", port), 100)
        await asyncio.sleep(5)
        kept = sum(not closed(one) for one in opened)
        for one in opened:
            one.close()
        await server.stop()
        return kept

    assert asyncio.run(scene()) == 100
    told.leaks.append("100 of 100 connections were open after 5 s")
