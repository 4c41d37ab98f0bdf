"""The intake without a bridge: a process that Asterisk starts for one call, by `scripts/fallback`.

It imports routing and pyst2 and nothing else of ours, so it starts fast and works when the rest is
broken. It writes nothing: the dialplan's END event is its record. Whatever goes wrong ends it
without a verdict, and that means the police.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from select import select
from typing import NoReturn
from urllib.parse import unquote

from asterisk.agi import AGI, AGIAppError, AGIHangup

from routing.decide import decide
from routing.menu import Prompt, next_prompt
from routing.model import Mark, Question
from routing.rules import RuleSet, parse_rules
from routing.rules_text import MAX_BYTES
from routing.wire import LANGUAGE, MENU_KEYS, PROMPTS, VERDICT, encode_verdict

REPLY_WITHIN_S = 2.0
GUARD_SLACK_S = 2.0
# A prompt that is there cannot be over so soon; one that is missing is over at once.
TOO_SHORT_S = 0.1
# Asterisk closes right after the reply of the command that a hang-up cut short.
HANG_UP_FOLLOWS_WITHIN_S = 0.05
LONGEST_MENU_S = 6.0  # set-up refuses a longer one, so it is safe where lengths cannot be read
MAX_HEARD = 32 * 1024
MAX_FACTS, MAX_FIELDS = 8 * 1024, 64

MARKS = {mark.value: mark for mark in Mark}
ENDS_US = (signal.SIGALRM, signal.SIGHUP, signal.SIGPIPE)


class AsteriskIsGone(Exception):
    """Asterisk closed the pipe, or said more than any call needs."""


class CommandRefused(Exception):
    """Asterisk does not know a command in this form."""


class PromptFailed(Exception):
    """The prompt could not be played."""


def run() -> NoReturn:
    """Ends at once: Asterisk goes on with the caller only when its pipe closes."""
    os._exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """0: the verdict is set. 1: there is none.

    arguments: facts of the call; rules file; its last good copy; lengths of the prompts (JSON).
    """
    try:
        watch(REPLY_WITHIN_S)
        end_on_signals()
        lines = Lines(sys.stdin.fileno())
        agi = AGI(stdin=lines, stdout=sys.stdout, stderr=Nowhere())
        end_on_signals()  # pyst2 has put a handler of its own there, which would only wait on
        Intake(agi, lines, arguments).run()
    except BaseException:  # in doubt no verdict; a trace could show the caller's data
        return 1
    return 0


def watch(seconds: float) -> None:
    """The kernel ends this process after so many seconds, whatever it is waiting for then."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def end_on_signals() -> None:
    for number in ENDS_US:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS_US)


class Lines:
    """What Asterisk says, kept from pyst2 where it would read on for ever.

    It takes an end of file for an empty line, and after a 520 waits for another one.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._heard = b""
        self._may_hear = MAX_HEARD

    def readline(self) -> str:
        """Raises: AsteriskIsGone, CommandRefused."""
        while b"\n" not in self._heard:
            more = os.read(self._descriptor, 4096)
            self._may_hear -= len(more)
            if not more or self._may_hear < 0:
                raise AsteriskIsGone
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        if line.startswith(b"520"):
            raise CommandRefused
        return line.decode("utf-8", "surrogateescape")

    def stay_quiet(self, seconds: float) -> bool:
        return not self._heard and not select([self._descriptor], [], [], seconds)[0]


class Nowhere:
    """pyst2 tells its stderr all that it hears, the caller's data too."""

    def write(self, text: str) -> None: ...


class Intake:
    """The same questions, commands and decision as `agi_scripts.intake`."""

    def __init__(self, agi: AGI, lines: Lines, arguments: Sequence[str]) -> None:
        facts, rules, last_good, lengths = arguments
        self._agi = agi
        self._lines = lines
        self._facts = facts
        self._rules = load_rules(rules, last_good)
        self._lengths = lengths

    def run(self) -> None:
        keys, prompt_failed = self._ask()
        question = Question(
            keys,
            datetime.now(UTC),
            caller_marks(self._facts),
            lines_in_use(self._facts),
            prompt_failed,
        )
        self._set(VERDICT, encode_verdict(decide(question, self._rules)))

    def _ask(self) -> tuple[tuple[str | None, ...], bool]:
        """The keys of all askings, and whether the next prompt could not be played."""
        keys: tuple[str | None, ...] = ()
        language = self._agi.env.get("agi_language", "zh")
        while (prompt := next_prompt(keys, self._rules)) is not None:
            length_s = prompt_length_s(self._lengths, prompt)
            guard_s = length_s + prompt.patience_s + GUARD_SLACK_S
            self._set("TIMEOUT(absolute)", f"{guard_s:.3f}".rstrip("0").rstrip("."))
            if prompt.language != language:
                language = prompt.language
                self._set(LANGUAGE, language)
            try:
                keys += (self._key(prompt, guard_s),)
            except PromptFailed:
                if not self._lines.stay_quiet(HANG_UP_FOLLOWS_WITHIN_S):
                    raise AsteriskIsGone from None
                return keys, True
        return keys, False

    def _key(self, prompt: Prompt, within_s: float) -> str | None:
        """pyst2's own `get_option` hides where the prompt ended."""
        watch(within_s)
        started = time.monotonic()
        patience_ms = round(prompt.patience_s * 1000)
        try:
            reply = self._agi.execute(
                "GET OPTION", PROMPTS + prompt.name, f'"{MENU_KEYS}"', patience_ms
            )
        except AGIHangup:
            raise
        except AGIAppError as error:
            raise PromptFailed from error
        at_once = time.monotonic() - started < TOO_SHORT_S
        code, endpos = int(reply["result"][0]), reply.get("endpos", ("", ""))[0]
        if (code == 0 and endpos == "0" and at_once) or not (code == 0 or 32 < code < 127):
            raise PromptFailed
        return chr(code) if code else None

    def _set(self, name: str, value: str) -> None:
        """pyst2 quotes and escapes nothing: only our own words and `encode_verdict`'s go in."""
        watch(REPLY_WITHIN_S)
        self._agi.set_variable(name, value)


def load_rules(path: str, last_good: str) -> RuleSet:
    """Raises: OSError, RuleSetRejected if the last good copy is of no use either."""
    try:
        return parse_rules(content(path), path)
    except (OSError, ValueError):
        return parse_rules(content(last_good), last_good)


def content(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def prompt_length_s(lengths: str, prompt: Prompt) -> float:
    """Seconds; a length that cannot be read, or cannot be, is the longest that set-up lets pass."""
    try:
        length_s = float(json.loads(content(lengths))[prompt.language][prompt.name])
    except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return LONGEST_MENU_S
    return length_s if 0 < length_s <= LONGEST_MENU_S else LONGEST_MENU_S


def caller_marks(facts: str) -> frozenset[Mark]:
    return frozenset(MARKS[name] for name in fact(facts, "marks").split(",") if name in MARKS)


def lines_in_use(facts: str) -> int:
    lines = fact(facts, "lines")
    return int(lines) if lines.isdecimal() and len(lines) < 6 else 0


def fact(facts: str, name: str) -> str:
    """One field, read as `ivr.facts` reads it: the first wins, and no text raises."""
    if len(facts) > MAX_FACTS:
        return ""
    for field in facts.split("&", MAX_FIELDS)[:MAX_FIELDS]:
        key, separator, value = field.partition("=")
        if separator and unquote(key, errors="surrogateescape") == name:
            return unquote(value, errors="surrogateescape")
    return ""
