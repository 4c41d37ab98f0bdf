"""The supervisor's configuration survives long paths, odd names and restarts."""

import configparser
import os
import shlex
from pathlib import Path

import pytest

from config.settings import load_settings
from scripts.asterisk_home import Program
from scripts.cli import supervision


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / "100% state"))
    monkeypatch.setattr(
        supervision, "find_program", lambda: Program(Path("/a b/asterisk"), Path("/m"), Path("/d"))
    )
    return load_settings()


def read(settings, config=None):
    parser = configparser.RawConfigParser()
    parser.read_string(supervision.configuration(settings, config))
    return parser


def test_every_process_is_restarted_at_once_and_later_again_and_again(settings):
    conf = read(settings)
    programs = [name for name in conf.sections() if name.startswith("program:")]
    names = ["asterisk", "ivr", "forward", "watch", "worker", "keep", "desk"]
    assert programs == [f"program:{name}" for name in names]
    assert {conf[name]["autorestart"] for name in programs} == {"true"}
    retries = {name: int(conf[f"program:{name}"]["startretries"]) for name in names}
    assert retries.pop("keep") >= 1_000_000
    assert set(retries.values()) == {supervision.RETRIES}, "`l110 keep` tries these again"


def test_each_process_is_told_where_to_say_that_it_lives(settings):
    conf = read(settings)
    bridge = conf["program:ivr"]["environment"]
    assert bridge.endswith('/notify.sock",WATCHDOG_USEC="3000000"')
    assert conf["program:asterisk"]["environment"] == 'NOTIFY_SOCKET="",WATCHDOG_USEC="0"'


def test_a_node_without_a_desk_starts_none(tmp_path, monkeypatch, settings):
    monkeypatch.setenv("L110_WEB__SERVE", "false")
    conf = read(load_settings())
    assert "program:desk" not in conf
    assert "program:keep" in conf


def test_blanks_and_percent_signs_in_paths_are_kept(settings):
    conf = read(settings)
    command = shlex.split(conf["program:asterisk"]["command"].replace("%%", "%"))
    assert command[0] == "/a b/asterisk"
    assert command[-1].endswith("100% state/asterisk/etc/asterisk.conf")


def test_the_sites_file_reaches_every_process_of_ours(settings):
    conf = read(settings, Path("/etc/site.toml"))
    for name in ("ivr", "forward", "watch", "worker", "desk"):
        assert shlex.split(conf[f"program:{name}"]["command"])[-3:] == [
            "--config", "/etc/site.toml", name,
        ]  # fmt: skip


def test_a_deep_checkout_gets_a_socket_that_the_kernel_takes(monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", "/" + "deep/" * 40)
    path = supervision.socket_path(load_settings())
    assert len(os.fsencode(path)) <= supervision.LONGEST_SOCKET


def test_nobody_home_is_said_so(settings):
    with pytest.raises(supervision.SupervisorAway):
        supervision.processes(settings)


def test_an_instance_that_never_ran_has_no_processes(settings):
    assert supervision.our_processes(settings) == []
