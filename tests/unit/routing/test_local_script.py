"""What the local script decided stands in the end record: it writes nothing itself."""

import pytest

from routing.model import Mark, Target, Verdict
from routing.steps import Scalar, StepKind
from routing.wire import decode_verdict, encode_verdict
from tests.unit.routing.stories import BEGIN, told

SILENT = Verdict(Target.POLICE, "rule", "5", "key-5", "9f3c2a10", "zh", frozenset({Mark.SILENT}))


def ended(wire: str, **more: Scalar):
    data: dict[str, Scalar] = {"verdict": "police", "key": "5", "reason": "rule"}
    data |= {"via": "local-script", "wire": wire, "answered": "1795465566.5", **more}
    return told(*BEGIN, (StepKind.END, 9.0, data), (StepKind.CHAN_END, 9.1))


def test_its_rule_version_language_and_mark_are_on_record():
    call = ended(encode_verdict(SILENT))
    assert (call.rule_id, call.rules_version) == ("key-5", "9f3c2a10")
    assert (call.language, call.marks) == ("zh", "silent")
    assert call.bridge == "away", "no bridge decided"


@pytest.mark.parametrize("wire", ["", "police", "a:b:c:d:e:f:g:h", "-:-:-:-:-:-:-"])
def test_words_that_are_no_verdict_say_nothing(wire):
    call = ended(wire)
    assert (call.verdict, call.reason, call.rule_id, call.marks) == ("police", "rule", None, None)


def test_a_key_pressed_later_is_not_put_down_to_the_rule():
    call = ended(encode_verdict(SILENT), verdict="livelihood", reason="key-while-waiting", key="2")
    assert (call.verdict, call.reason, call.rule_id) == (
        "livelihood",
        "key-while-waiting",
        None,
    )


def test_a_verdict_reads_as_it_was_written():
    assert decode_verdict(encode_verdict(SILENT)) == {
        "verdict": "police",
        "key": "5",
        "reason": "rule",
        "rule_id": "key-5",
        "rules_version": "9f3c2a10",
        "language": "zh",
        "marks": "silent",
    }
