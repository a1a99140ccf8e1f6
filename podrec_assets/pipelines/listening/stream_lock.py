"""The lock of `podrec stream`: while a process holds it, nothing else requests landings."""

from filelock import FileLock, Timeout

from podrec_assets.stores.delta import Lake


def stream_lock(lake: Lake) -> FileLock:
    """Returns the lock that `podrec stream` holds while it lands events."""
    lake.lock_folder.mkdir(parents=True, exist_ok=True)
    return FileLock(lake.lock_folder / "stream.lock", timeout=0)


def is_streaming(lake: Lake) -> bool:
    """Whether a process streams into the lake; then no landing has to be requested."""
    try:
        with stream_lock(lake):
            return False
    except Timeout:
        return True
