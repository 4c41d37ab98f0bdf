"""Keys in the menu, as in test_menu_keys, and a bridge without what makes them count."""

from collections.abc import Iterator

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.callers import Press, Stay, Wait
from tests.faults.patched import patched
from tests.real_asterisk.system import System, running_system
from tests.seen import in_words, rang

MENU_S = 5.4  # as long as its prompt
LETTERS, BARGES_IN = "13800001801", "13800002401"
HEARS_NO_LETTERS = "import routing.wire as w; w.MENU_KEYS = '0123456789*#'"
# A key is waited for once the prompt is over.
PLAYS_TO_THE_END = """
import asyncio
import ivr.channel as c
def get_option(self, prompt, keys, patience_ms, within_s):
    async def both():
        await self.send(c.encode("STREAM FILE", prompt, ""), within_s)
        return await self.send(c.encode("WAIT FOR DIGIT", str(patience_ms)), within_s)
    return asyncio.ensure_future(both())
c.Channel.get_option = get_option
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("key-controls"), 217) as system:
        yield system


def to_the_police_without_a_key(system: System, number: str, told: Finding) -> None:
    seen, row = system.town.ended(number, 60), system.call_of(number)
    assert [seat[0] for seat in seen.talked_to] == ["8"]
    assert (row.verdict, row.reason, row.key) == ("police", "no-key", None)
    assert seen.first_ring_s is not None
    assert seen.first_ring_s > MENU_S
    told.caller.append(rang(seen))
    told.records.append(in_words(row))


@pytest.mark.control("B18", without="the letters among the keys that are listened for")
def test_control_where_letters_are_not_listened_for_he_waits_the_menu_out_unheard(
    system: System, told: Finding
) -> None:
    with patched(system.node, "ivr", HEARS_NO_LETTERS):
        system.town.call(LETTERS, [Wait(1), Press("A"), Wait(1), Press("B"), Stay(60)])
        to_the_police_without_a_key(system, LETTERS, told)


@pytest.mark.control("B24", without="the keys that interrupt the prompt")
def test_control_where_the_prompt_plays_to_its_end_his_key_is_lost(
    system: System, told: Finding
) -> None:
    with patched(system.node, "ivr", PLAYS_TO_THE_END):
        system.town.call(BARGES_IN, [Press("2"), Wait(1.5), Press("1"), Stay(60)])
        to_the_police_without_a_key(system, BARGES_IN, told)
