"""Seats that the dialplan paused because nobody answered there: seen, and unpaused when back."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from config.settings import Settings
from ivr.ami_errors import AmiError
from ivr.ami_seats import MISSED, unpause
from ivr.ami_snapshot import Member, Queue, SeatState
from scripts.watch.asterisk import Eye

POLICE = "police"
AWAY = (SeatState.AWAY, SeatState.INVALID)
IN_USE = (SeatState.TALKING, SeatState.ON_HOLD)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sign:
    """Of a paused seat. registration: Call-ID of its REGISTER, the same for as long as the
    telephone keeps its registration; empty behind the switch.
    """

    state: SeatState
    registration: str = ""


@dataclass(slots=True)
class Returns:
    """Remembers what was seen of each paused seat, and so sees that its telephone is back.

    most_s: after so long a seat is tried again, whatever was seen; 0: never.
    """

    most_s: float = 0.0
    _known: dict[str, Sign] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)

    def look(self, signs: Mapping[str, Sign], now_s: float) -> tuple[str, ...]:
        """Seats that are back: they talk, were away and are there, or registered anew.

        `now_s` is a steady clock.
        """
        known = self._known
        self._since = {seat: self._since.get(seat, now_s) for seat in signs}
        late = {s for s, since in self._since.items() if 0 < self.most_s <= now_s - since}
        self._known = {seat: _newest(known.get(seat), sign) for seat, sign in signs.items()}
        return tuple(s for s, sign in signs.items() if s in late or _is_back(known.get(s), sign))


def _newest(before: Sign | None, now: Sign) -> Sign:
    """A telephone that is away has no registration to be compared with the next one."""
    return Sign(now.state, now.registration or (before.registration if before else ""))


def _is_back(before: Sign | None, now: Sign) -> bool:
    if now.state in AWAY:
        return False
    if now.state in IN_USE:
        return True
    if before is None:
        return False
    return before.state in AWAY or now.registration not in ("", before.registration)


def paused_by_misses(queues: Iterable[Queue]) -> dict[str, Member]:
    """Name of the seat -> what one of its queues says. Who paused himself is not among them."""
    members = (member for queue in queues for member in queue.members)
    return {m.name: m for m in members if m.paused and m.paused_why == MISSED}


def police_away(queues: Iterable[Queue], settings: Settings) -> tuple[str, ...]:
    """Every seat of the police queue, where none could ring; nobody where one could.

    Nobody too where police calls do not go to seats of ours. A queue that is not there, or empty,
    has none of its seats. (`joinempty=strict` of queues.conf sees it the same way.)
    """
    if "queue" not in settings.police.destinations:
        return ()
    members = [m for queue in queues if queue.name == POLICE for m in queue.members]
    if not all(member.paused or member.state in AWAY for member in members):
        return ()
    configured = tuple(f"seat-{seat.number}" for seat in settings.police.seats)
    return tuple(member.name for member in members) or configured


class PausedSeats:
    """Names only: `paused` are those that stay so."""

    def __init__(self, eye: Eye, most_s: float) -> None:
        self._eye = eye
        self._returns = Returns(most_s)
        self.paused: tuple[str, ...] = ()

    async def look(self, queues: Sequence[Queue]) -> None:
        paused = paused_by_misses(queues)
        signs = {name: await self._sign(member) for name, member in paused.items()}
        for name in self._returns.look(signs, time.monotonic()):
            if await self._unpaused(paused[name]):
                del paused[name]
        self.paused = tuple(sorted(paused))

    async def _sign(self, member: Member) -> Sign:
        return Sign(member.state, await self._eye.registration(member.name))

    async def _unpaused(self, member: Member) -> bool:
        try:
            await unpause(self._eye.actor.ami, member.interface)
        except AmiError as error:
            log.warning("seat.still_paused", seat=member.name, error=str(error))
            return False
        log.warning(
            "seat.unpaused",
            seat=member.name,
            why="its telephone is back, or its pause was long enough",
        )
        return True
