"""The pages of a process that works in threads, and its figures before anything has happened."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prometheus_client import Counter, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families as opened
from prometheus_client.parser import text_string_to_metric_families as plain
from structlog.testing import capture_logs

from routing.model import Target, Verdict
from scripts.http_page import fetch
from scripts.metrics.bridge import BridgeFigures
from scripts.metrics.keeper import KeeperFigures
from scripts.metrics.pages import Beat, PagesThread, metric_pages, new_registry


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(pages) -> Iterator[int]:
    port = free_port()
    thread = PagesThread(pages, "127.0.0.1", port)
    thread.start()
    try:
        yield port
    finally:
        thread.stop()


def page(port: int, path: str) -> tuple[int, str]:
    return asyncio.run(fetch("127.0.0.1", port, path, 2))


def test_both_forms_are_what_their_readers_expect_and_one_has_exemplars():
    registry = new_registry()
    Counter("l110_things", "things", registry=registry).inc()
    times = Histogram("l110_time_seconds", "times", registry=registry)
    times.observe(0.2, {"call_id": "20261123T202606Z-n1-7-00000007"})
    with served(metric_pages(registry)) as port:
        (status, text), (_, open_text) = page(port, "/metrics"), page(port, "/openmetrics")
    assert status == 200
    names = {family.name for family in plain(text)}
    assert {"l110_things", "l110_time_seconds", "process_resident_memory_bytes"} <= names
    assert {family.name for family in opened(open_text)} == names
    assert "00000007" not in text
    assert 'call_id="20261123T202606Z-n1-7-00000007"' in open_text
    assert "_created" not in text


def test_a_process_that_comes_round_no_more_is_not_healthy():
    beat = Beat(60)
    with served({"/healthz": beat.healthz}) as port:
        assert page(port, "/healthz") == (200, "ok\n")
    stopped = Beat(-1)
    with served({"/healthz": stopped.healthz}) as port:
        assert page(port, "/healthz")[0] == 503
        stopped.now()
        assert page(port, "/nowhere")[0] == 404


def test_a_port_that_is_taken_is_said_and_holds_up_nobody():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with capture_logs() as logs:
            thread = PagesThread({}, "127.0.0.1", held.getsockname()[1])
            thread.start()
            thread.stop()
    assert [line["event"] for line in logs] == ["health.no_port"]


def test_when_it_is_stopped_its_port_is_free_again():
    with served({}) as port:
        pass
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_a_process_has_its_series_before_it_is_started_anew_for_the_first_time():
    figures = KeeperFigures()
    figures.seen({"ivr": True, "forward": False}, {"forward": "not up for 5 s"})
    value = figures.registry.get_sample_value
    assert value("l110_process_restarts_total", {"process": "ivr"}) == 0
    assert value("l110_process_killed_total", {"process": "ivr"}) == 0
    assert value("l110_process_up", {"process": "forward"}) == 0
    assert value("l110_process_failing", {"process": "forward"}) == 1
    figures.restarted("ivr")
    figures.killed("ivr")
    assert value("l110_process_restarts_total", {"process": "ivr"}) == 1
    assert value("l110_process_killed_total", {"process": "ivr"}) == 1


@pytest.mark.parametrize("target", list(Target))
def test_a_verdict_is_counted_by_where_it_sends_and_why(target):
    figures = BridgeFigures()
    for _ in range(3):
        figures.decided(Verdict(target, reason="rule"), 2.5)
    value = figures.registry.get_sample_value
    assert value("l110_verdicts_total", {"target": target.value, "reason": "rule"}) == 3
    assert value("l110_intake_seconds_sum", {"target": target.value}) == 7.5
