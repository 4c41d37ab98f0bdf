"""Who gets a matter in an area, and what is wrong with a catalogue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.catalogue import ANY, DispatchRule, RuleBook, responsible_for
from tickets.catalogue_check import Finding, Ground, check_catalogue
from tickets.matters import matter_and_above
from tickets.network import area_and_above

MATTERS = ("01", "0101", "0102", "02", "0201")
AREAS = ("A01", "A01-01", "A01-02", "A02")
UNITS = ("water", "housing", "street-01")
GROUND = Ground(MATTERS, AREAS, UNITS, {"A01": "street-01", "A02": "street-02"})


def rule(name: str, matter: str, area: str, unit: str = "water", *co_units: str) -> DispatchRule:
    return DispatchRule(name, matter, area, unit, co_units, "general")


def findings(*rules: DispatchRule, ground: Ground = GROUND) -> list[tuple[str, str]]:
    return [(each.kind, each.subject) for each in check_catalogue(rules, ground)]


RULES = st.lists(
    st.builds(
        DispatchRule,
        st.integers(0, 10**6).map(str),
        st.sampled_from([*MATTERS, ANY]),
        st.sampled_from([*AREAS, ANY]),
        st.sampled_from([*UNITS, "@township", "@cell"]),
        st.lists(st.sampled_from([*UNITS, "@township"]), max_size=3).map(tuple),
        st.just("general"),
    ),
    max_size=12,
    unique_by=lambda each: each.rule,
)
MATTER, AREA = st.sampled_from(MATTERS), st.sampled_from([*AREAS, None])


@pytest.mark.parametrize(
    ("matter", "area", "expected"),
    [
        ("0101", "A01-02", "narrow"),
        ("0101", "A02", "matter"),
        ("0102", "A01-01", "both-wide"),
        ("0201", "A01", "anything"),
        ("0201", None, "anything"),
    ],
)
def test_the_narrowest_rule_wins(matter, area, expected):
    rules = [
        rule("anything", ANY, ANY),
        rule("both-wide", "01", "A01"),
        rule("matter", "0101", ANY),
        rule("narrow", "0101", "A01-02"),
    ]
    suggestion = responsible_for(matter, area, rules)
    assert suggestion is not None
    assert suggestion.rule == expected


def test_a_narrower_matter_goes_before_a_narrower_area():
    rules = [rule("by-area", "01", "A01-01"), rule("by-matter", "0101", ANY)]
    suggestion = responsible_for("0101", "A01-01", rules)
    assert suggestion is not None
    assert suggestion.rule == "by-matter"


def test_nobody_is_suggested_where_no_rule_holds():
    assert responsible_for("0101", "A01", [rule("other", "02", ANY)]) is None
    assert responsible_for(None, None, [rule("other", "02", ANY)]) is None


@pytest.mark.parametrize(
    ("unit", "area", "expected"),
    [
        ("@township", "A01-02", "street-01"),
        ("@cell", "A01-02", "grid-01-02"),
        ("@cell", "A01-01", "street-01"),
        ("@township", None, None),
        ("@cell", "A02", None),
    ],
)
def test_a_rule_by_place_names_who_answers_for_the_place(unit, area, expected):
    answering = {"A01": "street-01", "A01-02": "grid-01-02"}
    suggestion = responsible_for("0101", area, [rule("r", "01", ANY, unit)], answering)
    assert suggestion is not None
    assert suggestion.unit == expected


def test_a_unit_does_not_help_itself():
    rules = [rule("r", "01", ANY, "street-01", "@township", "water", "water")]
    suggestion = responsible_for("01", "A01", rules, {"A01": "street-01"})
    assert suggestion is not None
    assert suggestion.co_units == ("water",)


@given(RULES, MATTER, AREA, st.randoms())
def test_the_order_of_the_rules_does_not_matter(rules, matter, area, random):
    shuffled = random.sample(rules, len(rules))
    assert responsible_for(matter, area, rules) == responsible_for(matter, area, shuffled)


@given(RULES, MATTER, AREA)
def test_the_rule_that_wins_holds_and_none_that_holds_is_narrower_in_both(rules, matter, area):
    matters, areas = [*matter_and_above(matter), ANY], [*area_and_above(area), ANY]
    holding = [each for each in rules if each.matter in matters and each.area in areas]
    won = RuleBook(rules, {}).rule_for(matter, area)
    assert (won is None) == (holding == [])
    for other in holding:
        assert won is not None
        narrower = (matters.index(other.matter), areas.index(other.area))
        assert (matters.index(won.matter), areas.index(won.area)) <= narrower


@given(RULES, MATTER, AREA)
def test_a_rule_for_exactly_this_always_wins(rules, matter, area):
    exact = DispatchRule("", matter, area or ANY, "exact", (), "general")
    suggestion = responsible_for(matter, area, [*rules, exact])
    assert suggestion is not None
    assert suggestion.unit == "exact"


@given(RULES)
def test_a_catalogue_without_faults_sends_every_matter_in_every_area_to_a_unit_that_exists(rules):
    if any(each.is_fault for each in check_catalogue(rules, GROUND)):
        return
    for matter in ("0101", "0102", "0201"):
        for area in AREAS:
            suggestion = responsible_for(matter, area, rules, GROUND.area_units)
            assert suggestion is not None
            assert suggestion.unit in {*UNITS, *GROUND.area_units.values()}


@given(RULES, st.sampled_from(["0101", "0102", "0201"]), st.sampled_from(AREAS))
def test_every_gap_is_named(rules, matter, area):
    suggestion = responsible_for(matter, area, rules, GROUND.area_units)
    named = [s for kind, s in findings(*rules) if kind in ("gap", "nobody") and matter in s]
    told = any("every area" in each or area in each.split(" in ")[1].split(", ") for each in named)
    assert told == (suggestion is None or suggestion.unit is None)


def test_a_whole_catalogue_has_no_finding():
    assert findings(rule("a", "01", ANY), rule("b", "02", ANY)) == []


def test_a_gap_names_the_matter_and_the_areas():
    found = findings(rule("a", "01", ANY), rule("b", "0201", "A01"))
    assert found == [("gap", "0201 in A02")]
    assert findings(rule("a", "01", ANY)) == [("gap", "0201 in every area")]


def test_two_rules_for_the_same_are_an_overlap():
    found = check_catalogue(
        [rule("a", "*", ANY), rule("b", "01", "A01"), rule("c", "01", "A01", "housing")], GROUND
    )
    assert [(each.kind, each.subject) for each in found] == [("overlap", "c")]
    assert found[0].says.startswith("b has matter 01 in area A01 too")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (rule("x", "77", "A01"), "matter 77"),
        (rule("x", "0101", "A77"), "area A77"),
        (rule("x", "0101", "A01", "ghost"), "unit ghost"),
        (rule("x", "0101", "A01", "water", "ghost"), "unit ghost"),
    ],
)
def test_a_name_that_nobody_has_is_a_fault(wrong, says):
    found = check_catalogue([rule("a", ANY, ANY), wrong], GROUND)
    assert [(each.kind, each.subject) for each in found] == [("unknown", "x")]
    assert says in found[0].says


def test_a_deadline_class_is_checked_where_the_classes_are_known():
    ground = Ground(MATTERS, AREAS, UNITS, {}, deadline_classes={"repair"})
    assert findings(rule("a", ANY, ANY), ground=ground) == [("unknown", "a")]


def test_a_rule_by_place_needs_somebody_who_answers_for_the_place():
    ground = Ground(MATTERS, AREAS, UNITS, {"A01": "street-01"})
    found = findings(rule("a", "01", ANY), rule("b", "02", ANY, "@township"), ground=ground)
    assert found == [("nobody", "0201 in A02")]


def test_a_crossing_is_told_and_is_no_fault():
    rules = [rule("a", "0101", ANY), rule("b", "01", "A01"), rule("c", ANY, ANY)]
    found = check_catalogue(rules, GROUND)
    assert [(each.kind, each.is_fault) for each in found] == [("crossing", False)]
    assert found[0].says == "matter 0101 in area A01 goes by a, not by b"
    assert check_catalogue([*rules, rule("d", "0101", "A01")], GROUND) == []


def test_a_finding_is_a_fault_unless_it_is_a_crossing():
    assert Finding("gap", "", "").is_fault
    assert not Finding("crossing", "", "").is_fault
