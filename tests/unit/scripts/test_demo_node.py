"""The demo leaves every node alone that it did not start."""

import pytest

from config.settings import load_settings
from scripts import demo_node
from scripts.cli import running, supervision


class Supervisor:
    """Stands for what runs of this checkout."""

    def __init__(self) -> None:
        self.alive: list[int] = []
        self.stopped: list[list[int]] = []

    def stop(self, _settings: object) -> bool:
        self.stopped.append(self.alive)
        self.alive = []
        return True

    def start(self, _settings: object, _config: object) -> None:
        self.alive = [4711, 4712]


@pytest.fixture
def supervisor(monkeypatch):
    found = Supervisor()
    monkeypatch.setattr(supervision, "our_processes", lambda _: found.alive)
    monkeypatch.setattr(running, "start", found.start)
    monkeypatch.setattr(running, "stop", found.stop)
    monkeypatch.setattr(running, "prepare", lambda _: ["the store is away"])
    monkeypatch.setattr(running, "wait_until_ready", lambda *_: None)
    return found


@pytest.fixture
def mark_path(tmp_path):
    path = tmp_path / "demo/running"
    path.parent.mkdir()
    return path


@pytest.fixture
def demo(tmp_path, mark_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    warnings: list[str] = []

    def play(meanwhile=lambda: None):
        with demo_node.only_demo(mark_path) as mark:
            node = demo_node.demo_node(load_settings(), tmp_path / "c", mark, warnings.append)
            with node:
                meanwhile()
        return warnings

    return play


def test_a_demo_takes_down_what_it_started_and_tells_what_it_was_warned_of(
    demo, mark_path, supervisor
):
    assert demo() == ["the store is away"]
    assert supervisor.stopped == [[4711, 4712]]
    assert mark_path.read_text() == ""


def test_a_node_that_somebody_else_started_is_left_alone(demo, supervisor):
    supervisor.alive = [815]
    with pytest.raises(running.NotStarted, match=r"pid 815.*`scripts/l110 down` first"):
        demo()
    assert supervisor.stopped == []


def test_what_a_killed_demo_left_behind_is_taken_down(demo, mark_path, supervisor):
    mark_path.write_text("99999999 815 816\n")
    supervisor.alive = [816, 817]
    demo()
    assert supervisor.stopped == [[816, 817], [4711, 4712]]


def test_the_mark_of_a_killed_demo_is_no_licence_to_stop_a_later_node(demo, mark_path, supervisor):
    mark_path.write_text("99999999 815 816\n")
    supervisor.alive = [4000]
    with pytest.raises(running.NotStarted, match="did not start it"):
        demo()
    assert supervisor.stopped == []


def test_a_second_demo_at_the_same_time_says_so(demo, supervisor):
    def again():
        with pytest.raises(running.NotStarted, match="another demo runs"):
            demo()
        assert supervisor.stopped == []

    demo(again)


def test_a_demo_that_is_interrupted_takes_its_node_down(demo, supervisor):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        demo(interrupted)
    assert supervisor.alive == []
