"""Crash schedules: where the processes of a seed die, and running them in forks of this one.

This process must not use a store before it forks: threads of their drivers do not survive a fork.
"""

import importlib
import os
import pickle
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podrec_assets.pipelines.recommend.run_manifest import code_version
from podrec_assets_tests.chaos import oracle, planted
from podrec_assets_tests.chaos.injector import KILLED, MOMENTS, Injector, Kill
from podrec_assets_tests.chaos.steps import STEPS
from podrec_assets_tests.chaos.world import Ends, Services, World

MOST_CRASHES = 4
LONGEST_S = 600
"""A process that takes longer hangs and is killed; with load 17 on two cores some took 200 s."""
SHOWN = 1500
"""Characters of the end of a failed process's output."""
Calls = list[tuple[int, str]]
"""Step and name of each call to a store."""


@dataclass(frozen=True)
class Undisturbed:
    """A run without a crash.

    Attributes:
        outcome: what it made.
        worlds: the world before each step. A schedule starts from there.
        calls: its calls to stores.
        ends: ends of the topics after each day.
    """

    outcome: oracle.Outcome
    worlds: list[World]
    calls: Calls
    ends: list[Ends]


@dataclass
class Report:
    """How a schedule went: one line for each process, and what is not as it must be."""

    seed: int
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def warm_up() -> None:
    """Does once what every fork would do again: a tenth of a schedule's processor time."""
    code_version()
    importlib.import_module("implicit.als")


def run_undisturbed(services: Services, folder: Path) -> Undisturbed:
    """Runs all steps once.

    Raises:
        RuntimeError: something is wrong even without a crash.
    """
    world = World(services, folder / "undisturbed", "undisturbed")
    worlds = [World(services, folder / f"before-{n}", f"before_{n}") for n in range(len(STEPS))]

    def work() -> tuple:
        world.disk.mkdir(parents=True)
        injector = Injector(world.disk, world.folder / "calls")
        injector.install()
        ends = world.fill_topics()
        for number in range(len(STEPS)):
            world.copy_to(worlds[number])
            _run_step(number, world, "00000000", injector, ends)
        return oracle.outcome(world), ends, oracle.faults(world.connections)

    code, found = in_fork(work, folder)
    if code or found[-1]:
        raise RuntimeError(f"The undisturbed run failed: {found if code else found[-1]}")
    outcome, ends, _ = found
    return Undisturbed(outcome, worlds, _calls(world), ends)


def run_schedule(
    seed: int, services: Services, folder: Path, peace: Undisturbed, plant: str = ""
) -> Report:
    """Runs the steps with the crashes of a seed, and compares with the undisturbed run.

    Up to the step of the first crash nothing differs, so it begins with the world before that.
    """
    report, begun_at, chance = Report(seed), time.monotonic(), random.Random(seed)
    world = World(services, folder, str(seed))
    folder.mkdir()
    crashes = chance.randint(1, MOST_CRASHES)
    start, _ = peace.calls[_draw(chance, peace.calls, range(len(peace.calls)))]
    for number in range(crashes + 1):
        kill = _kill(chance, peace.calls, start, not number) if number < crashes else None
        process = _Process(world, peace, start, f"{seed:04d}{number:04d}", kill, plant)
        code, found = in_fork(process.run, folder)
        report.lines.append(process.told(code))
        if code != KILLED:
            report.faults = [f"exit code {code}: {found[-SHOWN:]}"] if code else found
            break
        dead, _ = _calls(world)[-1]
        start = chance.choice((dead, STEPS[dead].begin))
    if not report.faults:
        shutil.rmtree(folder)
    report.seconds = time.monotonic() - begun_at
    return report


def _kill(chance: random.Random, calls: Calls, start: int, is_first: bool) -> Kill:
    """Draws where a process that begins at a step dies.

    The first one dies in that step, the others half the time.
    """
    begin = next(n for n, (step, _) in enumerate(calls) if step >= start)
    reach: Sequence[int] = range(begin, len(calls))
    if is_first or chance.random() < 0.5:
        reach = [n for n in reach if calls[n][0] == calls[begin][0]]
    return Kill(_draw(chance, calls, reach) - begin + 1, chance.choice(MOMENTS))


def _draw(chance: random.Random, calls: Calls, reach: Sequence[int]) -> int:
    """Draws a store, and then one of its calls: a backup alone makes more than all others."""
    stores = [calls[n][1].split()[0] for n in reach]
    store = chance.choice(sorted(set(stores)))
    return chance.choice([n for n, s in zip(reach, stores, strict=True) if s == store])


@dataclass(frozen=True)
class _Process:
    """One process of a schedule: it runs the steps from `start` until it dies or all are done."""

    world: World
    peace: Undisturbed
    start: int
    run_id: str
    kill: Kill | None
    plant: str

    def run(self) -> list[str]:
        """Runs in a fork; returns what is wrong before or after it."""
        planted.BUGS[self.plant]()
        injector = Injector(self.world.disk, self.world.folder / "calls")
        injector.install()
        injector.ends = self.peace.ends[STEPS[self.start].day]
        if not self.world.disk.exists():
            self.peace.worlds[self.start].copy_to(self.world)
        elif faults := oracle.faults(self.world.connections, oracle.AT_ANY_TIME):
            return faults
        return self._run_steps(injector)

    def told(self, code: int) -> str:
        calls, begun = _calls(self.world), f"from {STEPS[self.start].name!r}"
        if code != KILLED or self.kill is None:
            return f"{begun}: {len(calls)} calls, exit code {code}"
        step, name = calls[-1]
        return f"{begun}: killed in {STEPS[step].name!r}, {self.kill.moment} {name}"

    def _run_steps(self, injector: Injector) -> list[str]:
        injector.kill = self.kill
        for number in range(self.start, len(STEPS)):
            _run_step(number, self.world, self.run_id, injector, self.peace.ends)
        found = oracle.outcome(self.world)
        faults = oracle.faults(self.world.connections)
        faults += oracle.differences(found, self.peace.outcome)
        if not faults:
            self.world.drop_database()
        return faults


def _run_step(number: int, world: World, run_id: str, injector: Injector, ends: list[Ends]) -> None:
    injector.step, injector.ends = number, ends[STEPS[number].day]
    injector.is_counting = True
    STEPS[number].run(world, run_id)
    injector.is_counting = False


def _calls(world: World) -> Calls:
    """Returns the calls to stores that the last process made."""
    lines = (line.split(" ", 1) for line in (world.folder / "calls").read_text().splitlines())
    return [(int(step), name) for step, name in lines]


def in_fork(work: Callable[[], Any], folder: Path) -> tuple[int, Any]:
    """Does the work in a fork of this process.

    Returns:
        The exit code, negative for a signal, and the result: what the work returned, or the output
        if it failed.
    """
    output, result = folder / "output", folder / "result"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(LONGEST_S)
            log = os.open(output, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
            os.dup2(log, 1)
            os.dup2(log, 2)
            result.write_bytes(pickle.dumps(work()))
            code = 0
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, output.read_text() if code else pickle.loads(result.read_bytes())
