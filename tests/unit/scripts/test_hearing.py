"""The lab's ear tells a tone from another, and from silence."""

import pytest

from scripts.lab.hearing import LINEAR, SILENCE, holds_tone, hum


@pytest.mark.parametrize("hz", [400, 500, 650, 900])
def test_a_hummed_tone_is_heard_and_no_other(hz: int) -> None:
    packets = [hum(hz, 160)] * 50
    assert [other for other in (400, 500, 650, 900) if holds_tone(packets, other)] == [hz]


def test_two_tones_at_once_are_both_heard() -> None:
    one, two = hum(500, 160, 4000), hum(650, 160, 4000)
    sums = (LINEAR[a] + LINEAR[b] for a, b in zip(one, two, strict=True))
    mixed = [bytes(min(range(256), key=lambda code: abs(LINEAR[code] - s)) for s in sums)]
    assert holds_tone(mixed * 50, 500)
    assert holds_tone(mixed * 50, 650)
    assert not holds_tone(mixed * 50, 900)


def test_silence_holds_no_tone() -> None:
    assert not holds_tone([bytes([SILENCE]) * 160] * 50, 500)
    assert not holds_tone([], 500)
