"""The keys of seats are settings, and a list that could not be told apart is refused."""

from pathlib import Path

import pytest

from config.settings import SettingsRejected, load_settings
from scripts import seat_keys


def keys(tmp_path: Path, text: str):
    path = tmp_path / "site.toml"
    path.write_text(f"[seat_keys]\n{text}\n", encoding="utf-8")
    return load_settings(path).seat_keys


def test_a_sites_list_of_services_takes_the_place_of_the_one_that_is_shipped(tmp_path):
    assert keys(tmp_path, 'services = { "*4" = "120" }').services == {"*4": "120"}
    assert keys(tmp_path, "services = {}").services == {}
    assert "*41" in keys(tmp_path, 'three_way = "*5"').services


def test_so_does_a_list_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_SEAT_KEYS__SERVICES", '{"*4": "122"}')
    assert keys(tmp_path, 'services = { "*41" = "120" }').services == {"*4": "122"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('to_police = "*2"', r"\*2 and \*2 cannot be told apart"),
        ('three_way = "*4"', r"\*4 and \*41 cannot be told apart"),
        ('services = { "*4" = "120", "*41" = "119" }', r"\*4 and \*41 cannot be told apart"),
        ('services = { "*20" = "120" }', r"\*2 and \*20 cannot be told apart"),
        ('to_police = "12"', "to_police"),
        ('services = { "*4" = "a" }', r"services\.\*4"),
    ],
)
def test_keys_that_no_seat_could_press_are_refused(tmp_path, text, told):
    with pytest.raises(SettingsRejected, match=told):
        keys(tmp_path, text)


def test_each_key_stands_in_asterisks_map_for_the_called_side_only(tmp_path):
    mine = keys(
        tmp_path, 'to_livelihood = "#7"\nto_police = "#8"\nthree_way = "#9"\nservices = {"*4"="1"}'
    )
    assert seat_keys.application_map(mine) == (
        "l110-to-livelihood => #7,self/callee,GoSub(l110-key,livelihood,1)\n"
        "l110-to-police => #8,self/callee,GoSub(l110-key,police,1)\n"
        "l110-three-way => #9,self/callee,GoSub(l110-key,three,1)\n"
        "l110-service-1 => *4,self/callee,GoSub(l110-key,1,1)\n"
    )
    assert seat_keys.of_police(mine) == "l110-to-livelihood#l110-three-way#l110-service-1"
    assert seat_keys.of_livelihood(mine) == "l110-to-police#l110-three-way#l110-service-1"
