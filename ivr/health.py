"""What is wrong with a node, decided in one place from what was seen. No I/O."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Life(StrEnum):
    UP = "up"
    DOWN = "down"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is an alarm. steps: about a hundred calls; bytes: about as many."""

    disk_percent: float = 80.0
    journal_steps: int = 1000
    journal_oldest_s: float = 60.0
    cel_behind_bytes: int = 500_000
    messages_late_s: float = 600.0


@dataclass(frozen=True, slots=True)
class BridgeFacts:
    """What the bridge says of itself. rules: good, last-good or none.

    journal_unkept: steps since its start that stand in its log only. pid: 0 where nobody says it.
    """

    life: Life = Life.UP
    rules: str = "good"
    journal: bool = True
    journal_unkept: int = 0
    pid: int = 0
    prompts_missing: tuple[str, ...] = ()
    clock_stepped_s: float | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Ids of our calls, or channels where there is none; never a number."""

    stuck_in_agi: tuple[str, ...] = ()
    leaked: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """None where it could not be known. disks: what -> per cent in use.

    messages_late_s: how long the oldest message to a unit is overdue. dead_letters: given up.
    """

    journal_waiting: int | None = 0
    journal_oldest_s: float | None = None
    disks: Mapping[str, float] = field(default_factory=dict)
    store_problem: str | None = None
    cel_behind_bytes: int | None = None
    cel_problem: str | None = None
    cel_stalled: str | None = None
    unreturned: tuple[str, ...] = ()
    messages_late_s: float | None = None
    dead_letters: int = 0


@dataclass(frozen=True, slots=True)
class KeeperFacts:
    """What `l110 keep` says of the processes: name -> what happened to it.

    silent: it runs no more, or is frozen itself; also False where there is none.
    supervisor_silent: the supervisor of `l110 up` gives it no answer.
    """

    silent: bool = False
    supervisor_silent: bool = False
    restarted: Mapping[str, str] = field(default_factory=dict)
    failing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """selftest: why the last self-test failed; None: it did not, or there was none.

    left_out: givers of verdicts that the dialplan skips now.
    steps_unkept: what became of steps that the journal's disk did not take.
    sip_silent: what its SIP port did instead of an answer, while its manager answers.
    sip_scanners: strangers' addresses; sip_guessers: the switch's or a seat's, that are refused.
    seats_paused: by missed calls. police_away: every seat of the police queue, where none could
    ring; a busy seat could, once it is free.
    """

    asterisk: Life = Life.UP
    manager_refused: bool = False
    manager_guesses: tuple[str, ...] = ()
    sip_silent: str | None = None
    sip_scanners: tuple[str, ...] = ()
    sip_guessers: tuple[str, ...] = ()
    selftest: str | None = None
    left_out: tuple[str, ...] = ()
    steps_unkept: str | None = None
    seats_paused: tuple[str, ...] = ()
    police_away: tuple[str, ...] = ()
    bridge: BridgeFacts = field(default_factory=BridgeFacts)
    calls: CallFacts = field(default_factory=CallFacts)
    records: RecordFacts = field(default_factory=RecordFacts)
    keeper: KeeperFacts = field(default_factory=KeeperFacts)


Found = Iterator[tuple[str, str]]


def judge(facts: Facts, limits: Limits | None = None) -> dict[str, str]:
    """Name of each alarm that holds now -> what it is about, without a phone number."""
    known = limits or Limits()
    parts: tuple[Callable[[Facts, Limits], Found], ...] = (
        _asterisk,
        _bridge,
        _calls,
        _records,
        _messages,
        _keeper,
    )
    return {name: detail for part in parts for name, detail in part(facts, known)}


def _asterisk(facts: Facts, _: Limits) -> Found:
    if facts.asterisk is Life.DOWN:
        yield "asterisk-down", "nobody answers at its manager's port"
    if facts.asterisk is Life.FROZEN:
        yield "asterisk-frozen", "its manager answers no ping"
    if facts.sip_silent:
        yield "sip-silent", facts.sip_silent
    if facts.manager_refused:
        yield "manager-refused", "var/secrets and manager.conf do not agree"
    if facts.manager_guesses:
        yield "manager-guessed", ", ".join(facts.manager_guesses)
    if facts.police_away:
        yield "police-unstaffed", f"paused or away: {_some(facts.police_away)}"
    if facts.seats_paused:
        yield "seat-paused", ", ".join(facts.seats_paused)
    if facts.sip_scanners:
        yield "sip-scanned", _some(facts.sip_scanners)
    if facts.sip_guessers:
        yield "sip-guessed", _some(facts.sip_guessers)


def _some(addresses: tuple[str, ...], most: int = 5) -> str:
    more = len(addresses) - most
    return ", ".join(addresses[:most]) + (f" and {more} more" if more > 0 else "")


def _bridge(facts: Facts, _: Limits) -> Found:
    bridge = facts.bridge
    if bridge.life is Life.DOWN:
        yield "bridge-down", "nobody answers at its health port"
    if bridge.life is Life.FROZEN:
        yield "bridge-frozen", "its event loop does not answer"
    if facts.selftest:
        yield "selftest-failed", facts.selftest
    if facts.left_out:
        yield "verdict-skipped", ", ".join(facts.left_out)
    if bridge.rules == "last-good":
        yield "rules-refused", "var/log/ivr.log names the lines"
    if bridge.rules == "none":
        yield "rules-none", "var/log/ivr.log names the lines"
    if bridge.prompts_missing:
        yield "prompts-missing", ", ".join(bridge.prompts_missing)
    if not bridge.journal:
        yield "journal-failing", "var/log/ivr.log: journal.failed"
    if bridge.clock_stepped_s is not None:
        yield "clock-stepped", f"by {bridge.clock_stepped_s:+.1f} s"


def _calls(facts: Facts, _: Limits) -> Found:
    calls = facts.calls
    if calls.stuck_in_agi:
        yield "agi-stuck", ", ".join(calls.stuck_in_agi)
    if calls.leaked:
        yield "channel-leaked", ", ".join(calls.leaked)
    if calls.silent:
        yield "audio-silent", ", ".join(calls.silent)


def _records(facts: Facts, limits: Limits) -> Found:
    records = facts.records
    if facts.steps_unkept:
        yield "steps-unkept", facts.steps_unkept
    yield from _journal(records, limits)
    full = {name: used for name, used in records.disks.items() if used >= limits.disk_percent}
    if full:
        yield "disk-filling", ", ".join(f"{name} {used:.0f} %" for name, used in full.items())
    if records.store_problem:
        yield "store-away", records.store_problem
    if (records.cel_behind_bytes or 0) > limits.cel_behind_bytes:
        yield "forwarder-behind", f"{records.cel_behind_bytes} bytes are not stored"
    if records.cel_problem:
        yield "cel-missing", records.cel_problem
    if records.cel_stalled:
        yield "cel-stalled", records.cel_stalled
    if records.unreturned:
        yield "caller-unreturned", ", ".join(records.unreturned)


def _journal(records: RecordFacts, limits: Limits) -> Found:
    if records.journal_waiting is None:
        yield "journal-unreadable", "it cannot be opened for reading"
        return
    oldest_s = records.journal_oldest_s or 0.0
    if records.journal_waiting > limits.journal_steps or oldest_s > limits.journal_oldest_s:
        yield "journal-waiting", f"{records.journal_waiting} steps, the oldest for {oldest_s:.0f} s"


def _messages(facts: Facts, limits: Limits) -> Found:
    records = facts.records
    if (late_s := records.messages_late_s or 0.0) > limits.messages_late_s:
        yield "messages-late", f"the oldest is overdue by {late_s:.0f} s"
    if records.dead_letters:
        yield "messages-dead", f"{records.dead_letters}: `l110 worker dead` lists them"


def _keeper(facts: Facts, _: Limits) -> Found:
    keeper = facts.keeper
    if keeper.silent:
        yield "keeper-silent", "`l110 keep` has not looked for ten seconds"
    if keeper.supervisor_silent:
        yield "supervisor-silent", "it gives `l110 keep` no answer"
    if keeper.failing:
        yield "process-failing", _told(keeper.failing)
    if quiet := {n: why for n, why in keeper.restarted.items() if n not in keeper.failing}:
        yield "process-restarted", _told(quiet)


def _told(processes: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in sorted(processes.items()))
