"""The way of release is the trunk's, whatever the node does otherwise."""

from collections.abc import Iterator

import pytest

from scripts.lab.callers import Press, Stay
from tests.real_asterisk.system import System, running_system

SETTINGS = '[release]\nmode = "redirect"\n[trunk]\nrelease = "refer"\n'


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("trunk"), 66, settings=SETTINGS) as system:
        yield system


def ways(system: System, number: str) -> tuple[str | None, str | None, int]:
    system.town.call(number, [Press("2"), Stay(40)])
    system.town.ended(number, 60)
    call = system.call_of(number)
    return call.outcome, call.release_mode, len(system.legs_of(call))


def test_a_trunk_that_can_refer_does_so_on_a_node_that_redirects(system: System) -> None:
    assert ways(system, "13800000001") == ("talked-to-livelihood", "refer", 2)


@pytest.mark.control(without="the trunk's own way")
def test_control_without_its_own_way_it_does_as_the_node(system: System) -> None:
    with system.endpoints_changed("set_var=L110_RELEASE=refer\n", ""):
        assert ways(system, "13800000002") == ("talked-to-livelihood", "redirect", 1)
