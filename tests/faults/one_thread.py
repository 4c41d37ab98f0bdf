"""Stops one thread of a process and lets the others run, as a debugger would. Source: ptrace(2)."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000  # waitpid: also for threads


@contextmanager
def stopped(thread: int) -> Iterator[None]:
    """`thread` is the kernel's id. Raises OSError: we may not."""
    _ptrace(SEIZE, thread)
    try:
        _ptrace(INTERRUPT, thread)
        os.waitpid(thread, WALL)
        yield
    finally:
        _ptrace(DETACH, thread)


def _ptrace(request: int, thread: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    nothing = ctypes.c_void_p(0)
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(thread), nothing, nothing) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
