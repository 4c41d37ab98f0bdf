"""Who may not come in, and where nobody may go out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.lab import sipp
from scripts.lab.callers import HangUp, Wait, caller
from tests.real_asterisk.system import System, running_system


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("edges"), 11) as system:
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


@pytest.mark.parametrize("extension", ["120", "0059112345", "8001", "s", "*2", "somebody"])
def test_the_switch_reaches_no_extension_but_110(system: System, extension: str) -> None:
    stranger = call_node(system, system.town.plan.switch_host, extension)
    assert not stranger.wait(20)
    assert "404 Not Found" in stranger.complaint()


def test_an_invite_from_an_unknown_address_is_refused_before_it_is_a_call(system: System) -> None:
    stranger = call_node(system, system.town.plan.callers_host, "110")
    assert not stranger.wait(20)
    assert "403 Forbidden" in stranger.complaint()
    assert system.calls() == []
    assert system.node.channels() == []


def test_the_managers_reader_may_look_but_not_dial(system: System) -> None:
    shown = ask(system.node.home, "manager show user l110-reader")
    assert "originate" not in shown
    assert "originate" in ask(system.node.home, "manager show user l110-actor")


def test_nothing_that_starts_a_program_or_reads_a_file_is_loaded(system: System) -> None:
    loaded = ask(system.node.home, "module show")
    for module in (
        "app_system",
        "func_shell",
        "func_env",
        "func_curl",
        "app_externalivr",
        "pbx_spool",
    ):
        assert module not in loaded


def test_the_secrets_are_readable_by_their_owner_only(system: System) -> None:
    files = [system.node.home.etc / "manager.conf", *system.node.settings.var.glob("secrets/*")]
    assert {oct(Path(file).stat().st_mode & 0o077) for file in files} == {"0o0"}
