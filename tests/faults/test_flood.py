"""Two hundred calls a second of one number, beside callers in danger."""

from pathlib import Path

import pytest

from scripts.chaos.findings import Finding
from scripts.lab import sipp
from scripts.lab.callers import HangUp, Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import seat
from scripts.lab.sipp import Endpoint, Person, Sipp
from scripts.lab.waiting import wait_until
from scripts.stress.callers import Kind, answer_times_ms, scenario
from tests.real_asterisk.system import Records, node_alone

FLOOD_PER_S, FLOOD_S = 200, 6
REAL_PER_S, REAL = 2, 10
LINES = 40
JUNK = Kind("flood", 0, (Wait(3), HangUp()))
IN_DANGER = Kind("in-danger", 0, (Wait(0.3), Press("1"), Stay(10)))
FLOODER = "13900000000"


def stream(system: Records, kind: Kind, people: list[Person], per_second: float) -> Sipp:
    sip, folder = system.node.settings.sip, system.node.settings.var.parent / "sipp"
    place = 10 if kind is JUNK else 0
    return sipp.call(
        folder,
        kind.name,
        scenario(kind),
        at=Endpoint(sip.switch_host, 7100 + place, 31000 + 20 * place),
        to=f"{sip.host}:{sip.port}",
        dial="110",
        people=people,
        per_second=per_second,
        log=folder / f"{kind.name}.calls",
        deaf_s=15,
    )


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(8, id="limited"),
        pytest.param(0, id="unlimited", marks=pytest.mark.control(without="the limit by number")),
    ],
)
@pytest.mark.fault("49", how="200 INVITEs a second of one number, beside 2 real callers a second")
def test_a_flood_of_one_number_leaves_the_lines_to_everybody_else(
    tmp_path: Path, told: Finding, limit: int
) -> None:
    police = tuple(f"80{n:02d}" for n in range(1, 21))
    settings = f"[admission]\ncalls_per_number = {limit}\nnew_calls_per_s = 0\n"
    with node_alone(tmp_path, 150, police=police, lines=LINES, settings=settings) as system:
        before = footprint(system.node)
        host = system.node.settings.sip.switch_host
        telephones = sipp.answer(tmp_path, "seat", seat(0.1, 1), at=Endpoint(host, 5060, 30000))
        junk = [Person(FLOODER)] * (FLOOD_PER_S * FLOOD_S)
        flood = stream(system, JUNK, junk, FLOOD_PER_S)
        wait_until(lambda: system.node.slots_in_use() >= 5, "the flood", 10)
        numbers = [f"1380000{n:04d}" for n in range(REAL)]
        real = stream(system, IN_DANGER, [Person(number) for number in numbers], REAL_PER_S)
        try:
            real.wait(40)
            flood.wait(40)
        finally:
            for process in (real, flood, telephones):
                process.stop()
        rows = [row for row in system.calls() if row.caller in numbers]
        served = [row for row in rows if row.outcome == "talked-to-police"]
        assert (len(served) == REAL) is (limit > 0)
        if not limit:
            return
        times = sorted(answer_times_ms(tmp_path / "sipp" / "in-danger.calls"))
        waits = [row.wait_ms or 0 for row in served]
        assert len(times) == REAL
        assert times[-1] < 1000
        assert max(waits) < 3000
        told.caller.append(
            f"{REAL} of {REAL} callers in danger answered, the slowest after {times[-1]:.0f} ms; "
            f"a police seat talked within {max(waits)} ms of queueing"
        )
        refused = [row for row in system.calls() if row.reason == "too-many-of-number"]
        told.records.append(f"{len(refused)} rows too-many-of-number, each refused with 503")
        told.leaks.append(wait_until_nothing_leaks(system.node, before, memory_spare_kb=65536))
