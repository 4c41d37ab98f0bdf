"""The figures of one process and the pages that show them."""

import asyncio
import threading
import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics import exposition
from prometheus_client.registry import Collector

from scripts.http_page import Page, Pages, PageServer

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def new_registry(*collectors: Collector) -> CollectorRegistry:
    """With the figures of the process itself: its CPU, memory, open files and start."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for collector in collectors:
        registry.register(collector)
    return registry


def metric_pages(registry: CollectorRegistry) -> Pages:
    """`/metrics` is the plain form, which everybody reads; `/openmetrics` has calls' ids too."""

    async def metrics() -> Page:
        return Page((await asyncio.to_thread(generate_latest, registry)).decode())

    async def openmetrics() -> Page:
        body = await asyncio.to_thread(exposition.generate_latest, registry)
        return Page(body.decode(), kind=OPENMETRICS)

    return {"/metrics": metrics, "/openmetrics": openmetrics}


def gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, float(value))


class Beat:
    """When a process that has no loop of its own last came round."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._at_s = time.monotonic()

    def now(self) -> None:
        self._at_s = time.monotonic()

    async def healthz(self) -> Page:
        late_s = time.monotonic() - self._at_s
        if late_s <= self._most_s:
            return Page("ok\n")
        return Page(f"late by {late_s:.0f} s\n", "503 Service Unavailable")


class PagesThread:
    """Health pages beside a process that works in threads."""

    def __init__(self, pages: Pages, host: str, port: int) -> None:
        self._server = PageServer(pages)
        self._at = host, port
        self._stop: Callable[[], object] = lambda: None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)

    def start(self) -> None:
        """Returns when somebody listens, or when the port is not to be had, which is logged."""
        self._thread.start()
        self._started.wait(5)

    def stop(self) -> None:
        self._stop()
        self._thread.join(2)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(stopping.set)
        try:
            listens = await self._server.start(*self._at)
        finally:
            self._started.set()
        if listens:
            await stopping.wait()
        self._stop = lambda: None
        await self._server.stop()
