"""A backup is made while calls come: what is restored and replayed audits to zero."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from db.backup.run import back_up, restore
from db.engine import make_engine, reading
from db.forwarder import Forwarder
from db.models import FeedPositionRow
from db.upgrade import newest
from reports.audit import AuditReport, audit_calls
from reports.switch_list import SwitchLeg
from reports.witnesses import cel_starts
from tests.integration.store.copies import counts, url_of
from tests.integration.store.test_forwarder import Node, calls, run

AFTER = 30  # calls at least before the backup, and after it


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.close()


def listed(many: int) -> list[SwitchLeg]:
    return [SwitchLeg(f"sip-n1-{n}@switch", None, None, None) for n in range(many)]


def audited(url: str, node: Node, many: int) -> AuditReport:
    engine = make_engine(url)
    with reading(engine) as session:
        report = audit_calls(session, listed(many), cel_starts=cel_starts(node.cel_path, "PJSIP/"))
    engine.dispose()
    return report


def replay(url: str, node: Node) -> None:
    engine = make_engine(url)
    Forwarder(node.feeds(), engine).drain()
    engine.dispose()


@dataclass(frozen=True)
class InTheMiddle:
    """had: calls in the backup. many: calls that there were in all."""

    path: Path
    had: int
    many: int


@pytest.fixture
def middle(store: Engine, node: Node, tmp_path: Path) -> InTheMiddle:
    """A backup that was made while calls came and a forwarder wrote them."""
    running = run(node, store)
    made = threading.Event()
    told: list[int] = []

    def traffic() -> None:
        while not made.is_set():
            node.tells(calls(len(told)))
            told.append(len(told))
        for _ in range(AFTER):
            node.tells(calls(len(told)))
            told.append(len(told))

    caller = threading.Thread(target=traffic)
    caller.start()
    try:
        running.until(lambda: counts(url_of(store))[0] >= AFTER, 60)  # stored, not told alone
        path, manifest = back_up(url_of(store), tmp_path)
        made.set()
        caller.join()
        running.until(lambda: counts(url_of(store))[0] == len(told), 60)
        running.until(lambda: node.feeds()[1].waiting() == 0, 60)
    finally:
        made.set()
        caller.join()
        running.end()
    return InTheMiddle(path, manifest.calls, len(told))


def test_a_store_restored_from_the_middle_of_traffic_audits_to_zero(
    node: Node, another: Callable[[], str], middle: InTheMiddle
) -> None:
    assert AFTER <= middle.had < middle.many
    url = another()
    assert restore(middle.path, url).revision == newest()
    assert counts(url)[0] == middle.had
    replay(url, node)
    report = audited(url, node, middle.many)
    assert report.clean, report.findings[:3]
    assert (report.switch, report.legs, report.calls) == (middle.many,) * 3
    assert counts(url) == (middle.many, middle.many)


def test_control_a_restored_store_that_goes_on_at_the_forwarders_old_place_has_lost_calls(
    store: Engine, node: Node, another: Callable[[], str], middle: InTheMiddle
) -> None:
    url = another()
    restore(middle.path, url)
    with reading(store) as session:
        now = session.get_one(FeedPositionRow, "cel/n1").offset
    engine = make_engine(url)
    with engine.begin() as connection:
        told = {"offset": now}
        connection.execute(text('UPDATE feed_positions SET "offset" = :offset'), told)
    engine.dispose()
    replay(url, node)
    assert audited(url, node, middle.many).count("missing") >= AFTER


def test_a_running_forwarder_that_meets_a_restored_store_reads_again_from_its_place(
    store: Engine, node: Node, tmp_path: Path, another: Callable[[], str]
) -> None:
    """A store that was away may come back as another one that knows less."""
    node.tells(calls(0))
    feeds = node.feeds()
    forwarder = Forwarder(feeds, store)
    forwarder.drain()
    path, _ = back_up(url_of(store), tmp_path / "b.tar")
    node.tells(calls(1))
    forwarder.drain()
    url = another()
    restore(path, url)
    forwarder._engine = engine = make_engine(url)
    forwarder._store_down(RuntimeError("it was away"))
    forwarder.drain()
    engine.dispose()
    assert counts(url)[0] == 2
