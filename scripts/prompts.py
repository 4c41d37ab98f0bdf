"""Speaks the prompts: text files in, sound files and their lengths out."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
import wave
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.asterisk_home import CHECKOUT, LENGTHS, SOUNDS

TEXTS = CHECKOUT / "config/prompts"
LONGEST_MENU_S = 6.0  # nobody in danger waits longer than this to hear the last option
TONES = {
    "handed-over": "synth 0.15 sine 880 fade 0.01 0.15 0.02 gain -12",
    "asked-in": "synth 0.1 sine 660 fade 0.01 0.1 0.02 gain -12 pad 0 0.06 repeat 1",
    "joined": "synth 0.3 sine 660:990 fade 0.01 0.3 0.02 gain -12",
    "not-joined": "synth 0.4 sine 330 fade 0.01 0.4 0.05 gain -12",
    "back-tone": "synth 0.5 sine 1000 fade 0.01 0.5 0.02 gain -12",
}  # sox effects: to a seat after its key; two to everybody in the talk; to a citizen who may speak
FORMATS = (("alaw", "al"), ("ulaw", "ul"))  # what trunks speak: no transcoding while a prompt plays


class PromptsRejected(RuntimeError):
    """The prompts cannot be used; the message names the prompt and the mend."""


@dataclass(frozen=True, slots=True)
class Prompt:
    language: str
    name: str
    text: str
    voice: str
    words_per_minute: int

    @property
    def recording(self) -> Path:
        """A human voice that stands in for the spoken text, if somebody put it there."""
        return TEXTS / "recordings" / self.language / f"{self.name}.wav"

    @property
    def stamp(self) -> str:
        """Changes whenever the sound has to be made again."""
        said = f"{self.text}|{self.voice}|{self.words_per_minute}".encode()
        spoken = self.recording.read_bytes() if self.recording.exists() else said
        return hashlib.sha256(spoken).hexdigest()


def wanted() -> Iterator[Prompt]:
    for source in sorted(TEXTS.glob("*.toml")):
        book = tomllib.loads(source.read_text(encoding="utf-8"))
        for name, text in book["prompts"].items():
            yield Prompt(source.stem, name, text, book["voice"], book["words_per_minute"])


def speak(prompt: Prompt) -> float:
    """Make every sound file of one prompt, and return its length in seconds."""
    folder = SOUNDS / prompt.language / "l110"
    folder.mkdir(parents=True, exist_ok=True)
    wav, stamp = folder / f"{prompt.name}.wav", folder / f"{prompt.name}.stamp"
    if not (wav.exists() and stamp.exists() and stamp.read_text() == prompt.stamp):
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / "made.wav"
            _to_telephone(_voice(prompt, Path(scratch)), made)
            check_length(prompt, length_s(made))
            shutil.move(made, wav)
        for extension, encoding in FORMATS:
            _sox(wav, "-t", encoding, "-r", "8000", "-c", "1", wav.with_suffix(f".{extension}"))
        stamp.write_text(prompt.stamp)
    return length_s(wav)


def _voice(prompt: Prompt, scratch: Path) -> Path:
    if prompt.recording.exists():
        return prompt.recording
    said = scratch / "said.wav"
    command = ["espeak-ng", "-v", prompt.voice, "-s", str(prompt.words_per_minute)]
    subprocess.run([*command, "-w", str(said), prompt.text], check=True, capture_output=True)
    return said


def _to_telephone(source: Path, target: Path) -> None:
    """8 kHz mono, even loudness, no silence before the first word: barge-in starts with it."""
    form = ["-r", "8000", "-c", "1", "-b", "16"]
    _sox(source, *form, target, "silence", "1", "0.02", "0.5%", "norm", "-3")


def _sox(*arguments: object) -> None:
    subprocess.run(["sox", "-V1", *map(str, arguments)], check=True, capture_output=True)


def length_s(wav: Path) -> float:
    with wave.open(str(wav)) as sound:
        return float(round(sound.getnframes() / sound.getframerate(), 3))


def make_tones() -> None:
    """A soft beat for who waits; short tones for seats, for a word would hold the line."""
    beat = ["synth", "0.4", "sine", "440", "fade", "0.05", "0.4", "0.1", "gain", "-20"]
    _make_tone(SOUNDS / "l110-wait/tone.wav", [*beat, "pad", "0", "2.6"])
    for language in sorted(path.stem for path in TEXTS.glob("*.toml")):
        for name, effects in TONES.items():
            _make_tone(SOUNDS / language / f"l110/{name}.wav", effects.split())


def _make_tone(wav: Path, effects: Sequence[str]) -> None:
    wav.parent.mkdir(parents=True, exist_ok=True)
    stamp = wav.with_suffix(".stamp")
    if wav.exists() and stamp.exists() and stamp.read_text() == " ".join(effects):
        return
    _sox("-n", "-r", "8000", "-c", "1", "-b", "16", wav, *effects)
    for extension, encoding in FORMATS:
        _sox(wav, "-t", encoding, "-r", "8000", "-c", "1", wav.with_suffix(f".{extension}"))
    stamp.write_text(" ".join(effects))


def check_length(prompt: Prompt, seconds: float) -> None:
    """Before it takes the place of a good one. Raises PromptsRejected."""
    if prompt.name == "menu" and seconds > LONGEST_MENU_S:
        raise PromptsRejected(
            f"the police line's menu in {prompt.language!r} lasts {seconds:.1f} s, over "
            f"{LONGEST_MENU_S:.0f} s: shorten it in config/prompts/{prompt.language}.toml"
        )


def make_all() -> dict[str, dict[str, float]]:
    """Speak what is new or changed. Returns language -> prompt -> seconds."""
    prompts = list(wanted())
    with ThreadPoolExecutor() as pool:
        spoken = list(pool.map(speak, prompts))
    lengths: dict[str, dict[str, float]] = {}
    for prompt, seconds in zip(prompts, spoken, strict=True):
        lengths.setdefault(prompt.language, {})[prompt.name] = seconds
    make_tones()
    (SOUNDS / LENGTHS).write_text(json.dumps(lengths, indent=1))
    return lengths


def main() -> int:
    try:
        lengths = make_all()
    except (PromptsRejected, FileNotFoundError) as error:
        print(f"prompts: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"prompts: {error.cmd[0]}: {error.stderr.decode().strip()}", file=sys.stderr)
        return 1
    menus = ", ".join(f"{language} {p['menu']:.1f} s" for language, p in lengths.items())
    print(f"{sum(map(len, lengths.values()))} prompts spoken; the police line's menu: {menus}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
