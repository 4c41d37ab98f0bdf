"""What the forwarder tells of itself; a fault in the figures is none of the record."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from structlog.testing import capture_logs

from config.settings import Settings, load_settings
from db.engine import make_engine
from db.forwarder import Forwarder
from ivr.cel_feed import CelFeed
from routing.steps import Step
from scripts.lab.waiting import wait_until
from scripts.metrics.forward import ForwardFigures, ForwardMetrics, forward_registry
from tests.integration.store.test_forwarder import A_CALL, Node, calls, count


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.close()


@pytest.fixture
def figures() -> ForwardFigures:
    return ForwardFigures("n1")


def value(registry: CollectorRegistry, name: str) -> float | None:
    return registry.get_sample_value(name)


def test_steps_batches_and_lag_are_counted_after_the_commit(
    store: Engine, node: Node, figures: ForwardFigures
) -> None:
    node.tells(calls(1, 2))
    Forwarder(node.feeds(), store, onlooker=figures).drain()
    assert value(figures.registry, "l110_forward_steps_total") == 2 * A_CALL
    batches = value(figures.registry, "l110_forward_batch_seconds_count")
    assert batches == value(figures.registry, "l110_forward_lag_seconds_count")
    assert batches is not None
    assert batches >= 1
    assert value(figures.registry, "l110_calls_open") == 2


def test_a_store_that_is_away_is_a_round_without_a_commit(
    node: Node, figures: ForwardFigures
) -> None:
    node.tells(calls(1))
    engine = make_engine("postgresql://nobody@127.0.0.1:1/none")
    forwarder = Forwarder(node.feeds(), engine, backoff_s=(0.01, 0.01), onlooker=figures)
    stop = threading.Event()
    running = threading.Thread(target=forwarder.run, args=(stop,))
    running.start()
    name = "l110_forward_store_errors_total"
    wait_until(lambda: (value(figures.registry, name) or 0) > 1, "two failed rounds", 20)
    stop.set()
    running.join()
    engine.dispose()
    assert value(figures.registry, "l110_forward_steps_total") == 0


class Breaks:
    def stored(self, steps: Sequence[Step], took_s: float) -> None:
        raise RuntimeError("no figures today")

    def store_failed(self) -> None: ...


def test_figures_that_fail_are_said_and_cost_no_step(store: Engine, node: Node) -> None:
    node.tells(calls(1))
    with capture_logs() as logs:
        Forwarder(node.feeds(), store, onlooker=Breaks()).drain()
    assert count(store) == (1, 1, A_CALL)
    assert "figures.failed" in [line["event"] for line in logs]
    assert node.feeds()[1].waiting() == 0


@pytest.fixture
def settings(node: Node, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("L110_VAR_DIR", str(node.journal_path.parent))
    monkeypatch.setenv("L110_RECORDS__CEL_FILE", str(node.cel_path))
    return load_settings()


def test_what_waits_is_told_by_its_own_place_also_without_a_store(
    store: Engine, node: Node, settings: Settings, figures: ForwardFigures
) -> None:
    cel, journal = node.feeds()
    assert isinstance(cel, CelFeed)
    metrics = ForwardMetrics(settings, cel)
    registry = forward_registry(figures, metrics)
    assert value(registry, "l110_forward_store_up") == 0
    node.tells(calls(1))
    assert value(registry, "l110_forward_backlog_steps") == 2
    assert value(registry, "l110_forward_cel_behind_bytes") == node.cel_path.stat().st_size
    metrics.forwarder = Forwarder([cel, journal], store, onlooker=figures)
    metrics.forwarder.drain()
    assert value(registry, "l110_forward_store_up") == 1
    assert value(registry, "l110_forward_backlog_steps") == 0
    assert value(registry, "l110_forward_cel_behind_bytes") == 0
    node.writes(b"{broken\n")
    metrics.forwarder.drain()
    assert value(registry, "l110_forward_quarantined_total") == 1
