"""Keeps Rust's panics off stderr: deltalake panics while it gives up a write to a full disk."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PANIC = b"panicked at"
_lock = threading.RLock()


@contextmanager
def hidden() -> Iterator[None]:
    """Holds back what is written to stderr meanwhile, and then drops it if it is a panic.

    The error itself is raised as usual. Panics are printed past Python, so only the descriptor can
    be redirected; it belongs to the whole process, so only one thread at a time comes here.
    """
    with _lock:
        try:
            real, held = os.dup(2), os.memfd_create("stderr")
        except (OSError, AttributeError):  # no stderr, or not Linux
            yield
            return
        os.dup2(held, 2)
        try:
            yield
        finally:
            os.dup2(real, 2)
            os.lseek(held, 0, os.SEEK_SET)
            text = b"".join(iter(lambda: os.read(held, 65_536), b""))
            if _PANIC not in text:
                os.write(2, text)
            os.close(held)
            os.close(real)
