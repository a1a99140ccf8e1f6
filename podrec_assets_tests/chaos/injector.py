"""Kills this process at a chosen call to a store: before it, after it, or in the middle of it.

The calls are those of the drivers (deltalake, confluent_kafka, pymongo) and of the file system, so
no part of podrec knows of it. A process that is killed runs no `finally` and no `atexit`.
"""

import builtins
import functools
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlparse

import confluent_kafka
import deltalake
from deltalake.table import TableAlterer, TableMerger, TableOptimizer
from pymongo.collection import Collection

MOMENTS = ("before", "within", "after")
KILLED = 137
"""Exit code of a killed process, as a shell reports it after kill -9."""
DELTA = {
    deltalake.DeltaTable: ("delete", "vacuum"),
    TableMerger: ("execute",),
    TableOptimizer: ("compact",),
    TableAlterer: ("add_columns", "set_table_properties"),
}
MONGO = (
    "bulk_write", "create_index", "delete_many", "delete_one", "insert_many", "insert_one",
    "replace_one", "update_many", "update_one",
)  # fmt: skip
FILES = ("link", "mkdir", "remove", "rename", "replace", "rmdir", "symlink", "unlink")


@dataclass(frozen=True)
class Kill:
    """Death at one of the calls that a process makes, which count from 1."""

    call: int
    moment: str


@dataclass
class Injector:
    """Counts the calls to stores, and dies at one of them.

    Attributes:
        folder: only files under it count, except locks.
        log: file that gets the step and the name of each call.
        kill: where to die; None only counts.
        step: the step that is running.
        ends: where topics end, by topic and partition, as if the later records were not there yet.
        is_counting: whether calls count now; what a call itself calls is part of it.
    """

    folder: Path
    log: Path
    kill: Kill | None = None
    step: int = 0
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    is_counting: bool = False
    _count: int = field(default=0, init=False)
    _descriptor: int = field(default=-1, init=False)

    def install(self) -> None:
        """Replaces the drivers' calls in this process, for as long as it lives."""
        self._descriptor = os.open(self.log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        self._install_deltalake()
        for name in MONGO:
            within = _half_of_a_bulk if name == "bulk_write" else None
            self._replace(Collection, name, f"mongo {name}", lambda db, *_: db.name, within)
        self._install_kafka()
        for name in FILES:
            self._replace(os, name, f"file {name}", self._file_name)
        self._replace(shutil, "rmtree", "file rmtree", self._file_name, _half_of_a_tree)
        opened = self._opening(io.open)
        builtins.open = io.open = opened  # type: ignore[assignment]

    def _install_deltalake(self) -> None:
        write = self._wrapped(
            deltalake.write_deltalake, "delta write", lambda table, *_: _table(table).name, _no_log
        )
        _replace_imported(deltalake.write_deltalake, write)
        for owner, names in DELTA.items():
            for name in names:
                label = f"delta {owner.__name__}.{name}"
                self._replace(owner, name, label, lambda table, *_: _table(table).name, _no_log)

    def _install_kafka(self) -> None:
        injector = self

        class Consumer(confluent_kafka.Consumer):
            def assign(self, partitions: list) -> None:
                with injector._calling(f"kafka read {partitions[0].topic}"):
                    super().assign(partitions)

            def get_watermark_offsets(self, partition: Any, *args: Any, **kwargs: Any) -> Any:
                low, high = super().get_watermark_offsets(partition, *args, **kwargs)
                return low, injector.ends.get((partition.topic, partition.partition), high)

        _replace_imported(confluent_kafka.Consumer, Consumer)

    def _replace(self, owner: Any, name: str, *how: Any) -> None:
        setattr(owner, name, self._wrapped(getattr(owner, name), *how))

    def _wrapped(
        self,
        real: Callable,
        label: str,
        name_of: Callable[..., str | None],
        within: Callable | None = None,
    ) -> Callable:
        """Returns the call with deaths around it; `name_of` its arguments is None if exempt."""

        @functools.wraps(real)
        def call(*args: Any, **kwargs: Any) -> Any:
            name = name_of(*args) if self.is_counting else None
            if name is None:
                return real(*args, **kwargs)
            with self._calling(f"{label} {name}") as moment:
                if moment == "within" and within:
                    return within(real, *args, **kwargs)
                return real(*args, **kwargs)

        return call

    @contextmanager
    def _calling(self, name: str) -> Iterator[str | None]:
        """Wraps one call; yields the moment of death if it is this call's."""
        if not self.is_counting:
            yield None
            return
        moment = self._arrive(name)
        self.is_counting = False
        try:
            yield moment
        finally:
            self.is_counting = True
            # A call without a middle dies after it.
            if moment:
                die()

    def _arrive(self, name: str) -> str | None:
        self._count += 1
        os.write(self._descriptor, f"{self.step} {name}\n".encode())
        if self.kill is None or self.kill.call != self._count:
            return None
        if self.kill.moment == "before":
            die()
        return self.kill.moment

    def _opening(self, real: Callable[..., IO]) -> Callable[..., IO]:
        """Returns `open`, which may leave an empty file or one with half of what is written."""

        def opened(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> IO:
            is_write = self.is_counting and set(mode) & set("wax+")
            name = self._file_name(file) if is_write else None
            if name is None:
                return real(file, mode, *args, **kwargs)
            moment = self._arrive(f"file write {name}")
            handle = real(file, mode, *args, **kwargs)
            if moment == "after":
                die()
            if moment == "within":
                handle.write = functools.partial(_half_of_a_write, handle, handle.write)  # type: ignore[method-assign, assignment]
            return handle

        return opened

    def _file_name(self, path: Any, *_: Any, dir_fd: int | None = None, **__: Any) -> str | None:
        if isinstance(path, int) or dir_fd is not None:
            return None
        file = Path(os.fsdecode(path))
        if file.suffix == ".lock" or not file.is_relative_to(self.folder):
            return None
        return str(file.relative_to(self.folder))


def die() -> None:
    os._exit(KILLED)


def _replace_imported(real: Any, other: Any) -> None:
    """Replaces a function or class in every module of podrec that has imported it by name."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "podrec_assets":
            for key, value in list(vars(module).items()):
                if value is real:
                    setattr(module, key, other)


def _table(table: Any) -> Path:
    """Returns the folder of a table, given as a path, a table, or a builder of deltalake."""
    table = getattr(table, "table", table)  # a TableAlterer or TableOptimizer
    table = getattr(table, "_table", table)
    uri = table if isinstance(table, str) else table.table_uri
    uri = uri() if callable(uri) else uri
    return Path(unquote(urlparse(uri).path))


def _no_log(real: Callable, table: Any, *args: Any, **kwargs: Any) -> None:
    """The commit's files are written, its log entry is not."""
    log = _table(table) / "_delta_log"
    before = set(log.glob("*.json"))
    real(table, *args, **kwargs)
    for entry in set(log.glob("*.json")) - before:
        entry.unlink()


def _half_of_a_bulk(real: Callable, db: Collection, writes: list, **kwargs: Any) -> None:
    if half := writes[: len(writes) // 2]:
        real(db, half, **kwargs)


def _half_of_a_tree(real: Callable, folder: Any, *args: Any, **kwargs: Any) -> None:
    files = sorted(p for p in Path(folder).rglob("*") if p.is_file())
    for file in files[: len(files) // 2]:
        file.unlink()


def _half_of_a_write(handle: IO, real: Callable, data: Any) -> None:
    real(data[: len(data) // 2])
    handle.flush()
    die()
