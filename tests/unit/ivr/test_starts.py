"""What a killed Asterisk had begun is taken from memory once it is back, and nothing twice."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.cel_feed import CelFeed
from ivr.starts import recall

CALL = "20261124T000000Z-n1-{}-0123abcd"
LATE = datetime(2100, 1, 1, tzinfo=UTC)


def start(n: int, at: int = 100, event: str = "L110_START") -> bytes:
    extra = f'{{\\"extra\\":\\"call={CALL.format(n)}&caller=1380000000{n}\\"}}'
    return (
        f'{{"eventtype":"{event}","eventtime":"{at}.{n:06d}","uniqueid":"n1-1.{n}",'
        f'"channame":"PJSIP/l110-trunk-{n}","eventextra":"{extra}"}}\n'
    ).encode()


def boot(at: int) -> bytes:
    return (
        f'{{"eventtype":"L110_BOOT","eventtime":"{at}.000000","uniqueid":"n1-{at}.1",'
        '"channame":"Local/s@l110-boot-1;2","eventextra":""}\n'
    ).encode()


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    folder = tmp_path / "starts"
    folder.mkdir()
    return folder


@pytest.fixture
def feed(tmp_path: Path, starts: Path) -> Iterator[CelFeed]:
    feed = CelFeed(tmp_path / "l110.jsonl", "n1", starts=starts)
    yield feed
    feed.close()


def told(feed: CelFeed) -> list[tuple[str, str]]:
    batch = feed.next_batch(100)
    feed.committed(batch)
    return [(step.kind.value, step.leg) for step in batch.steps]


def test_a_start_that_the_feed_does_not_know_is_told_at_the_next_boot(
    feed: CelFeed, starts: Path, tmp_path: Path
) -> None:
    (starts / "12").write_bytes(start(2))
    (tmp_path / "l110.jsonl").write_bytes(start(1) + boot(200))
    assert told(feed) == [("start", "n1-1.1"), ("boot", ""), ("start", "n1-1.2")]


def test_a_start_that_the_feed_knows_is_not_told_again(
    feed: CelFeed, starts: Path, tmp_path: Path
) -> None:
    (starts / "11").write_bytes(start(1, at=99))
    (tmp_path / "l110.jsonl").write_bytes(start(1) + boot(200))
    assert told(feed) == [("start", "n1-1.1"), ("boot", "")]


def test_a_call_that_came_back_on_the_other_trunk_is_told_as_well(
    feed: CelFeed, starts: Path, tmp_path: Path
) -> None:
    (starts / "12").write_bytes(start(2, event="L110_JOINED"))
    (tmp_path / "l110.jsonl").write_bytes(boot(200))
    assert told(feed) == [("boot", ""), ("joined", "n1-1.2")]


def test_what_began_after_the_boot_waits_for_the_feed(starts: Path) -> None:
    (starts / "1").write_bytes(start(1, at=300))
    assert recall(starts, "n1", datetime.fromtimestamp(200, UTC)) == []
    assert len(recall(starts, "n1", LATE)) == 1


@pytest.mark.parametrize(
    "raw", [b"", start(1)[:40], b"\xff\xfe", b"[]", boot(1), start(1, event="L110_END")]
)
def test_a_file_that_holds_no_whole_start_is_none(starts: Path, raw: bytes) -> None:
    (starts / "1").write_bytes(raw)
    assert recall(starts, "n1", LATE) == []


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert recall(tmp_path / "none", "n1", LATE) == []


def test_the_starts_come_oldest_first(starts: Path) -> None:
    for name, n in (("a", 3), ("b", 1), ("c", 2)):
        (starts / name).write_bytes(start(n))
    assert [step.leg for step in recall(starts, "n1", LATE)] == ["n1-1.1", "n1-1.2", "n1-1.3"]
