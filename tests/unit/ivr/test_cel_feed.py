"""The feed loses no line when its file is moved, cut, copied, broken or away."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.cel_feed import MAX_LINE, CelFeed, FeedUnreadable


def a_line(n: int) -> bytes:
    return (
        b'{"eventtype":"L110_QUEUED","eventtime":"1795465608.%06d","uniqueid":"n1-1.%d",'
        b'"channame":"PJSIP/l110-trunk-1","eventextra":""}\n' % (n, n)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "l110.jsonl"


@pytest.fixture
def feed(path: Path) -> Iterator[CelFeed]:
    feed = CelFeed(path, "n1", settle_s=0)
    yield feed
    feed.close()


def append(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(lines))


def taken(feed: CelFeed, limit: int = 100) -> list[int]:
    """Which lines the feed brings until it is empty; each batch is committed."""
    numbers: list[int] = []
    while (batch := feed.next_batch(limit)).position is not None:
        numbers += [int(step.leg.removeprefix("n1-1.")) for step in batch.steps]
        feed.committed(batch)
    return numbers


def lines(*numbers: int) -> list[bytes]:
    return [a_line(n) for n in numbers]


def test_a_file_that_grows_is_read_once(path: Path, feed: CelFeed) -> None:
    assert taken(feed) == []
    append(path, *lines(1, 2))
    assert taken(feed) == [1, 2]
    append(path, *lines(3))
    assert taken(feed) == [3]
    assert taken(feed) == []


def test_what_was_not_committed_comes_again(path: Path, feed: CelFeed) -> None:
    append(path, *lines(1, 2, 3))
    assert len(feed.next_batch(2).steps) == 2
    assert taken(feed, limit=2) == [1, 2, 3]


def test_a_cut_last_line_waits_for_its_end(path: Path, feed: CelFeed) -> None:
    append(path, a_line(1), a_line(2)[:40])
    assert taken(feed) == [1]
    append(path, a_line(2)[40:])
    assert taken(feed) == [2]


def test_a_moved_file_is_finished_before_the_new_one(path: Path, feed: CelFeed) -> None:
    append(path, *lines(1, 2))
    assert taken(feed, limit=1) == [1, 2]
    append(path, *lines(3))
    path.rename(path.with_name("l110.jsonl.1"))
    append(path.with_name("l110.jsonl.1"), *lines(4))
    append(path, *lines(5))
    assert taken(feed) == [3, 4, 5]


def test_a_file_moved_out_of_sight_is_finished_too(
    tmp_path: Path, path: Path, feed: CelFeed
) -> None:
    append(path, *lines(1))
    assert taken(feed) == [1]
    append(path, *lines(2))
    (tmp_path / "old").mkdir()
    path.rename(tmp_path / "old" / "x")
    append(path, *lines(3))
    assert taken(feed) == [2, 3]


def test_two_rotations_while_we_were_down(path: Path) -> None:
    first = CelFeed(path, "n1", settle_s=0)
    append(path, *lines(1, 2))
    assert taken(first) == [1, 2]
    first.close()
    append(path, *lines(3))
    path.rename(path.with_name("l110.jsonl.2"))
    append(path, *lines(4))
    os.utime(path.with_name("l110.jsonl.2"), (1, 1))
    path.rename(path.with_name("l110.jsonl.1"))
    append(path, *lines(5))
    feed = CelFeed(path, "n1", first.position, settle_s=0)
    assert taken(feed) == [3, 4, 5]
    feed.close()


def test_a_file_that_was_copied_and_cut(path: Path, feed: CelFeed) -> None:
    append(path, *lines(1))
    assert taken(feed) == [1]
    append(path, *lines(2))
    shutil.copy2(path, path.with_name("l110.jsonl.1"))
    path.write_bytes(b"".join(lines(3, 4, 5)))
    assert taken(feed) == [2, 3, 4, 5]


@pytest.mark.fault("56", how="the feed's file is cut")
def test_a_file_that_was_cut_and_grew_past_our_place(path: Path, feed: CelFeed) -> None:
    append(path, *lines(1))
    assert taken(feed) == [1]
    path.write_bytes(b"".join(lines(2, 3, 4)))
    assert taken(feed) == [2, 3, 4]


def test_a_rotated_file_still_written_to_is_not_left(path: Path) -> None:
    feed = CelFeed(path, "n1", settle_s=60)
    append(path, *lines(1))
    path.rename(path.with_name("l110.jsonl.1"))
    append(path, *lines(2))
    assert taken(feed) == [1]
    os.utime(path.with_name("l110.jsonl.1"), (1, 1))
    assert taken(feed) == [2]
    feed.close()


@pytest.mark.fault("56", how="the feed's folder is gone")
def test_a_missing_folder_is_said_and_waited_for(tmp_path: Path) -> None:
    feed = CelFeed(tmp_path / "log" / "l110.jsonl", "n1")
    with pytest.raises(FeedUnreadable, match="no such folder"):
        feed.next_batch(1)
    (tmp_path / "log").mkdir()
    append(tmp_path / "log" / "l110.jsonl", *lines(1))
    assert taken(feed) == [1]
    feed.close()


def test_what_stands_in_the_files_place_is_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    append(path, *lines(1))
    feed = CelFeed(path, "n1")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FeedUnreadable, match="Permission denied"):
        feed.next_batch(1)


@pytest.mark.fault("B53", how="bad lines in the feed")
def test_bad_lines_are_set_aside_with_their_place(path: Path, feed: CelFeed) -> None:
    bad = [b"{\n", b"\xff\xfe\n", b"x" * (MAX_LINE + 5000) + b"\n"]
    append(path, a_line(1), bad[0], bad[1], a_line(2), bad[2], a_line(3))
    batch = feed.next_batch(100)
    assert [step.leg for step in batch.steps] == ["n1-1.1", "n1-1.2", "n1-1.3"]
    assert [line.offset for line in batch.bad] == [
        len(a_line(1)),
        len(a_line(1)) + 2,
        2 * len(a_line(1)) + 5,
    ]
    assert batch.bad[2].problem == "longer than 64 kB"
    feed.committed(batch)
    assert feed.bad_lines == 3
    assert taken(feed) == []


def test_an_event_behind_a_stump_is_read_and_the_line_set_aside(path: Path, feed: CelFeed) -> None:
    append(path, a_line(1)[:30], a_line(2))
    batch = feed.next_batch(10)
    assert [step.leg for step in batch.steps] == ["n1-1.2"]
    assert len(batch.bad) == 1


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(st.sampled_from(["append", "half", "rotate", "read", "restart"]), max_size=25))
def test_whatever_happens_to_the_file_every_line_comes_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("feed") / "l110.jsonl"
    feed = CelFeed(path, "n1", settle_s=0)
    written, read, rotated, rest = 0, list[int](), 0, b""
    for act in [*acts, "append", "read", "read"]:
        if act == "append":
            append(path, rest or a_line(written + 1))
            written, rest = written + 1, b""
        elif act == "half" and not rest:
            append(path, a_line(written + 1)[:30])
            rest = a_line(written + 1)[30:]
        elif act == "rotate" and not rest and path.exists():
            rotated += 1
            path.rename(path.with_name(f"l110.jsonl.{rotated}"))
            os.utime(path.with_name(f"l110.jsonl.{rotated}"), (rotated, rotated))
        elif act == "read":
            read += taken(feed, limit=2)
        elif act == "restart":
            feed.close()
            feed = CelFeed(path, "n1", feed.position, settle_s=0)
    feed.close()
    assert read == list(range(1, written + 1))
