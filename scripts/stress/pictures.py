"""Endurance and soak over time, as pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from reports.pictures import panels, write_svg
from scripts.stress.course import Event, Moment
from scripts.stress.soak import Sample

MARKS: Mapping[str, str] = {"bridge": "#999999", "store": "#D55E00", "Asterisk": "#0072B2"}
MEGABYTE = 1024  # kB


def draw_soak(title: str, samples: Sequence[Sample], file: Path) -> None:
    """Memory and open files of each process."""
    figure, (memory, files) = panels(title, 2, 1, inches=(10, 6))
    for name in dict.fromkeys(sample.process for sample in samples):
        own = [sample for sample in samples if sample.process == name]
        minutes = [sample.at_s / 60 for sample in own]
        memory.plot(minutes, [sample.memory_kb / MEGABYTE for sample in own], label=name)
        files.plot(minutes, [sample.files for sample in own], label=name)
    _labelled(memory, "resident memory, MB")
    _labelled(files, "open files")
    files.set_xlabel("minutes")
    memory.legend(fontsize=8)
    write_svg(figure, file)


def draw_endurance(
    title: str, moments: Sequence[Moment], events: Sequence[Event], rate: float, file: Path
) -> None:
    """Legs on record beside the calls that the plan has begun, and what waits in the journal."""
    figure, (legs, journal) = panels(title, 2, 1, inches=(10, 6))
    stored = [(m.at_s / 60, m.stored) for m in moments if m.stored is not None]
    waiting = [(m.at_s / 60, m.waiting) for m in moments if m.waiting is not None]
    lasts_min = max(m.at_s for m in moments) / 60
    most = max((count for _, count in stored), default=0)
    planned_min = min(lasts_min, most / rate / 60)
    planned = [0, planned_min * 60 * rate]
    legs.plot([0, planned_min], planned, ":", color="black", label="begun, if all keep pace")
    legs.plot(*zip(*stored, strict=True), ".", markersize=3, color="#009E73", label="on record")
    journal.plot(*zip(*waiting, strict=True), color="#CC79A7")
    for axes in (legs, journal):
        _marked(axes, events)
    _labelled(legs, "legs")
    _labelled(journal, "steps that wait in the journal")
    journal.set_xlabel("minutes")
    legs.legend(fontsize=8)
    write_svg(figure, file)


def _marked(axes: Axes, events: Sequence[Event]) -> None:
    """One line for each event, in the colour of whom it befell; each named once."""
    named: set[str] = set()
    for event in events:
        whom = next((name for name in MARKS if name in event.what), "")
        label = "" if whom in named else whom
        named.add(whom)
        axes.axvline(event.at_s / 60, color=MARKS.get(whom, "#000000"), lw=0.6, label=label)


def _labelled(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_ylim(bottom=0)
