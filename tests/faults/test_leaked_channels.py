"""A channel that Asterisk keeps after its call is over is found and told."""

from pathlib import Path

import pytest

from scripts.lab import sipp
from scripts.lab.callers import Stay, Wait, caller
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.switch_stub import Refer, referred_caller
from tests.faults.watched import raised_within, stays_quiet
from tests.real_asterisk.system import Records, node_alone

pytestmark = pytest.mark.real_asterisk
SETTINGS = """
[release]
mode = "refer"
[queues]
refer_guard_s = 2
[selftest]
every_s = 0
"""


def play(records: Records, place: int, number: str, scenario: str) -> Sipp:
    sip = records.node.settings.sip
    return sipp.call(
        records.node.settings.var.parent / "sipp",
        f"caller-{place}",
        scenario,
        at=Endpoint(sip.switch_host, 7100 + place, 31000 + 20 * place),
        to=f"{sip.host}:{sip.port}",
        dial="110",
        people=[Person(number)],
    )


def test_a_channel_that_outlives_its_call_is_an_alarm_and_a_live_one_is_not(
    tmp_path: Path,
) -> None:
    """The caller hangs up in the middle of a REFER: Asterisk keeps his channel for minutes."""
    with node_alone(tmp_path, 175, settings=SETTINGS, lines=10) as records:
        records.node.start_watch()
        waits = play(records, 1, "13800006101", caller([Wait(12), Stay(20)]))
        assert stays_quiet(records.node, "channel-leaked", 7)
        play(records, 2, "13800006102", referred_caller(Refer(bye_after_s=0.2))).wait(10)
        _, about = raised_within(records.node, "channel-leaked", 12)
        assert about == "PJSIP/l110-trunk-00000001"
        assert "PJSIP/l110-trunk-00000000" in records.node.channels()
        waits.stop()
