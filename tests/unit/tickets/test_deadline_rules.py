"""A file of deadlines: what may go live, and how a fault in it is named."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.deadline_problems import DeadlineRulesRejected
from tickets.deadline_rules import DeadlineClassUnknown, parse_deadlines
from tickets.model import ServiceClass, Urgency

FILE = Path(__file__).parents[3] / "config" / "deadlines.toml"
TEXT = FILE.read_text(encoding="utf-8")
RULES = parse_deadlines(TEXT, "deadlines.toml")


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(DeadlineRulesRejected) as rejected:
        parse_deadlines(text, "f.toml")
    return [str(problem) for problem in rejected.value.problems]


def with_line(old: str, new: str) -> tuple[str, int]:
    """The file with the first such line changed, and its number."""
    lines = TEXT.split("\n")
    n = next(n for n, line in enumerate(lines) if line.startswith(old))
    lines[n] = new
    return "\n".join(lines), n + 1


def test_each_class_of_service_and_urgency_has_a_tier():
    for service in [*ServiceClass, None, "nonsense"]:
        for urgency in Urgency:
            assert RULES.tier(RULES.class_for(service), urgency).number > 0


def test_tiers_go_by_class_and_urgency():
    told = [str(RULES.tier(RULES.class_for("information"), urgency)) for urgency in Urgency]
    assert told == ["3 working days", "2 hours", "15 minutes"]
    assert str(RULES.tier("complex", "normal")) == "13 working days"


def test_a_more_urgent_ticket_never_has_more_time():
    longest = {"minute": 1, "hour": 60, "day": 8 * 60}
    for each in RULES.classes.values():
        tiers = [each.tiers[urgency] for urgency in Urgency]
        lengths = [tier.number * longest[tier.unit] for tier in tiers]
        assert lengths == sorted(lengths, reverse=True)


def test_a_class_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(DeadlineClassUnknown, match="no deadline class is called x: complex, gen"):
        RULES.tier("x", "normal")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("default", 'default = "x"', "default: no [class.x] stands below"),
        ("default", 'colour = "red"', "colour: unknown key; known here: default, office"),
        ('hours = ["08', 'hours = ["08:00-12:00", "11:00-17:30"]', "office.hours: must go forward"),
        ('hours = ["08', 'hours = ["8-12"]', "office.hours: '8-12' is no span of hours: write"),
        ('hours = ["08', "hours = 8", "office.hours: must be a list of spans"),
        ('hours = "22', 'hours = "22:00-22:00"', "night.hours: begins when it ends"),
        ("day = 15", "day = 31", "meeting.day: must be a whole number from 1 to 28, not 31"),
        ('normal = "3 w', 'normal = "3 days"', "class.information.normal: '3 days' is no length"),
        ('normal = "3 w', "", "class.information.normal: is missing"),
        ("service_classes", 'service_classes = ["tax"]', "service_classes: must be a list of"),
        ("service_classes", 'service_classes = ["market"]', "market is named by class"),
        ("level = 1", "level = 2", "ladder.minute: levels must go up"),
        ('kind = "reminder"', 'kind = "shout"', "ladder.minute[1].kind: must be one of reminder"),
        ('to = "unit"', 'to = "mayor"', "ladder.minute[1].to: must be one of unit, unit-head"),
        ("when", 'when = "5 minutes late"', "ladder.minute[1].when: '5 minutes late': write"),
        ("when", 'when = "soon before"', "ladder.minute[1].when: 'soon' is no length of time"),
        ("zh = \"工单", 'zh = "{who}"', "ladder.minute[1].zh: {who} names nothing: ticket"),
        ("zh = \"工单", 'zh = "{"', "ladder.minute[1].zh: { names nothing"),
        ("[class.repair]", "[class.Repair]", "class.Repair: a class is named with a-z"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(old, new, says):
    text, line = with_line(old, new)
    told = problems(text)
    assert any(says in each for each in told), told
    lines = {int(each.split(":")[1]) for each in told}
    # A missing key and a fault of a whole table are told where the table begins.
    assert any(abs(each - line) <= 8 or "market" in says for each in lines)


def test_the_line_is_that_of_the_key():
    text, line = with_line('when = "expiry"', 'when = "later"')
    assert problems(text) == [
        f"f.toml:{line}: ladder.minute[2].when: 'later': write `1 working day before`, `expiry` or"
        " `1 hour after`"
    ]


def test_every_fault_of_a_file_is_told_at_once():
    told = problems("default = 1\n[night]\nhours = 5\n")
    assert [each.split(": ")[1] for each in told] == [
        "class", "default", "ladder", "ladder.day", "ladder.hour", "ladder.minute", "meeting",
        "meeting.day", "office", "office.hours", "night.hours",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xd5\xc5", "is not UTF-8: save it in UTF-8"),
        ("x = [" + "\n[" * 5000, "nested too deeply"),
        ("a." * 30_000 + "a = 1", "f.toml:1: longer than 1000 characters"),
        ("a = 2026-13-41", "f.toml:1: "),
        ("x" * 300_000, "longer than 64000 bytes"),
        ("default = \n", "f.toml:1: "),
    ],
)
def test_what_is_no_toml_is_refused(content, says):
    assert says in problems(content)[0]


def test_a_byte_order_mark_is_no_fault():
    assert parse_deadlines(b"\xef\xbb\xbf" + TEXT.encode(), "f").default == "general"


@given(
    st.integers(0, len(TEXT)), st.integers(0, 30),
    st.text(alphabet='abc[]{}"=.\n 019-:é', max_size=12),
)  # fmt: skip
def test_a_damaged_file_is_read_or_refused_and_never_worse(where, length, put):
    damaged = TEXT[:where] + put + TEXT[where + length :]
    with suppress(DeadlineRulesRejected):
        parse_deadlines(damaged, "f.toml")
