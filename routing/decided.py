"""What was decided, as the journal keeps it, and what became of it, as the record shows it."""

import json
from dataclasses import dataclass, replace

from routing.model import Question, QuestionUnreadable, Target, Verdict
from routing.steps import Scalar, Step, StepKind
from routing.timeline import Timeline, said
from routing.wire import decode_verdict

NO_VERDICT = "no-verdict"  # the dialplan's word for an empty verdict, whoever lost it
GUARD = "guard"
BRIDGES = ("bridge", "second-bridge")  # rungs of the ladder, as the dialplan calls them
JOINED = "joined"
WHILE_WAITING = "key-while-waiting"


@dataclass(frozen=True, slots=True)
class FinalVerdict:
    """What really happened to the call, and why; the rule only where the decision was obeyed."""

    verdict: str | None = None
    reason: str | None = None
    key: str | None = None
    rule_id: str | None = None


def decided_data(question: Question, verdict: Verdict) -> dict[str, Scalar]:
    """The data of a DECIDED step: enough to replay the decision exactly."""
    return {
        "question": json.dumps(question.to_json(), separators=(",", ":")),
        "verdict": verdict.target.value,
        "reason": verdict.reason,
        "key": verdict.key,
        "rule_id": verdict.rule_id,
        "rules_version": verdict.rules_version,
        "language": verdict.language,
        "marks": ",".join(sorted(verdict.marks)),
    }


def question_of(decided: Step) -> Question:
    """The question of a DECIDED step.

    Raises:
        QuestionUnreadable: the step holds none, or not one of ours.
    """
    try:
        return Question.from_json(json.loads(str(decided.data["question"])))
    except (KeyError, ValueError, RecursionError) as error:
        raise QuestionUnreadable(f"{decided.event_id}: {error}") from error


def bridge_of(steps: Timeline, answered: bool) -> str | None:
    """What the bridge did for this call.

    None: it was never asked, because the call was not answered (or is not yet further).
    seen: it decided, or the caller left, or is still, in its menu.
    lost: it began, or only took the call, and the call went on without its verdict.
    away: the call went on, or ended, without it.
    """
    intake, decided = steps.has(StepKind.INTAKE), steps.has(StepKind.DECIDED)
    on_its_own = _went_on(steps) and (not decided or _unheard(steps))
    if intake or decided:
        return "lost" if on_its_own else "seen"
    if on_its_own and _taken(steps):
        return "lost"
    return "away" if on_its_own or (answered and steps.has(StepKind.END)) else None


def final_verdict(steps: Timeline, bridge: str | None) -> FinalVerdict:
    """The end record tells what the dialplan did; before it, the release and the queue do.

    Of a call that left the menu without a verdict the decision is shown if there was one. Where
    the verdict got lost on the way, the reason is `bridge-lost` or `bridge-away`.
    """
    decided, end = _decision(steps), _deciding_end(steps)
    if (verdict := said(end, "verdict")) in tuple(Target):
        reason = said(end, "reason")
        done = FinalVerdict(verdict, _named(reason, bridge), said(end, "key"))
    elif end is not None:
        return decided or FinalVerdict(reason=said(end, "reason"))
    else:
        done = _so_far(steps, decided, bridge)
    if decided and (done.verdict, done.reason) == (decided.verdict, decided.reason):
        return decided
    return done


def decision(steps: Timeline) -> Step | None:
    """Of a bridge; of the local script, which keeps no journal, as the end record has its words."""
    step, end = steps.last(StepKind.DECIDED), _deciding_end(steps)
    wire = said(end, "wire")
    if step is not None or end is None or wire is None:
        return step
    told = decode_verdict(wire)
    return replace(end, kind=StepKind.DECIDED, data=told) if told else None


def _decision(steps: Timeline) -> FinalVerdict | None:
    step = decision(steps)
    if step is None:
        return None
    verdict, reason = said(step, "verdict", "target"), said(step, "reason")
    return FinalVerdict(verdict, reason, said(step, "key"), said(step, "rule_id"))


def _so_far(steps: Timeline, decided: FinalVerdict | None, bridge: str | None) -> FinalVerdict:
    """Of a call without an end record: it lives, or its node was lost."""
    released = steps.first(StepKind.RELEASED)
    if released is not None and (decided is None or decided.verdict != Target.LIVELIHOOD):
        return FinalVerdict(Target.LIVELIHOOD, WHILE_WAITING, said(released, "key"))
    if decided is None and _went_on(steps):
        return FinalVerdict(Target.POLICE, _named(NO_VERDICT, bridge))
    return decided or FinalVerdict()


def _named(reason: str | None, bridge: str | None) -> str | None:
    if reason in (None, NO_VERDICT) and bridge in ("lost", "away"):
        return f"bridge-{bridge}"
    return reason


def _went_on(steps: Timeline) -> bool:
    """Whether the dialplan moved the call on from the menu."""
    moved = steps.has(StepKind.QUEUED, StepKind.RELEASED, StepKind.SEAT)
    return moved or said(_deciding_end(steps), "verdict") is not None


def _unheard(steps: Timeline) -> bool:
    """Whether a decision was made that the dialplan never received."""
    return said(_deciding_end(steps), "reason") in (NO_VERDICT, GUARD)


def _taken(steps: Timeline) -> bool:
    """Whether a bridge took the call, and gave no verdict before it was gone.

    The dialplan goes on to the next rung only where nobody could be reached.
    """
    end = _deciding_end(steps)
    return said(end, "reason") == NO_VERDICT and said(end, "via") in BRIDGES


def _deciding_end(steps: Timeline) -> Step | None:
    """The end record of the leg that was decided: not of one that the switch brought back."""
    ends = steps.all(StepKind.END)
    own = [end for end in ends if said(end, "reason") != JOINED]
    return next(iter((own or list(ends))[::-1]), None)
