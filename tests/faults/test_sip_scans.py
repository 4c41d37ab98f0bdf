"""Who scans our SIP port is an alarm and on the list for the firewall; ours never are."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.waiting import wait_until
from tests.faults.raw_sip import raw_sip
from tests.faults.watched import raised_within, stays_quiet
from tests.real_asterisk.system import Records, node_alone

pytestmark = pytest.mark.real_asterisk
QUIET = "[selftest]\nevery_s = 0\n"
NAMES = [*(str(n) for n in range(1000, 1056)), "seat-8004", "l110-switch", "l110-trunk", "110"]
SCANNER, SEAT, SWITCH = ".66", ".7", ".2"  # behind the system's network


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    root = tmp_path_factory.mktemp("scans")
    with node_alone(root, 196, registered=("8004",), settings=QUIET) as records:
        records.node.start_watch()
        yield records


def address(records: Records, end: str) -> str:
    return records.node.settings.sip.host.rpartition(".")[0] + end


def scan(records: Records, end: str, names: Sequence[str] = NAMES) -> set[int]:
    """REGISTER for each of the names; the statuses that came back."""
    sip = records.node.settings.sip
    with raw_sip(address(records, end), (sip.host, sip.port)) as raw:
        for name in names:
            raw.say(raw.request("REGISTER", name, number=name).encode())
        return {status for status in raw.listen(5, len(names)) if status >= 200}


def banned(records: Records) -> dict[str, timedelta]:
    """Addresses on the list, and for how long."""
    file = records.node.settings.ban_list_path
    lines = file.read_text().splitlines() if file.exists() else []
    return {a: _time(until) - _time(since) for a, since, until in map(str.split, lines)}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.fault("B47", how="REGISTER for 60 names from the switch's and a seat's address")
def test_the_switch_and_the_seats_are_an_alarm_and_never_on_the_list(
    records: Records, told: Finding
) -> None:
    before = footprint(records.node)
    for end in (SWITCH, SEAT):
        assert scan(records, end) <= {401, 403}
    both = {address(records, end) for end in (SWITCH, SEAT)}

    def both_named() -> bool:
        return both <= set(records.node.alarms().get("sip-guessed", "").split(", "))

    wait_until(both_named, "the alarm to name both", 15)
    assert "sip-scanned" not in records.node.alarms()
    assert banned(records) == {}
    told.caller.append("no caller: refused messages only")
    told.records.append("from the switch's and a seat's address: sip-guessed, nobody on the list")
    told.leaks.append(wait_until_nothing_leaks(records.node, before))


@pytest.mark.fault("B47", how="REGISTER for 60 names from a stranger's address")
def test_a_stranger_who_scans_is_an_alarm_and_on_the_list(records: Records, told: Finding) -> None:
    before = footprint(records.node)
    assert scan(records, SCANNER, NAMES[:19]) == {403}
    assert stays_quiet(records.node, "sip-scanned", 2)
    assert scan(records, SCANNER) == {403}
    assert "sip:1000" not in ask(records.node.home, "pjsip show contacts")
    took_s, about = raised_within(records.node, "sip-scanned", 5)
    assert about == address(records, SCANNER)
    hour = timedelta(hours=1)
    assert hour <= banned(records)[about] <= hour + timedelta(seconds=30)
    assert set(banned(records)) == {about}
    log = (records.node.settings.log_dir / "watch.log").read_text()
    assert log.count('"event": "sip.scanned"') == 1
    told.caller.append("no caller: a stranger's messages, each refused")
    told.records.append(f"sip-scanned after {took_s:.1f} s; on the list for an hour; 19 are none")
    told.leaks.append(wait_until_nothing_leaks(records.node, before))


@pytest.mark.control("B47", without="the count of refused messages")
def test_control_without_the_count_a_scan_is_told_to_nobody(tmp_path: Path, told: Finding) -> None:
    settings = f"{QUIET}[health]\nscan_after = 0\n"
    with node_alone(tmp_path, 197, settings=settings) as records:
        records.node.start_watch()
        assert scan(records, SCANNER) == {403}
        assert stays_quiet(records.node, "sip-scanned", 3)
        assert banned(records) == {}
    told.records.append("60 names tried, no alarm, no list")
