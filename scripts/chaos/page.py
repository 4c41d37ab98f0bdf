"""docs/reliability.md: the table that the run made."""

from collections.abc import Iterable, Mapping, Sequence

from scripts.chaos.catalogue import Fault
from scripts.chaos.findings import Finding

HEAD = """\
# What each fault came to

Made by `scripts/l110 chaos run --write`; do not edit. POL: a police seat rings within 3 s of the
fault, or within the menu's length and 3 s where it had begun. R1: one record of the call, with its
reason. A control is the same test with the protection taken out, and must go red; it is counted as
passed when it did. What the fuzzing came to: [performance.md](performance.md#hostile-bytes).
"""
COLUMNS = (
    "#",
    "fault",
    "must come to",
    "injected",
    "the caller",
    "records",
    "left over",
    "controls",
    "result",
)


def page(catalogue: Mapping[str, Fault], findings: Sequence[Finding], when: str) -> str:
    """Markdown. Faults without a finding are told with their reason, or as not run."""
    rows = [_row(fault, findings) for fault in catalogue.values()]
    tested = [row for row in rows if row[-1] in ("passed", "FAILED")]
    passed = sum(row[-1] == "passed" for row in tested)
    counts = (
        f"{when}: {passed} of {len(tested)} faults passed, {len(rows) - len(tested)} not run.\n"
    )
    lines = [_line(COLUMNS), _line("---" for _ in COLUMNS), *map(_line, rows)]
    return f"{HEAD}\n{counts}\n" + "\n".join(lines) + "\n"


def _row(fault: Fault, findings: Sequence[Finding]) -> tuple[str, ...]:
    own = [finding for finding in findings if fault.number in finding.numbers]
    tests = [finding for finding in own if not finding.control]
    controls = [finding for finding in own if finding.control]
    return (
        fault.number,
        fault.what,
        fault.outcome,
        _all(finding.how for finding in tests),
        _all(told for finding in tests for told in finding.caller),
        _all(told for finding in tests for told in finding.records),
        _all(told for finding in tests for told in finding.leaks),
        _all(f"without {finding.how}: {_result([finding])}" for finding in controls),
        _result(own) if tests else f"not run: {fault.later or 'not in this run'}",
    )


def _result(findings: Iterable[Finding]) -> str:
    return "passed" if all(finding.passed for finding in findings) else "FAILED"


def _all(told: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(told))


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
