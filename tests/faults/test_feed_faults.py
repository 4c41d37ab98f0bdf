"""The CEL file is gone, in the way, moved or cut, and holds bad lines: calls and rows go on."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from db.engine import reading
from db.models import CallLegRow, CallRow, CallStepRow
from scripts.chaos.findings import Finding
from scripts.lab.waiting import wait_until
from tests.faults.calls_meanwhile import Meanwhile
from tests.real_asterisk.system import running_system

BAD = (b'{"eventtype":"CHAN_\xd5\xc5"}\n', b'{"eventtype":"L110_STAGE",\n"x":1}\n', b'{"eventty')


class Feed(Meanwhile):
    @property
    def path(self) -> Path:
        return self.system.node.settings.cel_path

    def said(self, event: str) -> int:
        text = (self.system.node.settings.var / "log/forward.log").read_text()
        return text.count(f'"event": "{event}"')

    def rows(self, number: str) -> list[CallRow]:
        with reading(self.system.node.engine) as session:
            return session.query(CallRow).filter_by(caller=number).all()

    def spoil(self) -> None:
        with self.path.open("ab") as file:
            file.write(b"".join(BAD))

    def wait_for_whole_rows(self, pair: list[str]) -> None:
        wait_until(
            lambda: [self.rows_of(number) for number in pair] == [(1, 1, 0), (1, 1, 1)],
            "one whole row each",
            40,
        )

    def channel_starts(self, number: str) -> int:
        """Lines of Asterisk's own with which his call began."""
        with reading(self.system.node.engine) as session:
            call = session.query(CallRow.call_id).filter_by(caller=number).scalar_subquery()
            legs = session.query(CallLegRow.uniqueid).filter_by(call_id=call)
            lines = session.query(CallStepRow).filter_by(kind="chan-start")
            return lines.filter(CallStepRow.leg.in_(legs.scalar_subquery())).count()

    def each_has_its_start(self, begun: list[str], told: Finding) -> None:
        """One row by the bridge's journal, though Asterisk's own record is away."""
        wait_until(
            lambda: [len(self.rows(n)) for n in begun] == [1] * len(begun), "one row each", 30
        )
        assert [self.rows(number)[0].verdict for number in begun] == ["police", "livelihood"]
        told.records.append(f"{len(begun)} rows with their verdict by the journal alone")

    def goes_on(self, told: Finding) -> None:
        begun = self.served(self.begin(1))
        self.each_has_one_record(begun, told)
        self.nothing_leaks(told)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    root = tmp_path_factory.mktemp("feed")
    with running_system(root, 122, lines=10, trunk_channels=20) as system:
        yield Feed(system)


@pytest.mark.fault("56", how="the folder is moved away, and back")
def test_without_the_folder_calls_go_on_and_the_journal_tells_of_them(
    feed: Feed, told: Finding
) -> None:
    alarms, back = feed.said("feed.unreadable"), feed.said("feed.readable")
    away = feed.path.parent.with_name("away")
    feed.path.parent.rename(away)
    begun = feed.begin(1)
    feed.nobody_noticed(begun, told)
    feed.each_has_its_start(begun, told)
    assert feed.said("feed.unreadable") == alarms + 1
    if feed.path.parent.exists():  # Asterisk may have made it anew
        feed.path.parent.rename(away.with_name("made"))
    away.rename(feed.path.parent)
    wait_until(lambda: feed.said("feed.readable") > back, "the feed to be back", 10)
    feed.goes_on(told)


@pytest.mark.fault("56", how="nothing can be written: a folder stands in the file's place")
def test_a_file_that_cannot_be_written_costs_no_caller_anything(feed: Feed, told: Finding) -> None:
    aside = feed.path.with_name("aside.jsonl")
    feed.path.rename(aside)
    feed.path.mkdir()
    begun = feed.begin(1)
    feed.nobody_noticed(begun, told)
    feed.each_has_its_start(begun, told)
    feed.path.rmdir()
    aside.rename(feed.path)
    feed.goes_on(told)


@pytest.mark.fault("56", how="the file is rotated while calls are up")
def test_a_rotated_file_loses_nothing(feed: Feed, told: Finding) -> None:
    begun = feed.begin(1)
    wait_until(partial(feed.system.town.talks, begun[0]), "the talk", 30)
    feed.path.rename(feed.path.with_name(f"{feed.path.name}.1"))
    begun += feed.begin(1)
    feed.nobody_noticed(begun, told)
    feed.each_has_one_record(begun, told)
    feed.nothing_leaks(told)


@pytest.mark.fault("56", how="the file is cut to nothing while calls are up")
def test_a_truncated_file_costs_no_later_line(feed: Feed, told: Finding) -> None:
    begun = feed.begin(1)
    wait_until(partial(feed.system.town.talks, begun[0]), "the talk", 30)
    wait_until(lambda: all(feed.rows(number) for number in begun), "the store to have them", 20)
    os.truncate(feed.path, 0)
    feed.nobody_noticed(begun, told)
    later = feed.begin(1)
    feed.nobody_noticed(later, told)
    feed.each_has_one_record(later, told)
    assert [len(feed.rows(number)) for number in begun] == [1, 1]
    feed.nothing_leaks(told)


@pytest.mark.fault(
    "B53", how="bad bytes, a line break in a line, half a line before Asterisk's own"
)
def test_bad_lines_are_kept_apart_and_counted_and_asterisks_next_line_is_read(
    feed: Feed, told: Finding
) -> None:
    before = feed.quarantined()
    feed.spoil()
    begun = feed.begin(1)
    feed.nobody_noticed(begun, told)
    feed.wait_for_whole_rows(begun)
    assert [feed.channel_starts(number) for number in begun] == [1, 1]
    assert feed.quarantined() == before + 4
    assert feed.said("feed.lines_quarantined") > 0
    told.records.append("4 lines in quarantine, 2 whole rows, 1 ticket")
    feed.nothing_leaks(told)


STOPS_AT_A_BAD_LINE = "import ivr.cel_feed as f; f.CelLineBad = ZeroDivisionError"
DROPS_THE_HALF = "import ivr.cel_feed as f; f.CelFeed._saved = lambda self, raw: None"


@pytest.mark.control("B53", without="the place apart for bad lines")
def test_control_without_a_place_apart_a_bad_line_holds_up_every_row(
    feed: Feed, told: Finding
) -> None:
    begun = served_after_bad_lines(feed, STOPS_AT_A_BAD_LINE)
    wait_until(lambda: feed.said("store.down"), "the forwarder to be held up", 10)
    assert [feed.rows_of(number) for number in begun] == [(0, 0, 0), (0, 0, 0)]
    feed.forwarder_with("")
    feed.wait_for_whole_rows(begun)
    told.records.append("no row of the two calls, until a forwarder had it")


@pytest.mark.control("B53", without="the second look at a spoilt line")
def test_control_without_a_second_look_asterisks_next_line_is_lost_with_it(
    feed: Feed, told: Finding
) -> None:
    begun = served_after_bad_lines(feed, DROPS_THE_HALF)
    feed.wait_for_whole_rows(begun)
    assert sum(feed.channel_starts(number) for number in begun) == 1
    told.records.append("Asterisk's start of one of the two channels is lost")


def served_after_bad_lines(feed: Feed, patch: str) -> list[str]:
    feed.forwarder_with(patch)
    feed.wait_for_whole_rows(feed.served(feed.begin(1)))  # it has its place in the feeds now
    feed.spoil()
    return feed.served(feed.begin(1))


DEAF = (
    "import db.journal_feed as j; j.JournalFeed.next_batch = "
    "lambda self, limit: j.JournalBatch([], [], None)"
)


@pytest.mark.control("56", without="the bridge's own journal")
def test_control_without_the_journal_a_call_without_its_file_is_on_no_record(
    feed: Feed, told: Finding
) -> None:
    feed.forwarder_with(DEAF)
    aside = feed.path.with_name("aside.jsonl")
    feed.path.rename(aside)
    feed.path.mkdir()
    begun = feed.served(feed.begin(1))
    feed.path.rmdir()
    aside.rename(feed.path)
    later = feed.served(feed.begin(1))
    wait_until(lambda: feed.rows(later[0]), "the next call's row", 30)
    assert [feed.rows(number) for number in begun] == [[], []]
    told.records.append("no row of the two calls")
