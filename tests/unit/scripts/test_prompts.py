"""The spoken prompts, with the real voice and the real converter."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import prompts
from scripts.prompts import PromptsRejected, length_s, make_all

WriteBook = Callable[[str], None]


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteBook:
    """A book with one menu; what is spoken goes below tmp_path/sounds."""
    texts = tmp_path / "texts"
    texts.mkdir()
    monkeypatch.setattr(prompts, "TEXTS", texts)
    monkeypatch.setattr(prompts, "SOUNDS", tmp_path / "sounds")

    def write(menu: str) -> None:
        head = 'voice = "cmn"\nwords_per_minute = 175\n[prompts]\n'
        (texts / "zh.toml").write_text(f'{head}menu = "{menu}"\n', encoding="utf-8")

    return write


def spoken(tmp_path: Path) -> Path:
    return tmp_path / "sounds/zh/l110/menu.wav"


def test_a_text_is_spoken_in_every_form_that_a_trunk_takes(book: WriteBook, tmp_path: Path) -> None:
    book("报警按1")
    lengths = make_all()
    assert 0.5 < lengths["zh"]["menu"] == length_s(spoken(tmp_path)) < 3
    assert spoken(tmp_path).with_suffix(".alaw").stat().st_size > 1000
    assert spoken(tmp_path).with_suffix(".ulaw").stat().st_size > 1000


def test_a_menu_that_is_too_long_does_not_take_the_place_of_a_good_one(
    book: WriteBook, tmp_path: Path
) -> None:
    book("报警按1")
    make_all()
    before = spoken(tmp_path).read_bytes()
    book("报警按1，民生按2，不能说话按5，" * 3)
    with pytest.raises(PromptsRejected, match=r"zh.*over 6 s.*config/prompts/zh.toml"):
        make_all()
    assert spoken(tmp_path).read_bytes() == before


def test_a_recording_takes_the_place_of_the_spoken_text(book: WriteBook, tmp_path: Path) -> None:
    book("报警按1")
    make_all()
    recording = tmp_path / "texts/recordings/zh/menu.wav"
    recording.parent.mkdir(parents=True)
    tone = ["sox", "-n", "-r", "44100", "-c", "2", str(recording), "synth", "2", "sine", "300"]
    subprocess.run(tone, check=True, capture_output=True)
    assert make_all()["zh"]["menu"] == pytest.approx(2.0, abs=0.1)


def test_what_is_spoken_already_is_left_alone(book: WriteBook, tmp_path: Path) -> None:
    book("报警按1")
    make_all()
    before = spoken(tmp_path).stat().st_mtime_ns
    make_all()
    assert spoken(tmp_path).stat().st_mtime_ns == before
