"""Asterisk runs and its manager answers, and its SIP is silent: nothing else of it would say so."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reports.witnesses import cel_starts
from scripts.chaos.findings import Finding
from scripts.http_page import fetch
from scripts.lab.callers import Stay
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.sip_dialog import sdp
from scripts.lab.waiting import wait_until
from scripts.watch.sip import options
from tests.faults.one_thread import stopped
from tests.faults.raw_sip import raw_sip
from tests.faults.watched import cleared_within, logged, raised_within, stays_quiet, watched_so
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.real_asterisk
ALARM, SOUND = "sip-silent", sdp("127.0.0.1", 40000)
NEVER = {"L110_HEALTH__SIP_EVERY_S": "0"}
# Asked far more often than 20 times a minute, which is what a scan is.
SETTINGS = "[health]\nsip_every_s = 1\n[selftest]\nevery_s = 2\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("sip"), 215, settings=SETTINGS, registered=("8001",)
    ) as system:
        system.node.start_watch()
        yield system


@pytest.fixture(autouse=True)
def _all_is_well(system: System) -> None:
    wait_until(lambda: not system.node.alarms(), "all to be well", 20)


@contextmanager
def silent_sip(system: System) -> Iterator[None]:
    """The one thread of Asterisk that reads its SIP sockets is stopped; the others run."""
    tasks = Path(f"/proc/{system.node.processes['asterisk'].pid}/task")
    (reader,) = [t for t in tasks.iterdir() if (t / "comm").read_text() == "SIP\n"]
    with stopped(int(reader.name)):
        yield


def readyz(system: System) -> int:
    settings = system.node.settings
    page = fetch(settings.health_host, settings.health.watch_port, "/readyz", 3)
    return asyncio.run(page)[0]


@pytest.mark.fault("60", how="the thread that reads Asterisk's SIP is stopped, the others run")
def test_sip_that_does_not_answer_is_an_alarm_and_out_of_service(
    system: System, told: Finding
) -> None:
    before = footprint(system.node)
    with silent_sip(system):
        took_s, about = raised_within(system.node, ALARM, 10)
        assert set(system.node.alarms()) == {ALARM}, "self-tests and manager are well"
        assert readyz(system) == 503
        system.town.call("13800060201", [Stay(3)])
        seen = system.town.ended("13800060201", 40)
    well_s = cleared_within(system.node, ALARM, 10)
    assert readyz(system) == 200
    assert logged(system, ALARM)
    assert seen.rang[0].via == "direct"
    told.caller.append("the switch rang the police itself")
    told.records.append(
        f"alarm after {took_s:.1f} s ({about}), /readyz 503; over {well_s:.1f} s after"
    )
    told.leaks.append(wait_until_nothing_leaks(system.node, before, timeout_s=45))


@pytest.mark.control("60", without="the question to its SIP port")
def test_control_without_the_question_a_silent_sip_is_told_by_nobody(
    system: System, told: Finding
) -> None:
    with watched_so(system, NEVER):
        wait_until(lambda: not system.node.alarms(), "all to be well", 20)
        with silent_sip(system):
            assert stays_quiet(system.node, ALARM, 12)
            assert system.node.alarms() == {}
            assert readyz(system) == 200
    told.records.append("12 s without SIP: manager and self-tests are well, and no word of it")


def test_who_asks_is_no_scan_no_call_and_no_line_in_a_log(system: System) -> None:
    home, calls = system.node.home, len(system.calls())
    logs = {name: (home.log / name).read_text() for name in ("full", "security")}
    starts = cel_starts(system.node.settings.cel_path)
    sip = system.node.settings.sip
    with raw_sip(sip.host, (sip.host, sip.port)) as raw:
        own, node = raw.socket.getsockname(), (sip.host, sip.port)
        for n in range(60):
            raw.say(options(own, node, f"question{n}"))
        assert set(raw.listen(5, 60)) == {200}
    assert stays_quiet(system.node, "sip-guessed", 3)
    assert system.node.alarms() == {}
    assert {name: (home.log / name).read_text() for name in logs} == logs
    assert (len(system.calls()), cel_starts(system.node.settings.cel_path)) == (calls, starts)
    assert not system.node.settings.ban_list_path.exists()


@pytest.mark.parametrize(
    ("end", "refused"),
    [
        pytest.param(".1", 404, id="this node: it has no extension"),
        pytest.param(".7", 401, id="a seat's network: no password opens it"),
        pytest.param(".66", 403, id="a stranger"),
    ],
)
def test_nobody_calls_by_the_name_of_who_asks(system: System, end: str, refused: int) -> None:
    sip, calls = system.node.settings.sip, len(system.calls())
    with raw_sip(sip.host.removesuffix(".1") + end, (sip.host, sip.port)) as raw:
        for user in ("110", "livelihood", "8199", "s"):
            raw.say(raw.request("INVITE", user, number="l110-probe", body=SOUND).encode())
            assert raw.final() == refused
    assert len(system.calls()) == calls
    assert system.node.channels() == []


def test_control_who_asks_without_that_name_counts_as_a_guess(system: System) -> None:
    sip = system.node.settings.sip
    with raw_sip(sip.host, (sip.host, sip.port)) as raw:
        own, node = raw.socket.getsockname(), (sip.host, sip.port)
        for n in range(30):
            raw.say(options(own, node, f"other{n}").replace(b"l110-probe", b"somebody"))
        assert set(raw.listen(5, 30)) == {401}
    _, about = raised_within(system.node, "sip-guessed", 5)
    assert about == sip.host
