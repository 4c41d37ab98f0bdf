"""Suggested units: learnt from texts, measured with phrasings that were not learnt."""

import pickle
import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from db.closed_texts import ClosedText
from reports import suggestion
from reports.phrasings import phrasings
from reports.suggestion import FOLDS, TooLittleToLearn, measure, suggest, train
from reports.suggestion_file import ARRAYS, ModelMissing, ModelUnreadable, load, save
from scripts.seeding.days import tell_day
from scripts.seeding.matters import matters
from scripts.seeding.times import midnight

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SLOTS = {r"\{place\}": ".+", r"\{when\}": ".+", r"\{n\}": r"\d"}


def pattern(phrasing: str) -> re.Pattern[str]:
    told = re.escape(phrasing)
    for slot, anything in SLOTS.items():
        told = told.replace(slot, anything)
    return re.compile(told)


PATTERNS = {phrasing: pattern(phrasing) for each in matters() for phrasing in each.phrasings}


def phrasing_of(text: str) -> str:
    return next(phrasing for phrasing, pattern in PATTERNS.items() if pattern.search(text))


@pytest.fixture(scope="module")
def texts() -> list[ClosedText]:
    """About two thousand, as tickets that a unit has worked on."""
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(10)]
    lives = [life for day in days for life in tell_day(day, 400, 11, 1, midnight(date(2027, 6, 1)))]
    return [
        ClosedText(f"20260901-{n:06d}", life.row["request"], life.row["place"], life.unit)
        for n, life in enumerate(lives)
        if life.unit and not life.joined_to
    ]


def test_a_phrasing_is_never_on_both_sides_whatever_stands_in_its_gaps(texts):
    """The seeding knows which phrasing each text was made of; the measuring has to find out."""
    groups = phrasings(texts)
    found = defaultdict(set)
    for text, group in zip(texts, groups, strict=True):
        found[phrasing_of(text.text)].add(group)
    assert len(found) > 180
    assert {phrasing: of for phrasing, of in found.items() if len(of) > 1} == {}
    said = np.array([phrasing_of(each.text) for each in texts])
    for learnt, asked in GroupKFold(FOLDS).split(said, groups=groups):
        assert set(said[learnt]) & set(said[asked]) == set()


def test_what_was_not_learnt_is_guessed_far_better_than_the_busiest_unit(texts):
    seen = measure(texts)
    assert (seen.texts, seen.phrasings > 180) == (len(texts), True)
    assert seen.low < seen.accuracy < seen.high
    assert seen.low > seen.majority + 0.1
    assert seen.among_three > seen.accuracy


@pytest.mark.control(without="phrasings kept apart")
def test_control_a_learner_that_knows_the_phrasings_seems_much_better(texts, monkeypatch):
    honest = measure(texts)
    monkeypatch.setattr(suggestion, "phrasings", lambda texts: list(range(len(texts))))
    assert measure(texts).accuracy > honest.accuracy + 0.3


@pytest.mark.control(without="texts that say for whom they are")
def test_control_of_units_that_are_drawn_by_lot_nothing_is_learnt(texts):
    dice = np.random.default_rng(1)
    units = dice.permutation([each.unit for each in texts])
    drawn = [replace(each, unit=str(unit)) for each, unit in zip(texts, units, strict=True)]
    seen = measure(drawn)
    assert seen.accuracy < seen.majority + 0.05


def test_the_interval_is_wider_than_if_every_text_were_of_its_own(texts):
    seen = measure(texts)
    share = seen.accuracy
    alone = 2 * 1.96 * (share * (1 - share) / seen.texts) ** 0.5
    assert seen.high - seen.low > alone


def test_a_burst_pipe_goes_to_the_water_company(texts):
    found = suggest(train(texts, NOW), "解放路自来水管爆裂，水漫出来了")
    assert found[0].unit == "water"
    assert len(found) == 3
    assert found[0].share >= found[1].share >= found[2].share


def test_of_a_text_without_anything_learnt_nothing_is_suggested(texts):
    model = train(texts, NOW)
    assert suggest(model, "") == suggest(model, "ㄅㄆㄇ") == []


def test_two_units_are_enough(texts):
    two = [each for each in texts if each.unit in ("water", "labour")]
    model = train(two, NOW)
    assert suggest(model, "老板拖欠工资")[0].unit == "labour"
    assert suggest(model, "水管爆了")[0].unit == "water"


def test_too_little_is_said_to_be_too_little(texts):
    with pytest.raises(TooLittleToLearn, match="l110 seed"):
        train(texts[:20], NOW)
    same = [replace(texts[0], unit=unit) for unit in ("water", "power") for _ in range(200)]
    with pytest.raises(TooLittleToLearn, match="different things"):
        train(same, NOW)


def test_a_model_is_read_as_it_was_written(texts, tmp_path):
    model = train(texts, NOW)
    path = tmp_path / "deep" / "units.npz"
    save(model, path)
    read = load(path)
    assert read.facts == model.facts
    asked = "路灯坏了，晚上看不见"
    assert suggest(read, asked) == suggest(model, asked)
    assert path.stat().st_mode & 0o007 == 0
    assert [each.name for each in path.parent.iterdir()] == ["units.npz"]


class Trap:
    def __reduce__(self):
        return (Path.touch, (Path("sprung"),))


def test_reading_a_model_runs_nothing_that_stands_in_it(texts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = train(texts, NOW)
    arrays = {name: getattr(model, name) for name in ARRAYS}
    trap = np.array([Trap()], dtype=object)
    np.savez("trap.npz", facts=np.array("{}"), **{**arrays, "units": trap})
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Trap()))
    for name in ("trap.npz", "plain.npz"):
        with pytest.raises(ModelUnreadable):
            load(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.control(without="allow_pickle=False")
def test_control_a_reader_that_allows_pickles_springs_the_trap(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("trap.npz", units=np.array([Trap()], dtype=object))
    with np.load("trap.npz", allow_pickle=True) as read:
        _ = read["units"]
    assert (tmp_path / "sprung").exists()


def test_a_file_that_is_cut_or_does_not_fit_is_refused(texts, tmp_path):
    model = train(texts, NOW)
    path = tmp_path / "units.npz"
    with pytest.raises(ModelMissing):
        load(path)
    save(replace(model, idf=model.idf[:-1]), path)
    with pytest.raises(ModelUnreadable, match="do not belong"):
        load(path)
    save(model, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelUnreadable):
        load(path)
