"""`scripts/install`, once the bundle is unpacked: argparse, because nothing is installed yet."""

import argparse
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.siting import bundle, remove
from scripts.siting.chosen import check_asterisk, chosen
from scripts.siting.install import install_steps, roll_back_steps
from scripts.siting.places import NAME, Places
from scripts.siting.steps import InstallFailed, run, run_steps, tell
from scripts.siting.switch import before, serving


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/install",
        description="Install a release of Livelihood 110 on this Debian host. Safe to run again.",
        epilog="Nothing is started, stopped or enabled: the last lines say what to type.",
    )
    what = made.add_mutually_exclusive_group()
    what.add_argument("--bundle", metavar="FILE", help="a bundle of scripts/bundle: no network")
    what.add_argument("--roll-back", action="store_true", help="let the former release serve again")
    what.add_argument("--prune", action="store_true", help="remove all but the two last releases")
    what.add_argument("--uninstall", action="store_true", help="keeps records and settings")
    made.add_argument("--purge", action="store_true", help="with --uninstall: these too, for good")
    made.add_argument("--dry-run", action="store_true", help="change nothing, say what would be")
    made.add_argument("--root", default="/", metavar="DIR", help="install into DIR, as DESTDIR")
    made.add_argument(
        "--embedded-asterisk", action="store_true", help="bring Asterisk along, out of the bundle"
    )
    made.add_argument(
        "--into-asterisk", default="", metavar="DIR", help="put includes into an Asterisk's folder"
    )
    made.add_argument("--unpacked", type=Path, help=argparse.SUPPRESS)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    os.umask(0o022)
    places = Places(Path(options.root).resolve())
    try:
        if options.purge and not options.uninstall:
            raise InstallFailed("--purge goes with --uninstall only", "leave it out")
        if places.live and os.geteuid() and not options.dry_run:
            raise InstallFailed("only root may install on this host", "run it as root (sudo)")
        with _alone(places, dry=options.dry_run):
            _do(places, options)
    except InstallFailed as fault:
        tell(f"{NAME}: {fault}")
        tell(f"  serving: {serving(places) or 'nothing yet'}, as before")
        return 1
    return 0


def _do(places: Places, options: argparse.Namespace) -> None:
    if options.uninstall:
        remove.uninstall(places, purge=options.purge, dry=options.dry_run)
    elif options.prune:
        remove.prune(places, dry=options.dry_run)
    else:
        _install(places, options)


def _install(places: Places, options: argparse.Namespace) -> None:
    choice = chosen(places, embedded=options.embedded_asterisk, into=options.into_asterisk)
    if options.roll_back:
        steps = roll_back_steps(places, choice)
    else:
        found = bundle.read(options.unpacked)
        bundle.check_host(found)
        check_asterisk(places, choice)
        steps = install_steps(places, found, choice)
    done = run_steps(steps, dry=options.dry_run)
    if options.dry_run:
        tell("nothing was changed")
        return
    if done and places.live and Path("/run/systemd/system").is_dir():
        run(["systemctl", "daemon-reload"], "run `systemctl daemon-reload` by hand")
    tell(f"serving: {serving(places)}; the way back (--roll-back): {before(places) or 'none yet'}")
    if done:
        _say_next(first=before(places) is None)


def _say_next(*, first: bool) -> None:
    if first:
        tell(f"next: edit /etc/{NAME}/site.toml, run `l110 doctor`, then")
        tell("  systemctl enable --now l110.target")
        return
    tell("next: what runs is still the release before. This ends no call (who is in the menu just")
    tell("  then goes to the police):")
    tell("  systemctl restart l110-ivr l110-forward l110-watch l110-worker l110-keep")
    tell("  and, where the desk runs, l110-desk: its pages connect again by themselves.")
    tell("  In a quiet hour, because it ends live calls: systemctl restart l110-asterisk")


@contextmanager
def _alone(places: Places, *, dry: bool) -> Iterator[None]:
    """Two at once would build over each other."""
    if dry:
        yield
        return
    places.lock.parent.mkdir(parents=True, exist_ok=True)
    with places.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InstallFailed("another installation runs", "wait for its end") from None
        yield
