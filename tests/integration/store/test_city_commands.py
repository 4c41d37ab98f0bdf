"""`l110 city`, `catalogue` and `services`, as the user sees them."""

import json
from pathlib import Path

import pytest

from tests.integration.store.commands import as_json, says
from tests.unit.tickets.small_city import SMALL


def small(folder: Path, **files: str) -> str:
    folder.mkdir(exist_ok=True)
    for name, text in SMALL.items():
        (folder / name).write_text(files.get(name.partition(".")[0], text), encoding="utf-8")
    return str(folder)


def test_a_city_is_loaded_and_loading_it_again_changes_nothing(site_store: str) -> None:
    first = as_json("city", "load")
    assert first["city"] == "澜溪市"
    assert first["catalogue_faults"] == 0
    assert first["loaded"]["units"]["added"] > 150
    again = as_json("city", "load")["loaded"]
    assert {(each["added"], each["changed"], each["retired"]) for each in again.values()} == {
        (0, 0, 0)
    }
    assert "dispatch rules" in says("city", "load").output


def test_a_city_with_a_fault_changes_nothing(site_city: str, tmp_path: Path) -> None:
    folder = small(tmp_path / "bad", units="code,kind\n", areas="code,kind,name\nx,y,z\n")
    answer = says("city", "load", "--folder", folder)
    assert answer.exit_code == 1
    assert "units.csv:1: has columns code, kind" in answer.output
    assert "areas.csv:2: code: x is written like" in answer.output
    assert len(as_json("city", "units", "--kind", "department")) == 24


def test_a_version_of_matters_with_another_content_is_refused(
    site_store: str, tmp_path: Path
) -> None:
    says("city", "load", "--folder", small(tmp_path / "one"))
    other = SMALL["matters.csv"].replace("爆管", "水管")
    answer = says("city", "load", "--folder", small(tmp_path / "two", matters=other))
    assert answer.exit_code == 1
    assert "give the files another version" in answer.output


def test_units_are_shown_with_their_contacts(site_city: str) -> None:
    water = as_json("city", "units", "water")
    assert (water["kind"], len(water["contacts"])) == ("service", 1)
    assert "Contacts" in says("city", "units", "water").output
    assert "no unit ghost" in says("city", "units", "ghost").output
    assert len([a for a in as_json("city", "areas") if a["kind"] != "cell"]) == 19


def test_the_catalogue_that_comes_with_us_is_whole(site_city: str) -> None:
    answer = says("catalogue", "check")
    assert answer.exit_code == 0
    assert " rules, 0 faults, 0 crossings" in answer.output


def test_a_gap_and_an_overlap_are_named_and_the_status_is_one(
    site_store: str, tmp_path: Path
) -> None:
    head = SMALL["dispatch.csv"].splitlines()[0]
    rules = f"{head}\nr1,0101,A01-01,water,,repair\nr2,0101,A01-01,water,,repair\n"
    loaded = says("city", "load", "--folder", small(tmp_path / "c", dispatch=rules))
    assert "2 faults in the dispatch catalogue" in loaded.output
    answer = says("catalogue", "check")
    assert answer.exit_code == 1
    assert "overlap: r2: r1 has matter 0101 in area A01-01 too" in answer.output
    assert "gap: 0101 in A01: no rule holds" in answer.output
    told = json.loads(says("catalogue", "check", "--json").output)
    assert (told["rules"], told["faults"]) == (2, 2)


def test_who_gets_a_matter_is_told_with_the_rule(site_city: str) -> None:
    told = as_json("catalogue", "who", "水管爆裂", "A03-01")
    assert (told["matter"], told["unit"], told["rule"]) == ("0101", "water", "m0101")
    assert as_json("catalogue", "who", "1601", "A03-01")["unit"] == "grid-03-01"
    assert "unit: water" in says("catalogue", "who", "0101").output


def test_who_cannot_be_told_is_told_why(site_city: str) -> None:
    for given, message in (
        (("7777",), "7777 is no matter of 2026-1"),
        (("0101", "A99"), "no area A99"),
        (("1601",), "its unit depends on the area"),
    ):
        answer = says("catalogue", "who", *given)
        assert answer.exit_code == 1
        assert message in answer.output


def test_without_a_city_the_mend_is_named(site_store: str) -> None:
    for command in (("check",), ("matters",), ("who", "0101")):
        answer = says("catalogue", *command)
        assert answer.exit_code == 1
        assert "l110 city load" in answer.output


def test_without_tables_the_mend_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    for command in (("city", "load"), ("services", "list"), ("knowledge", "list")):
        assert "`l110 db upgrade` makes its tables" in says(*command).output


def test_matters_are_listed(site_city: str) -> None:
    assert {"code": "0101", "name": "水管爆裂"}.items() <= as_json("catalogue", "matters")[
        1
    ].items()


def test_services_stand_beside_the_keys_that_dial_them(site_city: str) -> None:
    told = {each["number"]: each["key"] for each in as_json("services", "list")["services"]}
    assert (told["120"], told["119"], told["122"], told["12315"]) == ("*41", "*42", "*43", None)
    assert "急救中心" in says("services", "list").output


def test_a_key_to_a_number_that_is_no_service_is_named(
    site_city: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("L110_SEAT_KEYS__SERVICES", '{"*41": "120", "*49": "95588"}')
    answer = says("services", "list")
    assert answer.exit_code == 1
    assert "*49 dials 95588, which is no service" in answer.output
