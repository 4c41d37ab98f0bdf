"""The node in numbers for Prometheus. No label holds a number that somebody dials or calls from."""

from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivr.alarms import TABLE
from ivr.ami_snapshot import Queue
from ivr.health import Facts, Life
from scripts.metrics.pages import gauge as _gauge
from scripts.watch.asterisk import Seen
from scripts.watch.board import Board
from scripts.watch.scans import Scans
from scripts.watch.selftest import SelfTest


class Watched(Protocol):
    board: Board
    selftest: SelfTest
    facts: Facts
    scans: Scans
    seen: Seen
    looks: int
    look_s: float

    @property
    def lines(self) -> int: ...


class WatchMetrics(Collector):
    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        watched = self._watched
        yield self._alarms()
        yield _gauge("l110_asterisk_up", "1: it answers", watched.facts.asterisk is Life.UP)
        yield _gauge("l110_bridge_up", "1: it answers", watched.facts.bridge.life is Life.UP)
        sip = watched.facts.asterisk is Life.UP and watched.facts.sip_silent is None
        yield _gauge("l110_sip_up", "1: its SIP port answers", sip)
        yield _gauge("l110_channels", "channels in Asterisk", len(watched.seen.channels))
        yield CounterMetricFamily("l110_watch_looks", "looks at the node", watched.looks)
        yield _gauge("l110_watch_look_seconds", "how long the last look took", watched.look_s)
        yield from self._lines()
        listed = len(watched.scans.list.bans)
        yield _gauge("l110_sip_banned_addresses", "on the list for the firewall", listed)
        yield from self._selftest()
        yield from self._records()

    def _lines(self) -> Iterator[Metric]:
        """Live, from Asterisk's manager. What is not known is not told as zero."""
        seen = self._watched.seen
        yield _gauge("l110_lines", "police lines", self._watched.lines)
        if seen.lines_in_use is not None:
            yield _gauge("l110_lines_in_use", "police lines in use", seen.lines_in_use)
        waiting = GaugeMetricFamily("l110_queue_waiting", "callers who wait", labels=["queue"])
        longest = GaugeMetricFamily(
            "l110_queue_longest_wait_seconds", "of those who wait now", labels=["queue"]
        )
        seats = GaugeMetricFamily(
            "l110_queue_seats", "seats by what they do", labels=["queue", "state"]
        )
        for queue in seen.queues:
            waiting.add_metric([queue.name], len(queue.callers))
            longest.add_metric([queue.name], max((c.waits_s for c in queue.callers), default=0))
            for state, count in _seats(queue).items():
                seats.add_metric([queue.name, state], count)
        yield from (waiting, longest, seats)

    def _alarms(self) -> Metric:
        family = GaugeMetricFamily(
            "l110_alarm", "1: it stands (docs/runbook.md)", labels=["alarm", "severity"]
        )
        for alarm in TABLE:
            stands = alarm.name in self._watched.board.raised
            family.add_metric([alarm.name, alarm.severity.value], float(stands))
        return family

    def _selftest(self) -> Iterator[Metric]:
        test = self._watched.selftest
        yield CounterMetricFamily("l110_selftest_calls", "self-test calls", test.done)
        yield CounterMetricFamily("l110_selftest_failures", "without a verdict", test.failed)
        yield _gauge("l110_selftest_seconds", "how long the last took", test.took_s)

    def _records(self) -> Iterator[Metric]:
        records = self._watched.facts.records
        if records.journal_waiting is not None:
            yield _gauge("l110_journal_waiting_steps", "not stored", records.journal_waiting)
        oldest_s = records.journal_oldest_s or 0.0
        yield _gauge("l110_journal_oldest_seconds", "age of the oldest of them", oldest_s)
        if records.cel_behind_bytes is not None:
            yield _gauge("l110_cel_behind_bytes", "not stored", records.cel_behind_bytes)
        disks = GaugeMetricFamily("l110_disk_used_ratio", "of the disk", labels=["holds"])
        for name, percent in records.disks.items():
            disks.add_metric([name], percent / 100)
        yield disks
        yield _gauge("l110_store_up", "1: it answers", records.store_problem is None)


def _seats(queue: Queue) -> Counter[str]:
    told = Counter({"free": 0, "paused": 0, "away": 0})
    told.update("paused" if m.paused else m.state.value for m in queue.members)
    return told
