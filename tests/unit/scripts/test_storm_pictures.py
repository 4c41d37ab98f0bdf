"""Pictures of the storm: the figures that they were given, and nothing else."""

from pathlib import Path
from xml.etree import ElementTree

from click.testing import CliRunner

from scripts.storm.sweep import SHARES
from scripts.stress.main import main


def texts(file: Path) -> set[str]:
    tree = ElementTree.parse(file)
    return {"".join(node.itertext()).strip() for node in tree.iter() if node.tag.endswith("text")}


def draw(tmp_path: Path, name: str, *more: str) -> Path:
    file = tmp_path / name
    run = CliRunner().invoke(main, [*more, "--picture", str(file)], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    return file


def test_a_simulated_storm_is_drawn_with_every_world_and_the_same_bytes_twice(tmp_path) -> None:
    words = ("storm", "--simulate", "1", "--switches", "4")
    first = draw(tmp_path, "a.svg", *words)
    assert {"no-bridge", "menu-redirect", "menu-refer", "call-taker", "all"} <= texts(first)
    assert any("simulated, 4 switches x 1 h" in text for text in texts(first))
    assert first.read_bytes() == draw(tmp_path, "b.svg", *words).read_bytes()
    other = draw(tmp_path, "c.svg", *words, "--mix", "nuisance")
    assert first.read_bytes() != other.read_bytes()


def test_the_sweep_draws_both_mixes_over_every_share(tmp_path: Path) -> None:
    file = draw(tmp_path, "sweep.svg", "storm-sweep", "--switches", "2", "--hours", "1")
    assert {"nuisance mix", "livelihood mix"} <= texts(file)
    assert {"0%", "100%"} <= texts(file)
    assert len(SHARES) == 11
