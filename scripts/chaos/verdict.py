"""What all the tests of one fault come to together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scripts.chaos.catalogue import Fault
from scripts.chaos.findings import Finding


@dataclass(frozen=True, slots=True)
class Row:
    """One fault. tests: with the protection; controls: without it; both by their tests' names."""

    fault: Fault
    tests: tuple[Finding, ...]
    controls: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Only with its controls: a check that was not seen to fail proves nothing."""
        return bool(self.controls) and all(one.passed for one in (*self.tests, *self.controls))

    @property
    def result(self) -> str:
        if not self.tests:
            return f"not run: {self.fault.later or 'not in this run'}"
        skipped = [one.skipped for one in (*self.tests, *self.controls) if one.skipped]
        if skipped and all(one.passed or one.skipped for one in (*self.tests, *self.controls)):
            return f"skipped: {skipped[0]}"
        if not self.controls and all(one.passed for one in self.tests):
            return "no control"
        return "passed" if self.passed else "FAILED"

    @property
    def caller(self) -> Sequence[str]:
        return _once(told for finding in self.tests for told in finding.caller)

    @property
    def records(self) -> Sequence[str]:
        return _once(told for finding in self.tests for told in finding.records)

    @property
    def leaks(self) -> Sequence[str]:
        return _once(told for finding in self.tests for told in finding.leaks)

    @property
    def lacks(self) -> Sequence[str]:
        """What nobody told of it, though it was run."""
        wanted = {
            "caller": self.caller,
            "records": self.records,
            "left over": self.leaks,
            "control": self.controls,
        }
        return [name for name, told in wanted.items() if not told]


def rows(catalogue: Mapping[str, Fault], findings: Sequence[Finding]) -> list[Row]:
    """Every fault, in the order of the catalogue."""
    return [_row(fault, findings) for fault in catalogue.values()]


def _row(fault: Fault, findings: Sequence[Finding]) -> Row:
    own = [finding for finding in findings if fault.number in finding.numbers]
    tests = tuple(finding for finding in own if not finding.control)
    return Row(fault, tests, tuple(finding for finding in own if finding.control))


def _once(told: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(told))
