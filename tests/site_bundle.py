"""A small bundle: a real checkout and lock, and one wheel that lends the packages of our own."""

import base64
import hashlib
import json
import platform
import subprocess
import sysconfig
import zipfile
from pathlib import Path

from scripts.siting.bundle import FORM, MANIFEST
from scripts.siting.bundling import INSTALL, SUMS, lock_of

ROOT = Path(__file__).parents[1]
SYSTEM_PYTHON = subprocess.run(
    ["bash", "-c", f". {ROOT}/scripts/lib/python.sh; find_python"],
    capture_output=True, text=True, check=True,
).stdout.strip()  # fmt: skip


def lent_wheel(folder: Path) -> Path:
    """Installing 25 packages takes long; this one names the folder where they are already."""
    files = {
        "lent.pth": sysconfig.get_path("purelib") + "\n",
        "lent-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: lent\nVersion: 1\n",
        "lent-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {name: hashlib.sha256(text.encode()).digest() for name, text in files.items()}
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(sum_).rstrip(b'=').decode()},{len(files[name])}\n"
        for name, sum_ in digests.items()
    ]
    files["lent-1.dist-info/RECORD"] = "".join([*rows, "lent-1.dist-info/RECORD,,\n"])
    wheel = folder / "lent-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def small_bundle(folder: Path, commit: str) -> Path:
    """An unpacked bundle that calls itself `commit` and holds what the work tree holds."""
    folder.mkdir(parents=True)
    (folder / "wheels").mkdir()
    lent_wheel(folder / "wheels")
    (folder / "requirements.lock").write_text(lock_of(folder / "wheels"))
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout
    there = b"\0".join(n for n in names.split(b"\0") if n and (ROOT / n.decode()).is_file())
    pack = ["tar", "-cf", str(folder / "checkout.tar"), "--null", "-T", "-"]
    subprocess.run(pack, cwd=ROOT, input=there, check=True)
    (folder / "sounds").mkdir()
    (folder / "sounds/lengths.json").write_text("{}")
    (folder / "packages.txt").write_text("python3\n")
    (folder / "install").write_text(INSTALL)
    said = {"form": FORM, "commit": commit, "machine": platform.machine()}
    asked = [SYSTEM_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    python = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    (folder / MANIFEST).write_text(json.dumps({**said, "python": python}))
    add_sums(folder)
    return folder


def add_sums(folder: Path) -> None:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != SUMS)
    lines = (
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder)}\n" for p in files
    )
    (folder / SUMS).write_text("".join(lines))


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Every path with what a change would show: mode, time, and content or target."""
    seen: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        at = path.lstat()
        content: object = None
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        when = None if path.name.endswith("-install") else at.st_mtime_ns
        seen[str(path.relative_to(root))] = (at.st_mode, when, content)
    return seen
