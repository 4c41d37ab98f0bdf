"""The list of addresses for a site's firewall."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from scripts.watch.scans import BanList, spared
from scripts.watch.security import AT_MANAGER, SIP_NAMES_TRIED, SIP_OF_OURS, SIP_OF_STRANGERS

T0 = datetime(2026, 11, 24, 3, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def listed(file: Path) -> list[str]:
    return [line.split()[0] for line in file.read_text().splitlines()]


def test_a_ban_has_its_beginning_and_its_end_and_leaves_the_list(tmp_path: Path) -> None:
    file = tmp_path / "run/sip-banned"
    bans = BanList(file, HOUR)
    bans.take([], T0)
    assert not file.exists()
    bans.take(["192.0.2.66"], T0)
    assert file.read_text() == "192.0.2.66 2026-11-24T03:00:00Z 2026-11-24T04:00:00Z\n"
    bans.take(["192.0.2.66"], T0 + HOUR / 2)
    assert file.read_text() == "192.0.2.66 2026-11-24T03:00:00Z 2026-11-24T04:30:00Z\n"
    bans.take([], T0 + 2 * HOUR)
    assert file.read_text() == ""


def test_the_list_outlives_its_watch_and_what_is_none_of_its_lines_does_not(tmp_path: Path) -> None:
    file = tmp_path / "sip-banned"
    BanList(file, HOUR).take(["192.0.2.66", "2001:db8::66"], T0)
    file.write_text(file.read_text() + "garbage\n1 2 3\n")
    BanList(file, HOUR).take(["192.0.2.67"], T0)
    assert sorted(listed(file)) == ["192.0.2.66", "192.0.2.67", "2001:db8::66"]


def test_a_full_list_keeps_the_newest(tmp_path: Path) -> None:
    bans = BanList(tmp_path / "sip-banned", HOUR, most=2)
    for n in range(5):
        bans.take([f"192.0.2.{n}"], T0 + timedelta(seconds=n))
    assert listed(tmp_path / "sip-banned") == ["192.0.2.4", "192.0.2.3"]


def test_a_list_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("no folder")
    bans = BanList(tmp_path / "run/sip-banned", HOUR)
    bans.take(["192.0.2.66"], T0)
    assert "192.0.2.66" in bans.bans


def with_switch(monkeypatch: pytest.MonkeyPatch, host: str) -> Settings:
    monkeypatch.setenv("L110_SIP__SWITCH_HOST", host)
    monkeypatch.setenv("L110_SIP__SEAT_NETWORKS", '["192.0.2.0/28"]')
    return load_settings()


def test_the_switch_the_node_and_the_seats_are_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_switch(monkeypatch, "198.51.100.2")
    assert {"192.0.2.0/28", "198.51.100.2", settings.sip.host} <= set(spared(settings))


def test_where_nobody_knows_the_switchs_address_everybody_is_spared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = with_switch(monkeypatch, "switch.invalid")
    assert spared(settings) == ("0.0.0.0/0", "::/0")


@pytest.mark.parametrize("kind", [AT_MANAGER, SIP_OF_STRANGERS, SIP_OF_OURS, SIP_NAMES_TRIED])
def test_no_line_is_read_over_and_over(kind: re.Pattern[str]) -> None:
    """One begun anywhere, with two ways to stretch, took two seconds for 55 kB of a stranger's."""
    assert kind.pattern.startswith("^")
    assert kind.pattern.count(".*") <= 1
