"""The node in numbers for Prometheus. No label holds a number that somebody dials or calls from."""

from collections.abc import Iterator
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from ivr.alarms import TABLE
from ivr.health import Facts, Life
from scripts.watch.board import Board
from scripts.watch.scans import Scans
from scripts.watch.selftest import SelfTest


class Watched(Protocol):
    board: Board
    selftest: SelfTest
    facts: Facts
    scans: Scans
    channels: int


class WatchMetrics:
    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        watched = self._watched
        yield self._alarms()
        yield _gauge("l110_asterisk_up", "1: it answers", watched.facts.asterisk is Life.UP)
        yield _gauge("l110_bridge_up", "1: it answers", watched.facts.bridge.life is Life.UP)
        yield _gauge("l110_channels", "channels in Asterisk", watched.channels)
        listed = len(watched.scans.list.bans)
        yield _gauge("l110_sip_banned_addresses", "on the list for the firewall", listed)
        yield from self._selftest()
        yield from self._records()

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


def _gauge(name: str, says: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, float(value))
