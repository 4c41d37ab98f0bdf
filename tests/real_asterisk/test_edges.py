"""Who may not come in, and where nobody may go out."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab import sipp
from scripts.lab.callers import HangUp, Wait, caller
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import wait_until
from tests.limits import dialplan_changed
from tests.real_asterisk.system import System, running_system
from tests.seen import nothing_left


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(
        tmp_path_factory.mktemp("edges"),
        11,
        registered=("8004",),
        lines=8,
        seats=dict.fromkeys(("8001", "8002", "8003"), Manner(ring_s=0.1, talk_s=30)),
    ) as system:
        yield system


def call_node(system: System, host: str, extension: str) -> sipp.Sipp:
    """Call the node itself, past the switch."""
    plan = system.town.plan
    return sipp.call(
        plan.root / "stranger",
        f"{host}-{extension}".replace("*", "star"),
        caller([Wait(0.2), HangUp()]),
        at=sipp.Endpoint(host, 7777, 37770),
        to=f"{plan.node_host}:{plan.node_port}",
        dial=extension,
        people=[sipp.Person("13800000001")],
    )


@pytest.mark.fault("B48", how="INVITE to other extensions")
@pytest.mark.parametrize("extension", ["120", "0059112345", "8001", "s", "*2", "somebody"])
def test_the_switch_reaches_no_extension_but_110(
    system: System, told: Finding, extension: str
) -> None:
    with nothing_left(system.node, told):
        stranger = call_node(system, system.town.plan.switch_host, extension)
        assert not stranger.wait(20)
    assert "404 Not Found" in stranger.complaint()
    assert system.calls() == []
    told.caller.append(f"{extension}: 404")
    told.records.append("no row: it was no call")


@pytest.mark.fault("B46", how="INVITE from a stranger's address")
def test_an_invite_from_an_unknown_address_is_refused_before_it_is_a_call(
    system: System, told: Finding
) -> None:
    with nothing_left(system.node, told):
        stranger = call_node(system, system.town.plan.callers_host, "110")
        assert not stranger.wait(20)
        assert "403 Forbidden" in stranger.complaint()
        assert system.calls() == []
        assert system.node.channels() == []
    told.caller.append("the stranger: 403")
    told.records.append("no row, no channel")


@pytest.mark.control("B48", without="a context that knows our extensions only")
def test_control_where_any_extension_may_be_dialled_the_switch_rings_a_seat_past_the_record(
    system: System, told: Finding
) -> None:
    anything = "exten => _X.,1,Dial(PJSIP/l110-switch/sip:${EXTEN}@${L110_SWITCH})"
    context = "\n[l110-intake]\n"
    with dialplan_changed(system.node, "extensions.conf", context, f"{context}{anything}\n"):
        switch = call_node(system, system.town.plan.switch_host, "8001")
        assert switch.wait(20)
    system.assert_nothing_outlives_its_call()
    assert system.calls() == []
    told.caller.append("8001: answered, by way of the switch")
    told.records.append("no row of a talk at a seat")


@pytest.mark.control("B46", without="the list of addresses, and the trunk known by its own")
def test_control_where_the_trunk_has_no_address_a_stranger_is_a_call(
    system: System, told: Finding
) -> None:
    stranger, trunk = system.town.plan.callers_host, f"match={system.town.plan.switch_host}"
    with system.endpoints_changed("deny=0.0.0.0/0.0.0.0", "permit=0.0.0.0/0.0.0.0"):
        only_known_by_address = call_node(system, stranger, "110")
        assert not only_known_by_address.wait(20)
        assert "401 Unauthorized" in only_known_by_address.complaint()
        with system.endpoints_changed(trunk, "match=0.0.0.0/0"):
            assert call_node(system, stranger, "110").wait(20)
    row = system.call_of("13800000001")
    assert row.outcome == "left-in-menu"
    told.caller.append("the stranger: 401 without the list, answered without both")
    told.records.append(f"1 row of the stranger, {row.outcome}")


@pytest.fixture
def trunk_call(system: System) -> Iterator[Telephone]:
    """The switch itself, in a call that a police seat has answered."""
    host = system.town.plan.switch_host
    switch = system.telephones.stranger("13800000002", host=host)
    switch.call("110")
    switch.wait_for("answered")
    switch.press("1")
    wait_until(lambda: talks_at_a_seat(system), "a seat to answer", 10)
    yield switch
    system.telephones.leave()
    system.assert_nothing_outlives_its_call()


def talks_at_a_seat(system: System) -> bool:
    """Whether a trunk channel and a seat's channel of the node are up and bridged."""
    return "2 active channels" in ask(system.node.home, "core show channels")


@pytest.mark.fault("B49", how="REFER in a dialog of the trunk")
@pytest.mark.parametrize("extension", ["110", "livelihood", "8002", "120"])
def test_a_refer_from_the_trunk_is_refused_and_the_caller_stays(
    system: System, told: Finding, trunk_call: Telephone, extension: str
) -> None:
    with nothing_left(system.node, told, standing=system.node.channels()):
        status = trunk_call.transfer(extension)
        assert status in (403, 603)
        assert talks_at_a_seat(system)
    assert trunk_call.diary.found("ended") == []
    told.caller.append(f"REFER to {extension}: {status}, the caller talks on")
    told.records.append(f"his call goes on: {unended(system)} row without an end")


def unended(system: System) -> int:
    return sum(row.ended_at is None for row in system.calls())


@pytest.mark.control("B49", without="allow_transfer=no on the trunk")
def test_control_where_transfers_are_allowed_the_refer_takes_the_caller_away(
    system: System, told: Finding
) -> None:
    reload = "module reload res_pjsip.so"
    with system.config_changed("pjsip.conf", "allow_transfer=no", "allow_transfer=yes", reload):
        allowed = system.telephones.stranger("13800000003", host=system.town.plan.switch_host)
        allowed.call("110")
        allowed.wait_for("answered")
        status = allowed.transfer("110")
        system.telephones.leave()
    assert status == 202
    system.assert_nothing_outlives_its_call()
    told.caller.append(f"REFER to 110: {status}, taken")


def test_a_refer_from_the_trunk_that_names_another_dialog_is_refused(
    system: System, trunk_call: Telephone
) -> None:
    second = trunk_call.call("livelihood")
    trunk_call.wait_for("answered", call_id=second.call_id)
    assert trunk_call.transfer_to(second, "livelihood") in (403, 603)
    assert trunk_call.diary.found("ended") == []


@pytest.mark.fault("B49", how="INVITE with Replaces")
def test_nobody_takes_over_a_call_with_replaces(
    system: System, told: Finding, trunk_call: Telephone
) -> None:
    """Who knows all names of the dialog is refused by his address, or for want of a password."""
    wanted = ("Replaces", unquote(trunk_call.talk.dialog.replaces))
    outside = system.telephones.stranger("13800000001", host=system.town.plan.callers_host)
    assert outside.ask("110", "INVITE", wanted) == 403
    assert outside.ask("livelihood", "REFER", ("Refer-To", "<sip:110@example.invalid>")) == 403
    inside = system.telephones.stranger("seat-8004")
    assert inside.ask("110", "INVITE", wanted) == 401
    assert trunk_call.diary.found("ended") == []
    told.caller.append("INVITE with Replaces: 403 from outside, 401 inside; the caller talks on")


@pytest.mark.parametrize("name", ["seat-8001", "l110-switch", "l110-trunk", "nobody"])
def test_nobody_in_a_seat_network_calls_under_a_name_without_a_password(
    system: System, name: str
) -> None:
    assert system.telephones.stranger(name).ask("110", "INVITE") == 401
    system.telephones.leave()


def test_control_where_a_name_were_enough_a_stranger_would_be_let_in(system: System) -> None:
    with system.endpoints_changed("aors=seat-8001\nidentify_by=ip", "aors=seat-8001"):
        assert system.telephones.stranger("seat-8001").ask("110", "INVITE") == 404
    system.telephones.leave()


def test_the_managers_reader_may_look_but_not_dial(system: System) -> None:
    shown = ask(system.node.home, "manager show user l110-reader")
    assert "originate" not in shown
    assert "originate" in ask(system.node.home, "manager show user l110-actor")


def test_nothing_that_starts_a_program_or_speaks_to_another_host_is_loaded(
    system: System,
) -> None:
    loaded = ask(system.node.home, "module show")
    for module in (
        "app_system",
        "func_shell",
        "func_curl",
        "app_externalivr",
        "pbx_spool",
    ):
        assert module not in loaded


def test_the_secrets_are_readable_by_their_owner_only(system: System) -> None:
    files = [system.node.home.etc / "manager.conf", *system.node.settings.var.glob("secrets/*")]
    assert {oct(Path(file).stat().st_mode & 0o077) for file in files} == {"0o0"}
