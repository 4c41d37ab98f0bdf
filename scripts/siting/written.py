"""Files and links that are changed only where they differ, and then in one piece."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

PUBLIC, FOLDER = 0o644, 0o755


def write(path: Path, text: str, mode: int = PUBLIC) -> None:
    """Whole or not at all: who reads meanwhile sees the old text or the new one."""
    if same(path, text, mode):
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    with replaced(path, mode) as out:
        os.fchmod(out.fileno(), mode)  # whatever the umask is
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    sync(path.parent)


@contextmanager
def replaced(path: Path, mode: int) -> Iterator[TextIO]:
    """A file that takes the place of `path` once it is written; one that fails does not."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as out:
        yield out
    part.replace(path)


def same(path: Path, text: str, mode: int = PUBLIC) -> bool:
    try:
        plain = not path.is_symlink() and path.stat().st_mode & 0o7777 == mode
        return plain and path.read_text(encoding="utf-8") == text
    except OSError:
        return False


def link(path: Path, target: str) -> None:
    """Point `path` to `target` in one step: there is no moment without a link."""
    if links_to(path, target):
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    part.replace(path)
    sync(path.parent)


def links_to(path: Path, target: str) -> bool:
    return path.is_symlink() and str(path.readlink()) == target


def sync(folder: Path) -> None:
    """A rename is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def folder(path: Path, mode: int, owner: tuple[int, int] | None = None) -> None:
    path.mkdir(parents=True, exist_ok=True, mode=mode)
    path.chmod(mode)
    if owner:
        os.chown(path, *owner)


def folder_is(path: Path, mode: int, owner: tuple[int, int] | None = None) -> bool:
    try:
        seen = path.lstat()
    except OSError:
        return False
    owned = owner is None or (seen.st_uid, seen.st_gid) == owner
    return path.is_dir() and seen.st_mode & 0o7777 == mode and owned
