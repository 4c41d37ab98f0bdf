"""Protections of the dialplan, and how one is taken out of a live node for one caller only."""

import re
from dataclasses import dataclass, replace

from scripts.asterisk_console import ask
from scripts.asterisk_home import Home

LINE = re.compile(r"^.*?\s(?P<priority>\d+)\. (?P<does>.*?)\s+\[[\w./-]+(?::\d+)?\]$")


@dataclass(frozen=True, slots=True)
class Protection:
    """One line of the dialplan: its extension, how it begins, and what stands there without it."""

    context: str
    extension: str
    begins: str
    without: str = "NoOp()"

    def take_out(self, home: Home, number: str) -> None:
        """From now on a caller with this number meets `without` in the place of the line."""
        priority = self.priority(home)
        added = f"{self.extension}/{number},{priority},{self.without}"
        answer = ask(home, f"dialplan add extension {added} into {self.context}")
        assert "added into" in answer, answer

    def priority(self, home: Home) -> int:
        shown = ask(home, f"dialplan show {self.extension}@{self.context}")
        lines = (LINE.match(line) for line in shown.splitlines())
        found = {int(m["priority"]) for m in lines if m and m["does"].startswith(self.begins)}
        assert len(found) == 1, f"{found} begin with {self.begins!r} in\n{shown}"
        return found.pop()


# In its place what a dialplan does that takes the end of AGI for an answer.
VERDICT_ASKED = Protection(
    "l110-verdict",
    "s",
    'GotoIf($["${L110_VERDICT}" = ""]',
    "GotoIf($[${AGISTATUS}=SUCCESS]?l110-elsewhere,s,1)",
)
FALLBACK = Protection("l110-release", "refer", "Goto(redirect,1)", "Hangup(16)")
GUARD = Protection("l110-release", "refer", "Set(TIMEOUT(absolute)=${L110_REFER_GUARD_S})")
# He must be back before it fires, also on a slow machine.
LONGER_GUARD = replace(GUARD, without="Set(TIMEOUT(absolute)=6)")
FINAL_WORD = Protection(
    "l110-release", "refer", 'GotoIf($["${TRANSFERSTATUS}" = "SUCCESS"]', "Goto(gone)"
)
SEES_THE_JOINED = Protection("l110-release", "refer", "GotoIf($[${GROUP_COUNT(${L110_LEG}@l110jo")
ENDS_THE_FIRST = Protection("l110-livelihood-trunk", "_livelihood!", "ChannelRedirect(")
# As it was: whichever leg had sent him, the call's first one was meant.
KNOWS_THE_LEG = Protection(
    "l110-livelihood-trunk",
    "_livelihood!",
    "Set(L110_FROM=",
    "Set(L110_FROM=${L110_NODE}-${STRPTIME(${CUT(L110_CALL,-,1)},UTC,%Y%m%dT%H%M%SZ)}"
    ".${CUT(L110_CALL,-,3)})",
)
JOINED_FROM_WHERE = Protection(
    "l110-livelihood-trunk",
    "_livelihood!",
    "Set(GROUP(l110joined)=",
    "Set(GROUP(l110joined)=${UNIQUEID})",
)
SLOT_AT_THE_END = Protection("l110-end", "s", "MSet(GROUP(l110)=,")
TOLD_AT_THE_END = Protection("l110-end", "s", "CELGenUserEvent(L110_RELEASED")
