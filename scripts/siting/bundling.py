"""`scripts/bundle`: all that a site without internet needs, in one archive."""

import argparse
import gzip
import hashlib
import json
import platform
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.siting.bundle import FORM, MANIFEST
from scripts.siting.places import NAME
from scripts.siting.steps import InstallFailed, run, tell

CHECKOUT = Path(__file__).resolve().parents[2]
SUMS = "SHA256SUMS"
# What a bare Debian 12 lacks to run us; --debs brings these and all that they need.
DEBIAN_PACKAGES = ("python3", "python3-venv")
ONLINE = "see whether this machine reaches its package index, then run it again"
SET_UP = "run scripts/setup in this checkout first"
INSTALL = """\
#!/bin/sh
# Installs what lies beside this file. It needs no network: ./install --help
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/l110-install.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
(cd "$here" && sha256sum --quiet --strict -c SHA256SUMS) ||
    { echo "this bundle is damaged: copy it again" >&2; exit 1; }
tar --no-same-owner -xf "$here/checkout.tar" -C "$scratch"
"$scratch/scripts/install" --bundle "$here" "$@"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        made = make(options.output, embedded=options.embedded_asterisk, debs=options.debs)
    except InstallFailed as fault:
        tell(f"{NAME}: {fault}")
        return 1
    tell(f"{made}: {made.stat().st_size / 1e6:.0f} MB")
    tell("tell the site this sum by another way than the file itself:")
    print(f"{_sha256(made)}  {made.name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/bundle",
        description="Pack the commit that is checked out, with all that a site needs without a "
        "network: program, Python packages, prompts. Changes that are not committed stay out.",
    )
    made.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="where to put it")
    made.add_argument(
        "--embedded-asterisk", action="store_true", help="with the Asterisk of scripts/setup"
    )
    made.add_argument(
        "--debs", action="store_true", help="with Debian packages of this machine's release"
    )
    return made


def make(output: Path, *, embedded: bool, debs: bool) -> Path:
    """The archive. Raises InstallFailed."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    name = f"{NAME}-{commit}"
    at = int(_git("show", "-s", "--format=%ct", "HEAD"))
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".bundle-") as scratch:
        folder = Path(scratch) / name
        folder.mkdir()
        _fill(folder, embedded=embedded, debs=debs)
        _describe(folder, commit, at, embedded=embedded, debs=debs)
        part = Path(scratch) / "part"
        tell("packing ...")
        pack(folder, part, at)
        return part.replace(output / f"{name}.tar.gz")


def _fill(folder: Path, *, embedded: bool, debs: bool) -> None:
    tell("program ...")
    _git("archive", "--format=tar", f"--output={folder / 'checkout.tar'}", "HEAD")
    tell("Python packages ...")
    wheels(CHECKOUT / "requirements/runtime.lock", folder / "wheels")
    (folder / "requirements.lock").write_text(lock_of(folder / "wheels"))
    tell("prompts ...")
    sounds = CHECKOUT / "var/sounds"
    if not (sounds / "lengths.json").is_file():
        raise InstallFailed("the prompts are not spoken yet", SET_UP)
    shutil.copytree(sounds, folder / "sounds")
    if embedded:
        _asterisk(folder)
    (folder / "packages.txt").write_text("".join(f"{name}\n" for name in DEBIAN_PACKAGES))
    if debs:
        tell("Debian packages ...")
        _debs(folder / "debs")
    script = folder / "install"
    script.write_text(INSTALL)
    script.chmod(0o755)


def wheels(lock: Path, target: Path) -> None:
    """Every file is compared with the lock before it is kept, or built from what was."""
    locked = ["--no-deps", "--require-hashes", "-r", lock]
    run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-input", *locked, "-w", target],
        ONLINE,
    )


def lock_of(wheels: Path) -> str:
    """A lock of exactly these files: a wheel that was built here has no hash in our own lock."""
    lines = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, version = wheel.name.split("-")[:2]
        lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{_sha256(wheel)}\n")
    return "".join(lines)


def _asterisk(folder: Path) -> None:
    tell("Asterisk ...")
    home = CHECKOUT / "var/asterisk"
    if not (home / "bin/asterisk").is_file():
        raise InstallFailed("no Asterisk was extracted below var/asterisk", SET_UP)
    run(["tar", "-cf", folder / "asterisk.tar", "-C", home, "bin", "dist"], "free space, see df -h")


def _debs(target: Path) -> None:
    """With all that they need: reckoned against a host on which nothing is installed."""
    partial = target / "partial"
    partial.mkdir(parents=True)
    none = target / "status"
    none.touch()
    where = [f"Dir::Cache::archives={target}", f"Dir::State::status={none}", "Debug::NoLocking=1"]
    options = [word for name in where for word in ("-o", name)]
    plain = ["--yes", "--quiet", "--no-install-recommends", "--download-only"]
    run(["apt-get", *options, *plain, "install", *DEBIAN_PACKAGES], "as root: apt-get update")
    none.unlink()
    shutil.rmtree(partial)
    for lock in target.glob("lock"):
        lock.unlink()


def _describe(folder: Path, commit: str, at: int, *, embedded: bool, debs: bool) -> None:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    said = {
        "form": FORM,
        "commit": commit,
        "committed_at": datetime.fromtimestamp(at, UTC).isoformat(),
        "python": python,
        "machine": platform.machine(),
        "embedded_asterisk": embedded,
        "debs": debs,
        "packages": sorted(path.name for path in (folder / "wheels").iterdir()),
    }
    (folder / MANIFEST).write_text(json.dumps(said, indent=1) + "\n")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = (f"{_sha256(path)}  {path.relative_to(folder)}\n" for path in files)
    (folder / SUMS).write_text("".join(sums))


def pack(folder: Path, target: Path, at: int) -> None:
    """The same files make the same bytes, whoever packs them and when."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = at
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=at) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        archive.add(folder, folder.name, filter=plain)


def _git(*words: str) -> str:
    return run(["git", "-C", CHECKOUT, *words], "run it in a git checkout of the release").strip()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
