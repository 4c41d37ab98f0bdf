"""Tones in G.711 A-law: to hum one, and to say whether a sound holds one."""

import math
from collections.abc import Iterable

RATE = 8000


def _linear(code: int) -> int:
    """The sample of a code, in -32256..32256 (ITU-T G.711)."""
    code ^= 0x55
    step, segment = (code & 0x0F) << 4, (code & 0x70) >> 4
    size = (step + 0x108) << (segment - 1) if segment else step + 8
    return size if code & 0x80 else -size


LINEAR = tuple(_linear(code) for code in range(256))
SILENCE = 0xD5


def hum(hz: float, samples: int, loudness: int = 8000) -> bytes:
    """`samples` of a sine."""
    wave = (loudness * math.sin(math.tau * hz * n / RATE) for n in range(samples))
    return bytes(map(_code, wave))


def holds_tone(packets: Iterable[bytes], hz: float) -> bool:
    """Whether at least a hundredth of the sound's energy is at this frequency (Goertzel)."""
    samples = [LINEAR[code] for packet in packets for code in packet]
    energy = sum(sample * sample for sample in samples)
    if energy <= len(samples) * LINEAR[SILENCE] ** 2:
        return False
    turn = 2 * math.cos(math.tau * hz / RATE)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = last * last + before * before - turn * last * before
    return 2 * power / (len(samples) * energy) > 0.01


def _code(sample: float) -> int:
    return min(range(256), key=lambda code: abs(LINEAR[code] - sample))
