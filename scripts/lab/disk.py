"""The disk under SQLite, watched: every write, cut and sync of the library that `sqlite3` uses.

A VFS of SQLite's own kind in front of the usual one, for files below one folder. The code under
test is untouched: it calls sqlite3.connect as ever.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, Protocol

OK = 0
CREATE, NEW_ENTRY = 0x4, 0x800 | 0x80000  # a rollback journal or a WAL syncs its folder, too

OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
CLOSE = CFUNCTYPE(c_int, c_void_p)
WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
SYNC = CFUNCTYPE(c_int, c_void_p, c_int)


class NoDoor(RuntimeError):
    """This Python has SQLite built in, where nothing can be put in front of its disk."""


class _Vfs(Structure):
    _fields_ = [
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        *((f"other{n}", c_void_p) for n in range(14)),
    ]


class _Methods(Structure):
    _fields_ = [
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        *((f"other{n}", c_void_p) for n in range(13)),
    ]


class Watcher(Protocol):
    """Told before an act (a number is SQLite's error: the act is not done) and after it."""

    def before(self, act: str, path: str) -> int: ...
    def opened(self, path: str, *, created: bool) -> None: ...
    def written(self, path: str, offset: int, data: bytes) -> None: ...
    def truncated(self, path: str, size: int) -> None: ...
    def synced(self, path: str, begun: int, *, with_folder: bool) -> None: ...
    def deleted(self, path: str, *, with_folder: bool) -> None: ...
    def moment(self) -> int: ...


class _Door:
    """The VFS itself. Whatever it makes is kept as long as it lives: C holds pointers to it."""

    def __init__(self, root: Path, watcher: Watcher) -> None:
        self.root, self.watcher = str(root), watcher
        self.files: dict[int, tuple[str, bool]] = {}  # by address; whether its folder is to sync
        self.methods: dict[int, _Methods] = {}
        self.library = _library()
        self.before = self.library.sqlite3_vfs_find(None)
        usual = _Vfs.from_address(self.before)
        self.usual_open = OPEN(usual.open)
        self.usual_delete = DELETE(usual.delete)
        self.calls: list[Any] = [OPEN(self.open), DELETE(self.delete)]
        self.vfs = _Vfs.from_buffer_copy(usual)
        self.vfs.next, self.vfs.name = None, b"l110-watched"
        self.vfs.open, self.vfs.delete = (_address(call) for call in self.calls)

    def open(self, _vfs: int, name: int | None, file: int, flags: int, out: Any) -> int:  # noqa: ANN401
        path = ctypes.string_at(name).decode() if name else ""
        ours = path.startswith(self.root)
        created = ours and flags & CREATE != 0 and not Path(path).exists()
        if ours and (refused := self.watcher.before("open", path)):
            return refused
        answer: int = self.usual_open(self.before, name, file, flags, out)
        if answer == OK and ours:
            self.files[file] = (path, created and flags & NEW_ENTRY != 0)
            self.watcher.opened(path, created=created)
            pointer = c_void_p.from_address(file)
            pointer.value = ctypes.addressof(self.watched(pointer.value or 0))
        return answer

    def watched(self, methods: int) -> _Methods:
        """The usual methods of a file, with ours in the place of four."""
        if methods not in self.methods:
            usual = _Methods.from_address(methods)
            mine = _Methods.from_buffer_copy(usual)
            calls = (
                CLOSE(lambda file: self.close(CLOSE(usual.close), file)),
                WRITE(lambda *told: self.write(WRITE(usual.write), *told)),
                TRUNCATE(lambda *told: self.truncate(TRUNCATE(usual.truncate), *told)),
                SYNC(lambda *told: self.sync(SYNC(usual.sync), *told)),
            )
            self.calls += calls
            mine.close, mine.write, mine.truncate, mine.sync = map(_address, calls)
            self.methods[methods] = mine
        return self.methods[methods]

    def close(self, usual: Callable[[int], int], file: int) -> int:
        self.files.pop(file, None)
        return usual(file)

    def write(self, usual: Callable[..., int], file: int, data: int, size: int, at: int) -> int:
        path, _ = self.files[file]
        if refused := self.watcher.before("write", path):
            return refused
        answer = usual(file, data, size, at)
        if answer == OK:
            self.watcher.written(path, at, ctypes.string_at(data, size))
        return answer

    def truncate(self, usual: Callable[..., int], file: int, size: int) -> int:
        path, _ = self.files[file]
        answer = usual(file, size)
        if answer == OK:
            self.watcher.truncated(path, size)
        return answer

    def sync(self, usual: Callable[..., int], file: int, flags: int) -> int:
        path, with_folder = self.files[file]
        begun = self.watcher.moment()
        if refused := self.watcher.before("sync", path):
            return refused
        answer = usual(file, flags)
        if answer == OK:
            self.watcher.synced(path, begun, with_folder=with_folder)
            self.files[file] = (path, False)
        return answer

    def delete(self, _vfs: int, name: bytes, with_folder: int) -> int:
        answer: int = self.usual_delete(self.before, name, with_folder)
        if answer == OK and name.decode().startswith(self.root):
            self.watcher.deleted(name.decode(), with_folder=with_folder != 0)
        return answer


def _library() -> ctypes.CDLL:
    """The one that is loaded already: a second copy would watch nothing."""
    maps = Path("/proc/self/maps").read_text()
    loaded = [line.split()[-1] for line in maps.splitlines() if "libsqlite3.so" in line]
    if not loaded:
        raise NoDoor
    library = ctypes.CDLL(loaded[0])
    library.sqlite3_vfs_find.restype = c_void_p
    library.sqlite3_vfs_find.argtypes = [c_char_p]
    library.sqlite3_vfs_register.argtypes = [c_void_p, c_int]
    return library


def _address(call: Any) -> int:  # noqa: ANN401
    return ctypes.cast(call, c_void_p).value or 0


@contextmanager
def watched_disk(root: Path, watcher: Watcher) -> Iterator[None]:
    """Every database below `root` that is opened inside is watched; close them inside, too.

    Raises NoDoor.
    """
    import sqlite3  # noqa: F401  loads the library

    door = _Door(root, watcher)
    door.library.sqlite3_vfs_register(ctypes.byref(door.vfs), 1)
    try:
        yield
    finally:
        door.library.sqlite3_vfs_register(door.before, 1)
        door.library.sqlite3_vfs_unregister(ctypes.byref(door.vfs))
