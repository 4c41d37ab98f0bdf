"""The call that both sides get, many times: the same for a bridge as for a pure dialplan."""

from dataclasses import dataclass
from pathlib import Path

from scripts.lab.callers import MS_FOR_A_KEY, HangUp, Press, Wait, caller
from scripts.lab.sip_text import ms
from scripts.lab.sipp import Endpoint, Person, Sipp, call, keys_need_info

KEY_AT_S = 1.0
STAYS_S = 0.2  # in the second menu
INFO_TAKES_S = 0.1
LONGEST_CALL_S = 30.0


class CallFailed(RuntimeError):
    """SIPp saw a call that did not go as its scenario says."""


@dataclass(frozen=True, slots=True)
class Stream:
    """`calls` calls of one round, `rate` of them begun each second."""

    calls: int
    rate: float
    longest_call_s: float = LONGEST_CALL_S

    @property
    def longest_s(self) -> float:
        return self.calls / self.rate + self.longest_call_s


def the_call(*, key_by_info: bool) -> str:
    """Answered, key 2 after a second, gone 0.2 s after the release; no seat ever rings."""
    if key_by_info:
        stays_s = STAYS_S - INFO_TAKES_S
        actions = (Wait(KEY_AT_S), Press("2"), Wait(stays_s), HangUp())
        return caller(actions, key_by_info=True)
    # SIPp's own silence before a digit is the second that the caller listens. No second key
    # follows, so he need not wait until SIPp has played out.
    text = caller((Press("2"), HangUp()))
    return text.replace(f'"{MS_FOR_A_KEY}"', f'"{ms(KEY_AT_S + STAYS_S)}"')


def play(folder: Path, name: str, stream: Stream, *, at: Endpoint, to: str) -> None:
    """One SIPp process calls until every call has ended.

    Raises:
        CallFailed: a call went otherwise, or hangs.
    """
    people = [Person(f"139{number:08d}") for number in range(stream.calls)]
    scenario = the_call(key_by_info=keys_need_info())
    sipp = call(
        folder, name, scenario, at=at, to=to, dial="110", people=people, per_second=stream.rate
    )
    try:
        well = sipp.wait(stream.longest_s)
    except TimeoutError as late:
        raise CallFailed(str(late)) from None
    finally:
        sipp.stop()
    if not well:
        raise CallFailed(f"{name}: {_first_words(sipp)}")


def _first_words(sipp: Sipp) -> str:
    return (sipp.complaint() or sipp.process.last_words())[:1000]
