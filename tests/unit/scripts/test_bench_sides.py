import json

import pytest

from config.settings import load_settings
from scripts.asterisk_config import SOURCES
from scripts.benchmarks.settings import Addresses, write_settings
from scripts.benchmarks.sides import CallLost, PureDialplan


@pytest.fixture
def pure(tmp_path):
    addresses = Addresses("127.90.7")
    return PureDialplan(write_settings(tmp_path, addresses.pure, addresses.callers.host))


@pytest.fixture
def referring(tmp_path):
    addresses = Addresses("127.90.7")
    switch = addresses.callers.host
    return PureDialplan(write_settings(tmp_path, addresses.pure, switch, release="refer"))


def write_cdr(side, *channels):
    path = side.node.settings.cdr_path
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"uniqueid": str(n), "channel": channel} for n, channel in enumerate(channels)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_the_bench_has_loopback_addresses_of_its_own_and_never_a_full_line(tmp_path):
    addresses = Addresses("127.90.7")
    settings = load_settings(write_settings(tmp_path, addresses.ours, addresses.callers.host))
    assert {settings.sip.host, settings.agi.host, settings.ami.host} == {"127.90.7.1"}
    assert settings.sip.switch_host == addresses.callers.host
    assert settings.police.lines == 1000
    assert settings.store_url == f"sqlite:///{tmp_path}/var/store.sqlite3"


def test_a_call_with_its_cdr_line_is_on_record(pure):
    write_cdr(pure, "PJSIP/l110-trunk-1", "Local/s@l110-boot-1;1", "PJSIP/l110-trunk-2")
    pure.await_record(2)


def test_one_cdr_line_too_many_fails_the_round(pure):
    write_cdr(pure, *["PJSIP/l110-trunk-1"] * 3)
    with pytest.raises(CallLost, match="2 calls were made, and 3 CDR lines"):
        pure.await_record(2)


def test_a_missing_cdr_line_fails_the_round(pure, monkeypatch):
    monkeypatch.setattr("scripts.benchmarks.sides.STORED_WITHIN_S", 0.0)
    write_cdr(pure, "PJSIP/l110-trunk-1")
    with pytest.raises(CallLost, match="2 calls were made"):
        pure.await_record(2)


def test_a_call_by_refer_has_a_cdr_line_for_each_of_its_two_legs(referring):
    write_cdr(referring, "PJSIP/l110-trunk-1", "PJSIP/l110-trunk-2")
    referring.await_record(1)


def test_a_caller_who_was_not_brought_back_fails_the_round(referring, monkeypatch):
    monkeypatch.setattr("scripts.benchmarks.sides.STORED_WITHIN_S", 0.0)
    write_cdr(referring, "PJSIP/l110-trunk-1")
    with pytest.raises(CallLost, match="1 calls were made"):
        referring.await_record(1)


def test_the_pure_dialplan_asks_nobody_and_keeps_nothing_but_its_cdr():
    text = (SOURCES / "bench/extensions.conf").read_text()
    steps = [line for line in text.splitlines() if not line.startswith(";")]
    assert not any(app in line for line in steps for app in ("AGI(", "CELGenUserEvent", "Queue("))
    assert "enable=no" in (SOURCES / "bench/cel.conf").read_text()
