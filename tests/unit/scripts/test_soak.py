"""What a soak makes of its samples."""

from pathlib import Path

import pytest

from scripts.stress.pictures import draw_soak
from scripts.stress.soak import Sample, growth


def samples(slope_kb_per_s: float, files: int = 10) -> list[Sample]:
    return [
        Sample(float(at), "ivr", files, round(50_000 + slope_kb_per_s * at))
        for at in range(0, 1000, 10)
    ]


def test_a_process_that_grows_by_a_tenth_is_not_good() -> None:
    found = growth(samples(6.5))["ivr"]
    assert found.grown == pytest.approx(0.1, abs=0.02)
    assert found.memory_kb_per_h == pytest.approx(23_400, rel=0.02)
    assert not found.good


def test_a_process_that_stays_as_it_is_is_good() -> None:
    assert growth(samples(0.5))["ivr"].good


def test_what_grows_while_it_warms_up_is_not_counted() -> None:
    young = [Sample(float(at), "ivr", 10, 1000 * at) for at in range(0, 190, 10)]
    assert growth([*young, *samples(0)[20:]])["ivr"].good


def test_files_that_are_never_closed_are_not_good() -> None:
    more = [Sample(one.at_s, "ivr", 10 + int(one.at_s) // 50, 50_000) for one in samples(0)]
    assert not growth(more)["ivr"].good


def test_too_short_a_run_says_so() -> None:
    with pytest.raises(ValueError, match="let it run longer"):
        growth([Sample(0, "ivr", 1, 1)])


def test_the_picture_has_every_process_and_is_the_same_for_the_same_samples(tmp_path: Path) -> None:
    samples = [Sample(10.0 * n, name, 9, 1000 * n) for n in range(9) for name in ("ivr", "forward")]
    for name in ("a.svg", "b.svg"):
        draw_soak("ninety seconds", samples, tmp_path / name)
    drawn = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "ivr" in drawn
    assert "forward" in drawn
    assert drawn == (tmp_path / "b.svg").read_text(encoding="utf-8")
