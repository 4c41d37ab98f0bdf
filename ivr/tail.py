"""Files that another process appends to, cuts and moves away, as bytes from a known place."""

import glob
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

HEAD_BYTES: Final = 256
PACKED: Final = (".gz", ".xz", ".bz2", ".zst")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; `head` is a digest of what stands before it, at most 256 bytes of the
    beginning: inodes are reused, and a file that was cut may have grown past the place again."""

    inode: int
    offset: int
    head: str = ""


def head_of(file: BinaryIO, offset: int) -> str:
    """Digest of the beginning, as far as `offset` reaches."""
    file.seek(0)
    return hashlib.sha256(file.read(min(offset, HEAD_BYTES))).hexdigest()[:16] if offset else ""


def still_there(file: BinaryIO, position: Position) -> bool:
    """Whether the file is still the one that `position` was taken in (and not shorter)."""
    if os.fstat(file.fileno()).st_size < position.offset:
        return False
    return head_of(file, position.offset) == position.head


def generations(path: Path) -> list[Path]:
    """The rotated forms of a file, the one written longest ago first, and then the file itself."""
    known: list[tuple[bool, int, Path]] = []
    for candidate in path.parent.glob(f"{glob.escape(path.name)}*"):
        with suppress(FileNotFoundError):
            if candidate.suffix not in PACKED and candidate.is_file():
                known.append((candidate == path, candidate.stat().st_mtime_ns, candidate))
    return [candidate for _, _, candidate in sorted(known)]


def open_from(path: Path, position: Position | None, held: BinaryIO | None) -> list[BinaryIO]:
    """Every generation that may hold what follows `position`, oldest first; the caller closes.

    The one that `position` was taken in comes first: found by inode, or by its beginning where
    it was copied and cut, or it is `held` open although it was moved out of sight. Nothing
    known: all of them, because a replay changes nothing.
    """
    files = [file for name in generations(path) if (file := _opened(name))]
    if position is None:
        return files
    start = _find(files, position)
    if start is not None:
        return _keep(files, start)
    if held and still_there(held, position):
        newer = [file for file in files if _written(file) >= _written(held)]
        return [os.fdopen(os.dup(held.fileno()), "rb"), *_keep(files, len(files) - len(newer))]
    return files


def _opened(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:  # moved between the look and the opening
        return None


def _keep(files: list[BinaryIO], start: int) -> list[BinaryIO]:
    for file in files[:start]:
        file.close()
    return files[start:]


def _written(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_mtime_ns


def _find(files: list[BinaryIO], position: Position) -> int | None:
    matches: list[tuple[bool, int]] = []
    for index, file in enumerate(files):
        same_inode = os.fstat(file.fileno()).st_ino == position.inode
        if (same_inode or position.offset) and still_there(file, position):
            matches.append((not same_inode, index))
    return min(matches)[1] if matches else None
