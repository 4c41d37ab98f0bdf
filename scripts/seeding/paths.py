"""The ways that a ticket goes, from the call to the citizen's yes, with all that may come between.

Each step takes as long as people take; units work in office hours.
"""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from scripts.seeding.matters import Matter, matters
from scripts.seeding.people import OPERATORS, SUPERVISORS, WORKER, handler
from scripts.seeding.times import in_office
from scripts.seeding.told import Life
from tickets.roles import Actor

CLASSES = {"information": "information", "hardship": "hardship"}
DAYS_FOR = {"information": 3, "hardship": 3, "general": 7}
UNITS = tuple(sorted({matter.unit for matter in matters()}))


class Teller:
    """Tells one ticket's life by the chances of one day."""

    def __init__(self, rng: Random, matter: Matter) -> None:
        self.rng = rng
        self.matter = matter

    def minutes(self, mean: float) -> timedelta:
        return timedelta(seconds=int(self.rng.expovariate(1 / (mean * 60))) + 1)

    def hours(self, mean: float) -> timedelta:
        return self.minutes(mean * 60)

    def works(self, life: Life, mean_h: float) -> timedelta:
        """Hours of work, begun and ended while the office is open."""
        return in_office(in_office(life.at) + self.hours(mean_h)) - life.at

    def desk(self, life: Life) -> Actor:
        if life.responsible is None:
            raise LookupError("nobody has claimed it yet")
        return life.responsible

    # What the steps of all ways have in common.

    def claim(self, life: Life) -> None:
        life.responsible = self.rng.choice(OPERATORS)
        life.do("claim", life.responsible, self.minutes(2), responsible=life.responsible.name)

    def screen(self, life: Life) -> None:
        given: dict[str, Any] = {"matter": self.matter.code, "title": self.matter.name}
        if life.state == "reopened":
            given = {"urgency": "urgent"}
        life.do("screen", self.desk(life), self.minutes(6), **given)

    def dispatch(self, life: Life, unit: str | None = None) -> None:
        life.unit = unit or self.matter.unit
        limit = CLASSES.get(self.matter.service_class, "general")
        after = self.minutes(10)
        due = in_office(life.at + after + timedelta(days=DAYS_FOR[limit]))
        given: dict[str, Any] = {"unit": life.unit, "deadline_class": limit, "due_at": due}
        life.do("dispatch", self.desk(life), after, **given)

    def unit_works(self, life: Life, *, until_solved: bool = True) -> Actor:
        who = handler(life.unit, self.rng)
        life.do("accept", who, self.works(life, 2))
        life.do("begin", who, self.works(life, 3))
        if until_solved:
            self.solve(life, who)
        return who

    def solve(self, life: Life, who: Actor) -> None:
        life.do("solve", who, self.works(life, 20), result=self.matter.result)
        life.solved_at = life.at

    def call_back(self, life: Life, *, happy: bool = True) -> None:
        """Attempts until somebody answers; then closed, or opened again."""
        life.do("owe-call-back", WORKER, timedelta(seconds=30))
        if life.row["caller"] is None:
            exempt = {"close_exempt": "withheld-number"}
            life.do("close", self.desk(life), self.hours(4), **exempt)
            return
        answers = self._attempts(life, happy=happy)
        if answers["said_solved"]:
            life.do("close", WORKER, timedelta(seconds=5), **answers)
        else:
            life.do("reopen", WORKER, timedelta(seconds=5), "来电人表示未解决", **answers)

    def _attempts(self, life: Life, *, happy: bool) -> dict[str, Any]:
        satisfied = self.rng.choices((5, 4, 3), (60, 30, 10))[0] if happy else 1
        missed = self.rng.choices((0, 1, 2), (70, 20, 10))[0]
        for n in range(missed + 1):
            started = in_office(life.at + self.hours(1))
            answered = n == missed
            ended = started + timedelta(seconds=self.rng.randrange(20, 90))
            life.call_backs.append(
                {
                    "attempt": len(life.call_backs) + 1,
                    "by": WORKER.name,
                    "started_at": started,
                    "ended_at": ended,
                    "outcome": "answered" if answered else self.rng.choice(("no-answer", "busy")),
                    "said_solved": happy if answered else None,
                    "satisfied": satisfied if answered else None,
                }
            )
            life.at = ended
        return {"said_solved": happy, "satisfied": satisfied}

    # The ways.

    def answered(self, life: Life) -> None:
        self.claim(life)
        given = {"matter": self.matter.code, "title": self.matter.name}
        given |= {"result": self.matter.result, "close_exempt": "answered-in-call"}
        life.do("answer", self.desk(life), self.minutes(4), **given)
        life.do("close", self.desk(life), self.minutes(1))

    def usual(self, life: Life) -> None:
        self.sent(life)
        self.unit_works(life)
        self.call_back(life)

    def sent(self, life: Life, unit: str | None = None) -> None:
        self.claim(life)
        self.screen(life)
        self.dispatch(life, unit)

    def objected(self, life: Life) -> None:
        upheld = self.rng.random() < 0.6
        others = [unit for unit in UNITS if unit != self.matter.unit]
        self.sent(life, self.rng.choice(others) if upheld else None)
        life.do("object", handler(life.unit, self.rng), self.works(life, 4), "不属于本单位职责")
        judge = self.rng.choice(SUPERVISORS)
        if upheld:
            life.do("uphold", judge, self.works(life, 3), "职责属于其他单位")
            self.dispatch(life)
        else:
            life.do("overrule", judge, self.works(life, 3), "派单目录明确由该单位办理")
        self.unit_works(life)
        self.call_back(life)

    def extended(self, life: Life) -> None:
        self.sent(life)
        who = self.unit_works(life, until_solved=False)
        after = self.works(life, 24)
        to = in_office(life.at + after + timedelta(days=7))
        life.do("ask-extension", who, after, "需要采购配件", extension_to=to)
        judge = self.rng.choice(SUPERVISORS)
        if self.rng.random() < 0.7:
            life.do("grant", judge, self.works(life, 4), due_at=to)
        else:
            life.do("deny", judge, self.works(life, 4), "应按原期限办结")
        self.solve(life, who)
        self.call_back(life)

    def waited(self, life: Life) -> None:
        self.sent(life)
        who = self.unit_works(life, until_solved=False)
        life.do("wait", who, self.works(life, 4), "等待来电人补充材料")
        life.do("go-on", who, self.works(life, 24))
        self.solve(life, who)
        self.call_back(life)

    def given_up(self, life: Life) -> None:
        self.sent(life)
        who = self.unit_works(life, until_solved=False)
        after = self.works(life, 30)
        told = "经核实暂无法办理，已向来电人解释。"
        life.do("give-up", who, after, "现行政策不支持", result=told)
        life.solved_at = life.at
        self.call_back(life)

    def reopened(self, life: Life) -> None:
        self.sent(life)
        self.unit_works(life)
        if life.row["caller"] is None:
            return
        self.call_back(life, happy=False)
        self.screen(life)
        self.dispatch(life)
        self.unit_works(life)
        self.call_back(life)

    def withdrawn(self, life: Life) -> None:
        self.claim(life)
        exempt = {"close_exempt": "withdrawn"}
        life.do("withdraw", self.desk(life), self.hours(2), "来电人撤回诉求", **exempt)

    def handed_over(self, life: Life) -> None:
        self.claim(life)
        other = self.rng.choice([one for one in OPERATORS if one != life.responsible])
        life.do("offer", self.desk(life), self.hours(3), handing_to=other.name)
        life.do("take", other, self.minutes(20), responsible=other.name)
        life.responsible = other
        self.screen(life)
        self.dispatch(life)
        self.unit_works(life)
        self.call_back(life)

    def recalled(self, life: Life) -> None:
        self.sent(life)
        life.do("recall", self.rng.choice(SUPERVISORS), self.works(life, 30), "该单位逾期未签收")
        self.dispatch(life)
        self.unit_works(life)
        self.call_back(life)

    def sealed(self, life: Life) -> None:
        self.claim(life)
        life.do("seal", self.desk(life), self.minutes(3), "来电人要求保密", sealed=True)
        self.screen(life)
        self.dispatch(life)
        self.unit_works(life)
        self.call_back(life)


Way = Callable[[Teller, Life], None]
# Of a hundred tickets that stand alone.
WAYS: dict[Way, int] = {
    Teller.answered: 55,
    Teller.usual: 27,
    Teller.objected: 3,
    Teller.extended: 2,
    Teller.waited: 2,
    Teller.given_up: 2,
    Teller.reopened: 3,
    Teller.withdrawn: 2,
    Teller.handed_over: 2,
    Teller.recalled: 1,
    Teller.sealed: 1,
}
