import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.variables import UNREADABLE, decode_verdict, encode_verdict
from routing.model import Mark, Target, Verdict

word = st.from_regex(r"[A-Za-z0-9_.*#]{1,8}", fullmatch=True)
verdicts = st.builds(
    Verdict,
    target=st.sampled_from(Target),
    reason=word,
    key=st.sampled_from("0123456789*#ABCD"),
    rule_id=st.none() | word,
    rules_version=word,
    language=st.sampled_from(["zh", "en"]),
    marks=st.frozensets(st.sampled_from(Mark)),
)


@pytest.mark.parametrize(
    ("verdict", "wire"),
    [
        (
            Verdict(Target.LIVELIHOOD, "rule", "2", "key-2", "9f3c2a10"),
            "livelihood:2:rule:key-2:9f3c2a10:zh:-",
        ),
        (
            Verdict(Target.POLICE, "no-key", rules_version="9f3c2a10"),
            "police:-:no-key:-:9f3c2a10:zh:-",
        ),
        (
            Verdict(
                Target.POLICE, "rule", "5", "k", "v", "en", frozenset({Mark.WITHHELD, Mark.SILENT})
            ),
            "police:5:rule:k:v:en:silent+withheld",
        ),
        (Verdict(Target.POLICE, 'a b"$', "1", "é:x", "v"), "police:1:-:-:v:zh:-"),
    ],
)
def test_a_verdict_travels_as_one_word(verdict: Verdict, wire: str) -> None:
    assert encode_verdict(verdict) == wire


@given(verdicts)
def test_a_verdict_comes_back_as_it_went(verdict: Verdict) -> None:
    assert decode_verdict(encode_verdict(verdict)) == verdict


@pytest.mark.parametrize(
    "wire",
    [
        "",
        "livelihood",
        "livelihood:2:rule:key-2:9f3c2a10:zh",
        "livelihood:2:rule:key-2:9f3c2a10:zh:-:-",
        "livelihood:2:rule:key-2:9f3c2a10:zh:unknown",
        "livelihood:-:rule:key-2:9f3c2a10:zh:-",
        "LIVELIHOOD:2:rule:key-2:9f3c2a10:zh:-",
        "livelihood:2:ru le:key-2:9f3c2a10:zh:-",
        "livelihood:2:rule:key-2:9f3c2a10:zh:-\n",
        "livelihood:2::key-2:9f3c2a10:zh:-",
    ],
)
def test_a_doubtful_verdict_is_one_for_the_police(wire: str) -> None:
    assert decode_verdict(wire) == Verdict(Target.POLICE, UNREADABLE)


@given(st.text(alphabet="livelihood:police-+silent2#*", max_size=60) | st.text(max_size=60))
def test_no_text_makes_decoding_raise_or_diverts_without_a_key(wire: str) -> None:
    verdict = decode_verdict(wire)
    assert verdict.target is Target.POLICE or verdict.key is not None
