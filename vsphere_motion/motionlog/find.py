"""Finds words in a buffer of bytes, as fast as this machine can.

Rules of this file: the C library's `memmem` where there is one, else `bytearray.find`, which takes about twice as long
for a migration ID; both give the same. The buffer's size never changes, so its address stays.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

Find = Callable[[bytes, int, int], int]
"""Where a word begins in the buffer from one position to another; -1 if it does not."""


def finder(buffer: bytearray, *, use_memmem: bool = True) -> Find:
    """A search in this buffer. It sees what the buffer holds when it is asked."""
    memmem = _memmem() if use_memmem else None
    if memmem is None or not buffer:
        return buffer.find
    # from_buffer keeps the buffer from being resized for as long as the search is held
    view = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    address, size = ctypes.addressof(view), len(buffer)

    def find(word: bytes, start: int, end: int) -> int:
        assert view is not None
        stop = min(end, size)
        found = memmem(address + start, stop - start, word, len(word)) if 0 <= start < stop else None
        return found - address if found else -1

    return find


def _memmem() -> Callable[[int, int, bytes, int], int | None] | None:
    """The C library's search; None where it has none, as on Windows."""
    try:
        function = ctypes.CDLL(None).memmem
    except (OSError, TypeError, AttributeError):
        return None
    function.restype = ctypes.c_void_p
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    return function
