"""Conservation under fire, the short form: `scripts/load endurance` is the long one."""

from pathlib import Path

import pytest

from reports.switch_list import SwitchLeg
from scripts.chaos.findings import Finding
from scripts.stress import endurance
from scripts.stress.callers import call_list
from scripts.stress.endurance import endure
from scripts.stress.settings import Place
from scripts.stress.troubles import Plan

CALLS, RATE = 300, 15.0
PLAN = Plan(CALLS / RATE, kill_every_s=6, store_away_s=6, restart_asterisk=True)


@pytest.mark.fault("10", "18", "33", how="300 calls; bridge and Asterisk killed, store away")
def test_every_call_is_on_record_whatever_is_killed_meanwhile(
    tmp_path: Path, told: Finding
) -> None:
    found = endure(tmp_path, CALLS, RATE, PLAN, Place.own(), lambda what: None)
    assert found.good, found.as_dict()
    assert found.kills >= 3
    assert (found.restarts, found.store_away_s >= 6) == (1, True)
    assert found.switch == CALLS
    assert found.answered <= found.ended + found.killed <= found.switch
    told.records.append(
        f"{found.switch} Call-IDs of the switch, {found.ended} legs ended, {found.killed} killed, "
        f"{found.calls} rows; missing 0, doubled 0, unexplained 0"
    )


@pytest.mark.control("10", "18", "33", without="one call of the switch on our record")
def test_control_a_call_that_only_the_switch_knows_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_more = SwitchLeg("never-came@switch", result="answered")
    monkeypatch.setattr(endurance, "SETTLES_WITHIN_S", 3.0)
    monkeypatch.setattr(endurance, "call_list", lambda folder: [*call_list(folder), one_more])
    calm = Plan(4, kill_every_s=0, store_away_s=0, restart_asterisk=False)
    found = endure(tmp_path, 40, 10.0, calm, Place("127.92.1"), lambda what: None)
    assert not found.good
    assert found.audit.count("missing") == 1
