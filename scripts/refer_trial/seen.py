"""What the switch did in one test call, read from the SIP messages between it and us."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scripts.refer_trial.events import FIRST, Told
from scripts.refer_trial.sip_trace import Message, status_of

LONGEST_LINE = 60
TEST_FORM = "-test-00-"


@dataclass(frozen=True, slots=True)
class Notified:
    """One NOTIFY: the first line of its body, as far as it can be shown; None: no status line."""

    after_ms: int
    line: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """All `_ms` count from our REFER; None where it did not happen.

    dialled: what the returning INVITE asked for. back_answered_ms: our 200, if the switch confirmed
    it. cleared_by: who sent the BYE of the first leg, `switch` or `node`; cleared_ms: until that
    BYE was answered. caller_kept: whether both legs show one number. strangers: other INVITEs to
    the livelihood number after the REFER.
    """

    guard_ms: int
    referred: bool = False
    answer: int | None = None
    answer_ms: int | None = None
    notified: tuple[Notified, ...] = field(default=())
    dialled: str | None = None
    id_kept: bool = False
    returned_ms: int | None = None
    back_answered_ms: int | None = None
    caller_kept: bool | None = None
    cleared_by: str | None = None
    bye_ms: int | None = None
    cleared_ms: int | None = None
    strangers: int = 0

    @property
    def final_word(self) -> Notified | None:
        """The first NOTIFY that says how it ended."""
        return next((one for one in self.notified if one.status and one.status >= 200), None)

    @property
    def returned_in_time(self) -> bool:
        return self.returned_ms is not None and self.returned_ms <= self.guard_ms


def seen(
    messages: Sequence[Message], told: Sequence[Told], test_id: str, switch: str, guard_ms: int
) -> Seen:
    """`told`: what our dialplan said of the test's legs; `switch`: the address of the switch."""
    first = next((one for one in told if one.leg == FIRST and one.sip), None)
    if first is None:
        return Seen(guard_ms)
    leg = [message for message in messages if message.call_id == first.sip]
    refer = next((m for m in leg if m.is_request("REFER") and m.to == switch), None)
    if refer is None:
        return Seen(guard_ms)
    began = refer.at
    answer = next((m for m in leg if m.answers("REFER", refer.number) and _final(m)), None)
    back = _back_leg(messages, told, test_id)
    invite = next((m for m in back if m.is_request("INVITE")), None)
    accepted = next((m for m in back if invite and m.status == 200 and m.method == "INVITE"), None)
    confirmed = any(m.is_request("ACK") for m in back)
    bye = next((m for m in leg if m.is_request("BYE")), None)
    cleared = next((m for m in leg if bye and m.answers("BYE", bye.number) and _final(m)), None)
    return Seen(
        guard_ms=guard_ms,
        referred=True,
        answer=answer.status if answer else None,
        answer_ms=_ms(began, answer),
        notified=tuple(_notified(leg, began, switch)),
        dialled=invite.dialled if invite else None,
        id_kept=invite is not None and invite.dialled == f"livelihood;l110={test_id}",
        returned_ms=_ms(began, invite),
        back_answered_ms=_ms(began, accepted) if confirmed else None,
        caller_kept=invite.caller == leg[0].caller if invite else None,
        cleared_by=None if bye is None else "switch" if bye.to != switch else "node",
        bye_ms=_ms(began, bye),
        cleared_ms=_ms(began, cleared),
        strangers=_strangers(messages, told, switch, began),
    )


def _back_leg(messages: Sequence[Message], told: Sequence[Told], test_id: str) -> list[Message]:
    """The leg that came back in this test: not a late one of an earlier test."""
    for one in told:
        earlier = TEST_FORM in one.dialled and not one.dialled.endswith(test_id)
        if one.leg != FIRST and one.sip and not earlier:
            return [message for message in messages if message.call_id == one.sip]
    return []


def _notified(leg: Iterable[Message], began: float, switch: str) -> Iterable[Notified]:
    numbers: set[str] = set()
    for message in leg:
        if message.is_request("NOTIFY") and message.to != switch and message.number not in numbers:
            numbers.add(message.number)
            line = message.body.strip().split("\n")[0].strip()
            shown = "".join(c if c.isprintable() else "?" for c in line[:LONGEST_LINE])
            yield Notified(round(1000 * (message.at - began)), shown, status_of(line))


def _strangers(messages: Sequence[Message], told: Sequence[Told], switch: str, began: float) -> int:
    ours = {one.sip for one in told}
    return len(
        {
            message.call_id
            for message in messages
            if message.is_request("INVITE")
            and message.to != switch
            and message.at >= began
            and message.call_id not in ours
            and message.dialled.startswith("livelihood")
        }
    )


def _final(message: Message) -> bool:
    return (message.status or 0) >= 200


def _ms(began: float, message: Message | None) -> int | None:
    return None if message is None else round(1000 * (message.at - began))
