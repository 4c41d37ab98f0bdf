"""The acts of the demo: what is changed on the live system, and who calls then."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from config.settings import Settings
from scripts.asterisk_console import ask
from scripts.asterisk_home import Home
from scripts.lab import morning
from scripts.lab.morning import Scene
from scripts.lab.seats import Manner
from scripts.lab.town import Town
from scripts.lab.waiting import wait_until

POLICE = Manner(ring_s=0.8, talk_s=3.0)
LIVELIHOOD = Manner(ring_s=1.0, talk_s=4.0)
HANDS_OVER = Manner(ring_s=0.8, talk_s=30.0, keys="*2")
ASKS_IN = Manner(ring_s=0.8, talk_s=5.0, keys="*3")
# As long as call-taker and operator together have the caller where the key is pressed.
KEEPS_HIM = Manner(ring_s=0.8, talk_s=HANDS_OVER.keys_after_s + LIVELIHOOD.talk_s)
KEPT_PREFIX = "131"
HANDS_BACK = Manner(ring_s=1.0, talk_s=30.0, keys="*1")
RULES_SEEN_S = 5.0


def _nothing(settings: Settings, town: Town) -> None:
    """All stays as it is."""


@dataclass(frozen=True, slots=True)
class Act:
    """`prepare` changes the live system before the act's first caller, `undo` after its last."""

    title: str
    scenes: Sequence[Scene]
    prefix: str
    prepare: Callable[[Settings, Town], None]
    undo: Callable[[Settings, Town], None] = _nothing


def _refer(settings: Settings, town: Town) -> None:
    ask(Home(settings.asterisk_dir), "dialplan set global L110_RELEASE refer")


def _refuse_refers(settings: Settings, town: Town) -> None:
    """The node still asks by REFER; its switch now says 603."""
    town.switch.take_refers("refuse")


def _take_refers(settings: Settings, town: Town) -> None:
    town.switch.take_refers("well")


def _redirect(settings: Settings, town: Town) -> None:
    ask(Home(settings.asterisk_dir), "dialplan set global L110_RELEASE redirect")


def _operators_hand_back(settings: Settings, town: Town) -> None:
    _redirect(settings, town)
    for seat in settings.livelihood.seats:
        town.staff(seat.number, HANDS_BACK)


def _menu_off(settings: Settings, town: Town) -> None:
    """The bridge sees the changed file by itself; its log says when."""
    for seat in settings.livelihood.seats:
        town.staff(seat.number, LIVELIHOOD)
    log = settings.log_dir / "ivr.log"
    before = log.read_text().count("rules.loaded")
    rules = settings.rules_path
    rules.write_text(rules.read_text().replace("enabled = true", "enabled = false"))
    wait_until(
        lambda: log.read_text().count("rules.loaded") > before, "the new rules", RULES_SEEN_S
    )


def _call_takers_hand_over(settings: Settings, town: Town) -> None:
    for seat in settings.police.seats:
        town.staff(seat.number, HANDS_OVER)


def _call_takers_refer(settings: Settings, town: Town) -> None:
    _refer(settings, town)
    _call_takers_hand_over(settings, town)


def _call_takers_ask_in(settings: Settings, town: Town) -> None:
    _redirect(settings, town)
    for seat in settings.police.seats:
        town.staff(seat.number, ASKS_IN)


def _call_takers_keep_him(settings: Settings, town: Town) -> None:
    for seat in settings.police.seats:
        town.staff(seat.number, KEEPS_HIM)


ACTS = (
    Act("a morning; a release gives the slot back", morning.MENU_ON, "138", _nothing),
    Act("now by REFER: the trunk channel is cleared", morning.REFER, "137", _refer),
    Act(
        "the switch refuses the REFER (603 拒绝): the caller is released here",
        morning.REFUSED,
        "134",
        _refuse_refers,
        _take_refers,
    ),
    Act("an operator presses *1", morning.OPERATOR, "136", _operators_hand_back),
    Act("the menu is switched off, live", morning.MENU_OFF, "139", _menu_off),
    Act("menu off, a call-taker presses *2", morning.CALL_TAKER, "135", _call_takers_hand_over),
    Act("the same by REFER", morning.CALL_TAKER, "133", _call_takers_refer),
    Act("a call-taker presses *3: three-way call", morning.THREE_WAY, "132", _call_takers_ask_in),
    Act("the same matter, no key is pressed", morning.KEPT, KEPT_PREFIX, _call_takers_keep_him),
)
