"""Where settings come from, and how a wrong one is named."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from config import fields
from config.settings import ROOT, SettingsRejected, load_settings
from tickets.model import ServiceClass


@pytest.fixture
def site_file(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_defaults_alone_make_a_node():
    settings = load_settings()
    assert (settings.node, settings.sip.port, settings.agi.port) == ("n1", 5060, 4573)
    assert [seat.number for seat in settings.police.seats] == ["8001", "8002", "8003", "8004"]
    assert settings.police.destinations[-1] == "refer:8199"


def test_a_file_wins_over_the_defaults_key_by_key(site_file):
    settings = load_settings(site_file('node = "n2"\n[sip]\nport = 5070\n'))
    assert (settings.node, settings.sip.port, settings.sip.host) == ("n2", 5070, "127.0.0.1")


def test_the_environment_wins_over_the_file(site_file, monkeypatch):
    monkeypatch.setenv("L110_SIP__PORT", "5080")
    settings = load_settings(site_file("[sip]\nport = 5070\nrtp_start = 20000\nrtp_end = 20100\n"))
    assert (settings.sip.port, settings.sip.rtp_start) == (5080, 20000)


def test_the_environment_may_name_the_file(site_file, monkeypatch):
    monkeypatch.setenv("L110_CONFIG", str(site_file('node = "n7"')))
    assert load_settings().node == "n7"


def test_a_list_in_the_environment_is_json(monkeypatch):
    monkeypatch.setenv("L110_LIVELIHOOD__SEATS", '[{"number": "7009", "at": "registered"}]')
    (seat,) = load_settings().livelihood.seats
    assert (seat.number, seat.at) == ("7009", "registered")


def test_a_broken_list_in_the_environment_is_named(monkeypatch):
    monkeypatch.setenv("L110_LIVELIHOOD__SEATS", "[{")
    with pytest.raises(SettingsRejected, match=r"environment: .*L110_LIVELIHOOD__SEATS|livelihood"):
        load_settings()


def test_a_city_lies_between_defaults_and_file(site_file):
    assert load_settings(site_file('profile = "shaowu"')).profile == "shaowu"


def test_an_unknown_city_is_named(site_file):
    with pytest.raises(SettingsRejected, match=r"profiles/atlantis/settings\.toml: No such file"):
        load_settings(site_file('profile = "atlantis"'))


def test_an_unknown_key_is_named_with_its_file(site_file):
    path = site_file("[sip]\nprot = 5070\n")
    with pytest.raises(SettingsRejected) as rejected:
        load_settings(path)
    assert rejected.value.problems == (f"{path}: sip.prot: unknown key",)


def test_every_fault_is_told_at_once(site_file):
    path = site_file('node = "N 1"\n[sip]\nport = 70000\n[nonsense]\n')
    with pytest.raises(SettingsRejected) as rejected:
        load_settings(path)
    keys = sorted(problem.split(": ")[1] for problem in rejected.value.problems)
    assert keys == ["node", "nonsense", "sip.port"]


@pytest.mark.parametrize("name", ["L110_SIP__PROT", "L110_SPI__PORT"])
def test_a_misspelt_variable_is_named(monkeypatch, name):
    monkeypatch.setenv(name, "5070")
    with pytest.raises(SettingsRejected, match=f"environment: {name}"):
        load_settings()


def test_another_programs_variable_is_left_alone(monkeypatch):
    monkeypatch.setenv("L110_DEBIAN_MIRROR", "mirror")
    assert load_settings().node == "n1"


def test_a_wrong_value_in_the_environment_is_not_blamed_on_the_file(site_file, monkeypatch):
    monkeypatch.setenv("L110_SIP__PORT", "none")
    with pytest.raises(SettingsRejected, match=r"^environment: L110_SIP__PORT: sip\.port: "):
        load_settings(site_file("[sip]\nport = 5070\n"))


def test_a_file_that_is_no_toml_is_named_with_its_line(site_file):
    path = site_file("node = \n")
    with pytest.raises(SettingsRejected, match=rf"{path}: Invalid value \(at line 1"):
        load_settings(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsRejected, match="No such file"):
        load_settings(tmp_path / "nowhere.toml")


def test_the_police_may_not_end_in_a_queue_of_ours(site_file):
    with pytest.raises(SettingsRejected, match="outside this system"):
        load_settings(site_file('[police]\ndestinations = ["dial:8199", "queue"]\n'))


def test_a_message_belongs_to_its_worker_for_longer_than_a_try_may_take(site_file):
    with pytest.raises(SettingsRejected, match="lease_s must be at least three times within_s"):
        load_settings(site_file("[sending]\nlease_s = 20\nwithin_s = 8\n"))


def test_settings_do_not_change_under_a_running_node():
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.node = "n2"
    with pytest.raises(ValidationError):
        settings.sip.port = 1


def test_state_lies_below_the_checkout_unless_told_otherwise(site_file, tmp_path):
    assert load_settings().journal_path == ROOT / "var" / "journal.sqlite3"
    settings = load_settings(site_file(f'var_dir = "{tmp_path}/state"'))
    assert settings.cel_path == tmp_path / "state/asterisk/log/cel-custom/l110.jsonl"
    assert settings.store_url == f"sqlite:///{tmp_path}/state/store.sqlite3"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/x.sqlite3", f"sqlite:///{ROOT}/data/x.sqlite3"),
        ("sqlite:////data/x.sqlite3", "sqlite:////data/x.sqlite3"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql:///d", "postgresql:///d"),
    ],
)
def test_the_store_is_found_from_any_folder(monkeypatch, url, expected):
    monkeypatch.setenv("L110_DATABASE_URL", url)
    assert load_settings().store_url == expected


def test_no_list_of_the_switch_means_none(site_file):
    none = load_settings(site_file('[audit]\nswitch_list_path = ""\n'))
    assert none.switch_list_path is None
    given = load_settings(site_file('[audit]\nswitch_list_path = "/srv/list.csv"\n'))
    assert given.switch_list_path == Path("/srv/list.csv")


def test_a_sites_own_asterisk_writes_its_records_where_the_settings_say(site_file):
    own = load_settings(site_file('[records]\ncel_file = "/srv/cel"\ncdr_file = "x/cdr"\n'))
    assert (own.cel_path, own.cdr_path) == (Path("/srv/cel"), ROOT / "x/cdr")


def test_the_keys_of_the_second_menu_bring_only_classes_that_a_ticket_has(site_file):
    with pytest.raises(SettingsRejected, match=r"livelihood\.classes\.1: .*'complaint'"):
        load_settings(site_file('[livelihood]\nclasses = { 1 = "gripe" }\n'))
    known = set(get_args(fields.ServiceClass))
    assert known == {each.value for each in ServiceClass if each is not ServiceClass.UNCLASSIFIED}


def test_the_desk_is_on_loopback_unless_a_proxy_speaks_https_for_it(site_file):
    assert load_settings().web_host == "127.0.0.1"
    assert load_settings(site_file('[agi]\nhost = "127.7.0.1"\n')).web_host == "127.7.0.1"
    assert load_settings(site_file('[agi]\nhost = "10.1.2.3"\n')).web_host == "127.0.0.1"
    with pytest.raises(SettingsRejected, match="https"):
        load_settings(site_file('[web]\nhost = "10.1.2.3"\n'))
    https = load_settings(site_file('[web]\nhost = "10.1.2.3"\nhttps = true\n'))
    assert https.web_host == "10.1.2.3"
