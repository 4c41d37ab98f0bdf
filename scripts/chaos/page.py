"""docs/reliability.md: a short table of what the run saw, then each fault with all of it."""

from collections.abc import Iterable, Mapping, Sequence

from scripts.chaos.catalogue import Fault
from scripts.chaos.findings import Finding
from scripts.chaos.verdict import Row, rows

HEAD = """\
# What each fault came to

Made by `scripts/l110 chaos run --write`; do not edit. One alone: `l110 chaos run --only 29`.

- **POL**: a police seat rings within 3 s of the fault, or within the menu's length and 3 s where it
  had begun.
- **R1**: one record of the call, with its reason.
- **Left over**: no channel outlives its caller, no process holds more files or memory than before.
  The number of open files stands behind each process.
- **Control**: the same test with the protection, or the fault, taken out. It must come to something
  else, and is counted as passed when it did.

What the fuzzing came to: [performance.md](performance.md#hostile-bytes).
"""
SHORT = ("#", "fault", "result", "what the caller noticed")
NOT_RUN = ("#", "fault", "why")


def page(catalogue: Mapping[str, Fault], findings: Sequence[Finding], when: str) -> str:
    """Markdown. Faults without a finding are told with their reason, or as not run."""
    all_rows = rows(catalogue, findings)
    run = [row for row in all_rows if row.tests]
    left = [row for row in all_rows if not row.tests]
    parts = [HEAD, _counts(run, left, when), *_table(SHORT, map(_short, run))]
    if left:
        parts += ["\n## Not run\n", *_table(NOT_RUN, map(_not_run, left))]
    if run:
        parts += ["\n## What was seen", *map(_details, run)]
    return "\n".join(parts) + "\n"


def _counts(run: Sequence[Row], left: Sequence[Row], when: str) -> str:
    passed = sum(row.passed for row in run)
    lines = [f"{when}: {passed} of {len(run)} faults passed, {len(left)} not run."]
    if failed := [f"{_link(row)} ({row.result})" for row in run if not row.passed]:
        lines.append(f"**Not passed: {', '.join(failed)}.**")
    if lacking := [f"{_link(row)} ({', '.join(row.lacks)})" for row in run if row.lacks]:
        lines.append(f"Not told: {', '.join(lacking)}.")
    return "\n\n".join(lines) + "\n"


def _short(row: Row) -> Sequence[str]:
    first, *more = row.caller or ("",)
    return (_link(row), row.fault.what, row.result, f"{first} …" if more else first)


def _not_run(row: Row) -> Sequence[str]:
    return (row.fault.number, row.fault.what, row.fault.later or "not in this run")


def _details(row: Row) -> str:
    controls = [f"without {finding.how}: {_one(finding)}" for finding in row.controls]
    told = (
        ("must come to", [row.fault.outcome]),
        ("injected", [finding.how for finding in row.tests]),
        ("the caller", row.caller),
        ("records", row.records),
        ("left over", row.leaks),
        ("controls", controls),
    )
    lines = [f"\n### {row.fault.number}\n", f"**{row.fault.what}**: {row.result}\n"]
    return "\n".join([*lines, *(_point(name, list(dict.fromkeys(said))) for name, said in told)])


def _one(control: Finding) -> str:
    """How a control ended, and what was seen where the protection was out."""
    seen = "; ".join(dict.fromkeys((*control.caller, *control.records, *control.leaks)))
    result = "passed" if control.passed else "FAILED"
    return f"{result} ({seen})" if seen else result


def _point(name: str, said: Sequence[str]) -> str:
    if not said:
        return f"- {name}: nothing told"
    if len(said) == 1:
        return f"- {name}: {_plain(said[0])}"
    return "\n".join([f"- {name}:", *(f"  - {_plain(one)}" for one in said)])


def _link(row: Row) -> str:
    return f"[{row.fault.number}](#{row.fault.number.lower()})"


def _table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _line(columns)
    yield _line(["---"] * len(columns))
    yield from map(_line, lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in cells) + " |"


def _plain(told: str) -> str:
    """On one line, and nothing in it is a tag."""
    return " ".join(told.split()).replace("<", "&lt;")
