"""Whether two tickets may be one matter."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tickets.duplicates import OFFERED_FROM, WITHIN, Report, likeness, overlap

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PIPE = Report("解放路12号水管爆了，水喷得到处都是。", "解放路12号", "东关街道", "", T0)

words = st.text(alphabet="水管爆了解放路号12，。Ab ", max_size=30)
reports = st.builds(
    Report,
    text=words,
    place=words,
    area=st.sampled_from(["", "东关街道", "白石镇"]),
    matter=st.sampled_from(["", "0101", "0102", "0701"]),
    opened_at=st.integers(0, 200).map(lambda hours: T0 + timedelta(hours=hours)),
)


def at(place: str, hours: float = 1, **other) -> Report:
    told = {"text": "路上都是水，没人来关阀门。", "area": "东关街道", "matter": ""} | other
    return Report(place=place, opened_at=T0 + timedelta(hours=hours), **told)


def test_the_same_pipe_told_in_other_words_an_hour_later_is_offered():
    assert likeness(PIPE, at("解放路12号门口")).offered


def test_the_same_words_at_the_other_end_of_the_city_are_not():
    other = Report("白石镇水管爆了，水喷得到处都是。", "学府花园3栋", "白石镇", "", T0)
    assert not likeness(PIPE, other).offered


def test_the_same_place_a_week_later_is_not():
    assert not likeness(PIPE, at("解放路12号", hours=24 * 7)).offered


def test_two_matters_that_the_desk_has_kept_apart_are_not_offered():
    own = Report(PIPE.text, PIPE.place, PIPE.area, "0101", T0)
    assert likeness(own, at("解放路12号", matter="0101")).offered
    assert likeness(own, at("解放路12号", matter="0102")).offered
    apart = likeness(own, at("解放路12号", matter="0701"))
    assert not apart.offered
    assert "another matter" in str(apart)


def test_a_score_says_what_it_is_made_of():
    told = likeness(PIPE, at("解放路12号"))
    assert str(told).startswith(f"{told.score:.2f} = 0.4 x place 1.00 + 0.35 x text")


def test_the_place_in_the_text_does_not_count_twice():
    one = Report("解放路12号停电", "解放路12号", "", "", T0)
    other = Report("解放路12号有狗叫", "解放路12号", "", "", T0)
    assert likeness(one, other).text == 0


def test_another_house_of_the_same_street_is_offered_only_for_the_same_words():
    other: dict[str, Any] = {"matter": "0101", "hours": 0.2}
    own = Report(PIPE.text, PIPE.place, PIPE.area, "0101", T0)
    assert likeness(own, at("解放路12号", **other)).offered
    assert not likeness(own, at("解放路98号", **other)).offered
    assert likeness(own, at("解放路98号", text=PIPE.text, **other)).offered
    assert likeness(own, at("解放路", **other)).place > likeness(own, at("解放路98号")).place


def test_marks_and_blanks_are_no_words():
    assert overlap("水，管 爆！", "水管爆") == 1
    assert overlap("", "") == overlap("水", "管") == 0
    assert overlap("水", "水") == 1


@given(reports, reports)
def test_likeness_is_the_same_in_both_directions_and_from_0_to_1(one, other):
    told = likeness(one, other)
    assert told == likeness(other, one)
    assert all(0 <= part <= 1 for part in (told.place, told.text, told.time, told.score))


@given(reports, st.integers(0, 100), st.integers(0, 100))
def test_what_is_further_apart_in_time_is_never_liker(one, hours, more):
    def later(by: int) -> Report:
        when = one.opened_at + timedelta(hours=by)
        return Report(one.text, one.place, one.area, one.matter, when)

    assert likeness(one, later(hours)).score >= likeness(one, later(hours + more)).score


@given(reports, reports)
def test_beyond_three_days_only_the_same_words_of_the_same_place_are_offered(one, other):
    far = Report(other.text, other.place, other.area, other.matter, one.opened_at + WITHIN)
    told = likeness(one, far)
    assert told.time == 0
    assert not told.offered or 0.4 * told.place + 0.35 * told.text >= OFFERED_FROM - 1e-4
