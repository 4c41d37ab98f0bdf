"""What may be said to Asterisk when a citizen is to be rung."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ami_words import checked_fields
from ivr.call_back import CallNotPlaced, CallOrder, order_fields
from scripts.asterisk_config import SOURCES

TOKEN = "12-1-1795465608657"
CONTEXTS = re.compile(r"^\[(l110-call-back[a-z-]*)\]", re.MULTILINE)


def test_an_order_names_the_context_of_call_backs_and_nothing_else() -> None:
    fields = order_fields(CallOrder(TOKEN, "13800000001", "zh"), 40)
    assert fields["Channel"] == "Local/place@l110-call-back/n"
    assert fields["Variable"] == f"L110_BACK={TOKEN},L110_BACK_TO=13800000001,L110_BACK_LANG=zh"
    checked_fields("Originate", fields)


@pytest.mark.parametrize(
    "number",
    [
        "", "12", "138 0000", "13800000001\r\nAction: Logoff", "138,L110_BACK=x", "138&PJSIP/110",
        "１３８００００００", "${SHELL(id)}", "1" * 21, "++138000", "138000\n",
    ],
)  # fmt: skip
def test_a_number_that_is_none_goes_nowhere(number: str) -> None:
    with pytest.raises(CallNotPlaced, match="number"):
        order_fields(CallOrder(TOKEN, number, "zh"), 40)


@given(st.text(), st.text(), st.text())
def test_whatever_is_ordered_is_refused_or_safe(token: str, number: str, language: str) -> None:
    try:
        fields = order_fields(CallOrder(token, number, language), 40)
    except CallNotPlaced:
        return
    checked_fields("Originate", fields)
    told = dict(one.split("=") for one in str(fields["Variable"]).split(","))
    assert set(told) == {"L110_BACK", "L110_BACK_TO", "L110_BACK_LANG"}
    assert re.fullmatch(r"\+?[0-9]{3,20}", told["L110_BACK_TO"], re.ASCII)


def test_nothing_but_the_actor_leads_to_the_contexts_of_call_backs() -> None:
    """No way out to other numbers: no file of the dialplan or of SIP names them but their own."""
    own = SOURCES / "l110/callback.conf"
    contexts = CONTEXTS.findall(own.read_text())
    assert "l110-call-back" in contexts
    files = [f for folder in ("l110", "embedded") for f in (SOURCES / folder).glob("*.conf")]
    others = [f for f in files if f != own]
    assert len(others) > 20
    assert not [f.name for f in others for one in contexts if one in f.read_text()]


def test_a_call_back_never_counts_as_a_police_line() -> None:
    text = (SOURCES / "l110/callback.conf").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(";")]
    assert not [line for line in lines if re.search(r"GROUP\(|L110_CALL=|call=", line)]
