"""What the forwarder's protections keep away: the same with each of them taken out."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.forwarder import Batch, Forwarder
from ivr.cel import CelLineBad, parse_line
from ivr.cel_feed import CelBatch, CelFeed, Line
from scripts.chaos.findings import Finding
from tests.integration.store.test_forwarder import A_CALL, Node, calls, count


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.close()


@pytest.mark.control("B53", without="the quarantine: a bad line is an error like any other")
def test_control_without_the_quarantine_a_bad_line_holds_up_every_call_behind_it(
    store: Engine, node: Node, monkeypatch: pytest.MonkeyPatch, told: Finding
) -> None:
    def take(_: CelFeed, line: Line, batch: CelBatch) -> None:
        if step := parse_line(line.raw, "n1"):
            batch.steps.append(step)

    monkeypatch.setattr(CelFeed, "_take", take)
    node.writes(b"\xff{broken\n")
    node.tells(calls(1))
    for _ in range(2):
        with pytest.raises(CelLineBad):
            Forwarder(node.feeds(), store).drain()
    assert count(store) == (0, 0, 0)
    told.records.append("0 rows of the call behind it, however often it is tried")


class Killed(BaseException):
    """As SIGKILL: nothing of ours catches it."""


@pytest.mark.control("57", without="the store's COMMIT first: killed after a feed went on")
def test_control_a_forwarder_that_goes_on_before_it_has_stored_loses_what_it_held(
    store: Engine, node: Node, monkeypatch: pytest.MonkeyPatch, told: Finding
) -> None:
    forwarder = Forwarder(node.feeds(), store)

    def goes_on_first(batches: Mapping[str, Batch]) -> None:
        for feed in forwarder._feeds:
            if feed.name in batches:
                feed.committed(batches[feed.name])
        raise Killed

    monkeypatch.setattr(forwarder, "_store", goes_on_first)
    node.tells(calls(1, 2))
    with pytest.raises(Killed):
        forwarder.drain()
    Forwarder(node.feeds(), store).drain()
    lost = 2 * A_CALL - count(store)[2]
    assert lost > 0
    told.records.append(f"{lost} of {2 * A_CALL} steps lost by one kill")
