"""A city's tables: what is read, and which line is to blame."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.city_files import city_folder, read_city_folder
from tests.unit.tickets.small_city import SMALL
from tickets.catalogue_check import Ground, check_catalogue
from tickets.city import COLUMNS, FILES, area_units, read_city
from tickets.network import UnitKind
from tickets.sheets import SheetsBad

CONFIG = Path(__file__).parents[3] / "config"


def problems(**lines: str) -> tuple[str, ...]:
    """`units="..."` puts one more line at the end of units.csv."""
    files = dict(SMALL)
    for name, line in lines.items():
        files[f"{name}.csv"] += line + "\n"
    with pytest.raises(SheetsBad) as bad:
        read_city(files)
    return bad.value.problems


def test_a_small_city_is_read_whole():
    city = read_city(SMALL)
    assert (city.name, city.matters.scheme, city.matters.version) == ("小城", "small", "1")
    assert [(area.code, area.parent) for area in city.areas] == [("A01", None), ("A01-01", "A01")]
    assert city.rules[0].co_units == ("@township",)
    assert city.matters.matters[1].service_class == "complaint"


@pytest.mark.parametrize(
    ("where", "line", "says"),
    [
        ("areas", "A02-01,cell,x", "areas.csv:4: code: A02-01 lies in A02"),
        ("areas", "A01,street,x", "areas.csv:4: code: A01 stands in areas.csv:2 already"),
        ("areas", "B1,street,x", "areas.csv:4: code: B1 is written like A03"),
        ("areas", "A03,cell,x", "kind: A03 cannot be a cell"),
        ("areas", "A03,street,", "name: is empty"),
        ("areas", "A03,street,x,y", "areas.csv:4: has 4 cells for 3 columns"),
        ("units", "gas,factory,x,x,,", "units.csv:4: kind: factory is none of company"),
        ("units", "gas,street,x,x,,", "area: is empty: say what this street answers for"),
        ("units", "gas,service,x,x,A09,", "area: A09 is no area"),
        ("units", "s2,street,x,x,A01,", "area: A01 stands in units.csv:3 already"),
        ("contacts", "gas,x,,,", "contacts.csv:3: unit: gas is no unit"),
        ("contacts", "water,x,,12ab,", "phone: 12ab is written like 00001001"),
        ("matters", "0901,x,x,complaint", "matters.csv:4: code: 0901 lies below 09"),
        ("matters", "0102,x,x,", "service_class: is empty"),
        ("matters", "0102,x,x,anger", "service_class: anger is none of"),
        ("matters", "02,x,x,complaint", "only a matter of four digits has one"),
        ("dispatch", "r2,1,*,water,,repair", "matter: 1 is written like"),
        ("dispatch", "r2,01,x,water,,repair", "area: x is written like"),
        ("dispatch", "r2,01,*,ghost,,repair", "dispatch.csv:3: unit: ghost is no unit"),
        ("dispatch", "r1,02,*,water,,repair", "rule: r1 stands in dispatch.csv:2 already"),
        ("services", "fire,x,x,120,", "number: 120 stands in services.csv:2 already"),
        ("services", 'fire,"x,x,119,', "services.csv:3: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(where, line, says):
    assert any(says in problem for problem in problems(**{where: line}))


def test_every_problem_is_told_at_once():
    assert len(problems(areas="B1,street,x", units="gas,factory,x,x,,")) == 2


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name, tmp_path):
    for other in FILES:
        if other != name:
            (tmp_path / other).write_text(SMALL[other], encoding="utf-8")
    with pytest.raises(SheetsBad, match=name):
        read_city_folder(tmp_path)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ('name = "x"\nscheme = "y"\n', "version is missing"),
        ('name = "x"\nscheme = "y"\nversion = "a b"\n', "version a b is written like"),
        ('name = "x"\nscheme = "y"\nversion = "1"\ncolour = 1\n', "colour is no key"),
        ("name = ", "city.toml: "),
    ],
)
def test_the_head_of_a_city_is_checked(head, says):
    with pytest.raises(SheetsBad, match=says):
        read_city(SMALL | {"city.toml": head})


def test_other_columns_are_refused():
    with pytest.raises(SheetsBad, match=r"areas.csv:1: has columns code, name, not code, kind"):
        read_city(SMALL | {"areas.csv": "code,name\n"})


def test_a_file_in_another_encoding_is_named(tmp_path):
    for name in FILES:
        (tmp_path / name).write_text(SMALL[name], encoding="utf-8")
    (tmp_path / "areas.csv").write_bytes(SMALL["areas.csv"].encode("gb18030"))
    with pytest.raises(SheetsBad, match=r"areas.csv: is not UTF-8"):
        read_city_folder(tmp_path)


@given(st.sampled_from(list(COLUMNS)), st.text(max_size=60))
def test_any_text_as_a_table_is_read_or_refused(name, text):
    found: tuple[str, ...] = ()
    try:
        read_city(SMALL | {name: text})
    except SheetsBad as bad:
        found = bad.problems
    assert all(problem.startswith(FILES) for problem in found)


def test_a_profile_of_its_own_takes_the_place_of_the_fictional_city(tmp_path):
    (tmp_path / "profiles" / "harbour" / "city").mkdir(parents=True)
    assert city_folder(tmp_path, "harbour").parts[-2:] == ("harbour", "city")
    assert city_folder(tmp_path, "other") == tmp_path / "city"
    assert city_folder(tmp_path, "") == tmp_path / "city"


class TestTheFictionalCity:
    city = read_city_folder(city_folder(CONFIG, ""))

    def test_it_has_as_many_of_each_as_the_case_that_it_follows(self):
        kinds = Counter(unit.kind for unit in self.city.units)
        assert kinds[UnitKind.DEPARTMENT] == 24
        assert kinds[UnitKind.TOWNSHIP] + kinds[UnitKind.STREET] == 19
        assert kinds[UnitKind.COMPANY] == 32
        cells = [area for area in self.city.areas if area.kind == "cell"]
        assert kinds[UnitKind.GRID] == len(cells) > 19
        assert kinds[UnitKind.VOLUNTEER] > 0
        assert kinds[UnitKind.DEPUTY] > 0

    def test_its_catalogue_has_no_finding(self):
        units = {unit.code: (unit.kind.value, unit.area) for unit in self.city.units}
        ground = Ground(
            [matter.code for matter in self.city.matters.matters],
            [area.code for area in self.city.areas],
            list(units),
            area_units(units),
        )
        assert check_catalogue(self.city.rules, ground) == []

    def test_nobody_real_can_be_rung_or_written_to(self):
        assert all(each.phone.startswith("0000") for each in self.city.contacts)
        assert all(each.email.endswith(".example") for each in self.city.contacts)

    def test_every_unit_has_somebody(self):
        assert {each.unit for each in self.city.contacts} == {u.code for u in self.city.units}

    @pytest.mark.parametrize(
        ("name", "code"), [("水管爆裂", "0101"), ("拖欠工资", "0701"), ("开锁与家政", "1201")]
    )
    def test_a_matter_is_found_by_its_name(self, name, code):
        matter = self.city.matters.find(name)
        assert matter is not None
        assert matter.code == code
        assert self.city.matters.find(code) == matter
        assert self.city.matters.find("nothing") is None
