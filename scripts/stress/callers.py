"""The callers of a long run, and the list that their switch keeps of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.switch_list import SwitchLeg
from scripts.lab import sipp
from scripts.lab.callers import Action, HangUp, Press, Stay, Wait, caller
from scripts.lab.seats import seat
from scripts.lab.sipp import Endpoint, Person, Sipp

DEAF_S = 25.0  # a killed Asterisk says nothing
CALLED, ANSWERED = "called", "answered"


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of caller. share: of all calls. keys_desk: he asks for the livelihood desk."""

    name: str
    share: float
    actions: Sequence[Action]
    keys_desk: bool = False


KINDS = (
    Kind("presses-2", 0.6, (Wait(0.7), Press("2"), Wait(0.2), HangUp()), keys_desk=True),
    Kind("presses-1", 0.2, (Wait(0.5), Press("1"), Stay(20))),
    Kind("presses-nothing", 0.2, (Wait(1.5), HangUp())),
)


def scenario(kind: Kind) -> str:
    """As the lab's caller; each call and each answer is a line in SIPp's log, by its Call-ID."""
    text = caller(kind.actions, key_by_info=True)
    answered = f'<recv response="200" next="2"><action>{_log(ANSWERED)}</action></recv>'
    told = text.replace('<recv response="200" next="2"/>', answered)
    if told == text:
        raise AssertionError("the lab's caller has changed: nothing would be counted as answered")
    begin = told.index("<send")
    return f"{told[:begin]}<nop><action>{_log(CALLED)}</action></nop>\n{told[begin:]}"


def call(
    folder: Path, kind: Kind, calls: int, rate: float, *, place: int, host: str, to: str
) -> Sipp:
    """Start one stream; it ends by itself."""
    people = [Person(f"{_numbers_begin(place)}{number:08d}") for number in range(calls)]
    return sipp.call(
        folder,
        kind.name,
        scenario(kind),
        at=Endpoint(host, 5080 + place, 40000 + 100 * place),
        to=to,
        dial="110",
        people=people,
        per_second=rate,
        log=log_path(folder, kind),
        deaf_s=DEAF_S,
    )


def calls_of(kind: Kind, calls: int) -> int:
    """His share of so many calls."""
    return round(calls * kind.share)


def asked(calls: int) -> int:
    """Calls that all kinds make together."""
    return sum(calls_of(kind, calls) for kind in KINDS)


def kind_of(number: str | None) -> Kind | None:
    """Who has this number; None for somebody else's."""
    begins = (number or "")[:3]
    return next((k for place, k in enumerate(KINDS, 1) if begins == _numbers_begin(place)), None)


def _numbers_begin(place: int) -> str:
    return f"13{place}"


def seats(folder: Path, host: str, port: int) -> Sipp:
    """Every seat of the switch at once: rings, talks for a second, hangs up."""
    at = Endpoint(host, port, 50000)
    return sipp.answer(folder, "seats", seat(0.1, 1.0), at=at)


def log_path(folder: Path, kind: Kind) -> Path:
    return folder / f"{kind.name}.calls"


def call_list(folder: Path) -> list[SwitchLeg]:
    """What the switch knows: every Call-ID that it sent, and whether it was answered."""
    return [leg for kind in KINDS for leg in _legs(log_path(folder, kind))]


def _legs(path: Path) -> Iterator[SwitchLeg]:
    words = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    answered = {line[1] for line in words if line[:1] == [ANSWERED]}
    for line in words:
        if line[:1] == [CALLED]:
            result = "answered" if line[1] in answered else "not answered"
            yield SwitchLeg(line[1], result=result)


def answer_times_ms(path: Path) -> list[float]:
    """From a caller's INVITE to its answer, by the clock of the SIPp that called."""
    words = [line.split() for line in path.read_text().splitlines()]
    at = {(line[0], line[1]): float(line[2]) for line in words if len(line) == 3}
    return [
        told_at - at[CALLED, call_id]
        for (word, call_id), told_at in at.items()
        if word == ANSWERED and (CALLED, call_id) in at
    ]


def _log(word: str) -> str:
    return f'<log message="{word} [call_id] [clock_tick]"/>'
