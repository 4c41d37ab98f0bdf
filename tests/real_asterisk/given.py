"""Seats with telephones of their own that ask, give and keep callers; for tests of hand-overs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scripts.asterisk_console import ask, bridged
from scripts.lab.callers import Press, Stay, Wait
from scripts.lab.seats import Manner
from scripts.lab.telephone import Telephone
from scripts.lab.waiting import NeverHappened, wait_until
from tests.real_asterisk.system import System, running_system

TALKS_ON = Manner(ring_s=0.2, talk_s=60)
POLICE, LIVELIHOOD = ("8001", "8002"), ("7001", "7002")
SEATS = (*POLICE, *LIVELIHOOD)


@contextmanager
def two_seats_a_side(root: Path, place: int, settings: str = "") -> Iterator[System]:
    """A system whose seats are all telephones of the node; nobody sits there yet."""
    with running_system(
        root, place, settings=settings, police=POLICE, livelihood=LIVELIHOOD, registered=SEATS
    ) as system:
        yield system


def everybody_at_work(system: System) -> Iterator[None]:
    """Each seat taken before, left after, and nothing goes on: what a fixture yields from."""
    for number in SEATS:
        system.telephones.staff(number, TALKS_ON)
    yield
    system.telephones.leave()
    system.assert_nothing_outlives_its_call()


def talking(system: System, side: str, but: Telephone | None = None) -> Telephone:
    """The seat of this side (its number's first digit) that the node has joined with anybody."""
    found = answering(system, side, but)
    wait_until(lambda: put_together(system, found), f"{name(found)} in a bridge", 15)
    return found


def answering(system: System, side: str, but: Telephone | None = None) -> Telephone:
    """The seat of this side that has answered; it may still hear a prompt and nobody."""

    def busy() -> Telephone | None:
        at = system.telephones.of(side)
        return next((seat for seat in at if seat is not but and in_a_talk(seat)), None)

    found = wait_until(busy, f"a seat {side}... in a talk", 25)
    assert found is not None
    return found


def put_together(system: System, seat: Telephone) -> bool:
    """Whether the node has joined this seat with anybody: one that only answered hears nobody."""
    return any(one.startswith(f"PJSIP/{name(seat)}-") for one in bridged(system.node.home))


def in_a_talk(seat: Telephone) -> bool:
    return not seat.free and bool(seat.diary.found("answered", call_id=seat.talk.call_id))


def with_police(system: System, number: str, *, stay_s: float = 30) -> Telephone:
    system.town.call(number, [Press("1"), Stay(stay_s)], speaks=True)
    return talking(system, "8")


def with_livelihood(system: System, number: str) -> Telephone:
    system.town.call(number, [Press("2"), Wait(1), Press("1"), Stay(30)], speaks=True)
    return talking(system, "7")


def gives(system: System, seat: Telephone, side: str) -> Telephone:
    """An attended transfer: who was asked has the caller, the seat is free."""
    held = seat.talk
    assert seat.hold(held) == 200
    asked = seat.call(side)
    seat.wait_for("answered", call_id=asked.call_id, timeout_s=15)
    other = talking(system, {"police": "8", "livelihood": "7"}[side], but=seat)
    assert seat.transfer_to(asked, side, held) == 202
    seat.wait_for("ended", call_id=held.call_id)
    seat.wait_for("ended", call_id=asked.call_id)
    before = other.talk.sound.heard
    wait_until(lambda: other.talk.sound.heard > before + 50, "the caller's voice", 15)
    return other


def press_in_talk(system: System, seat: Telephone, keys: str) -> None:
    """A seat's key once the node has joined it with its caller: one before that reaches nobody."""
    wait_until(lambda: put_together(system, seat), f"{name(seat)} in a bridge", 10)
    seat.press(keys)


def press_until(seat: Telephone, keys: str, so: Callable[[], bool], what: str) -> None:
    """A key that is pressed while its seat hears a prompt is lost: again, at most six times."""
    talk = seat.talk
    for _ in range(6):
        seat.press(keys, talk)
        with suppress(NeverHappened):
            wait_until(so, what, 1.2)
            return
    raise NeverHappened(f"{keys}: {what}")


def press_until_gone(seat: Telephone, keys: str) -> None:
    talk = seat.talk
    press_until(seat, keys, talk.ended.is_set, "the seat's leg to end")


def asked_in(system: System) -> bool:
    """Whether anybody is on his way into a talk, or in it."""
    return "@l110-third" in ask(system.node.home, "core show channels concise")


def slots_held(system: System) -> int:
    shown = ask(system.node.home, "group show channels").splitlines()
    return sum(line.split()[1:3] == ["line", "l110"] for line in shown)


def name(seat: Telephone) -> str:
    return seat.line.user


def three_talk(system: System) -> None:
    """Until the third is put through; the tone before that is a party to the talk, too."""

    def put_through() -> bool:
        channels = ask(system.node.home, "core show channels concise")
        return "!l110-third-joins!s!3!" in channels and system.node.largest_talk() == 3

    wait_until(put_through, "three in one talk", 15)
