import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.facts import MAX_FIELDS, MAX_LENGTH, decode_facts, encode_facts

raw_text = st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@given(st.dictionaries(raw_text.filter(bool), raw_text, max_size=MAX_FIELDS))
def test_facts_come_back_as_they_went(facts: dict[str, str]) -> None:
    encoded = encode_facts(facts)
    assert encoded.isascii()
    assert decode_facts(encoded) == facts


@given(st.text(max_size=200))
def test_no_text_makes_decoding_raise(text: str) -> None:
    assert len(decode_facts(text)) <= MAX_FIELDS


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("", {}),
        ("a=1&b=x%20y", {"a": "1", "b": "x y"}),
        ("a=1&a=2", {"a": "1"}),
        ("caller=+8613800138000", {"caller": "+8613800138000"}),
        ("a=b=c&&d&=e&f=", {"a": "b=c", "f": ""}),
        ("raw=%D5%C5", {"raw": "\udcd5\udcc5"}),
        ("bad=%zz%", {"bad": "%zz%"}),
    ],
)
def test_what_can_be_read_is_read(text: str, facts: dict[str, str]) -> None:
    assert decode_facts(text) == facts


def test_a_text_over_its_limit_holds_no_facts() -> None:
    assert decode_facts("a=" + "x" * (MAX_LENGTH - 2)) != {}
    assert decode_facts("a=" + "x" * (MAX_LENGTH - 1)) == {}


def test_fields_past_the_sixty_fourth_are_left_out() -> None:
    facts = decode_facts("&".join(f"k{number}=1" for number in range(100)))
    assert len(facts) == MAX_FIELDS
    assert "k64" not in facts
