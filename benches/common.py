"""What all benchmarks share: how a program is measured, how programs are compared, how tables are written."""

import json
import os
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
PAGE = os.path.join(ROOT, "docs", "performance.md")

# The longest that one run of one program may take.
TIME_LIMIT = 900


# --- One run -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What a program took from its start to its end: wall and processor seconds, peak resident MiB."""

    wall: float
    cpu: float
    peak: float


def run(command, accept=(0, 1), stdin=None):
    """Runs a command to its end, its output going nowhere."""
    starter = os.path.join(ROOT, "benches", "starter.py")
    done = subprocess.run([sys.executable, "-I", "-S", starter, stdin or os.devnull, *command],
                          stdout=subprocess.PIPE, timeout=TIME_LIMIT, check=True)
    code, wall, cpu, peak = json.loads(done.stdout)
    if code not in accept:
        sys.exit(f"{shlex.join(command)} ended with {code}")
    return Run(wall, cpu, peak)


# --- Programs against each other -----------------------------------------------------------------------------------


@dataclass
class Program:
    """A program that is compared: its name in the table, its command, the exit codes of a run that worked."""

    name: str
    command: list
    accept: tuple = (0, 1)
    stdin: str = None
    runs: list = field(default_factory=list)

    def run(self):
        return run(self.command, self.accept, self.stdin)


def in_turn(programs, rounds):
    """Runs the programs in turn, A B C A B C …, so that a machine that drifts drifts for all; the first round, which
    warms caches, does not count."""
    for number in range(rounds + 1):
        for program in programs:
            result = program.run()
            if number:
                program.runs.append(result)
    return programs


def median(runs, what):
    return statistics.median(getattr(one, what) for one in runs)


def ratios(program, ours, what="wall"):
    """What a program took, in times of what ours took in the same round, sorted."""
    return sorted(getattr(a, what) / max(getattr(b, what), 1e-9) for a, b in zip(program.runs, ours.runs))


# --- Tables --------------------------------------------------------------------------------------------------------


@dataclass
class Table:
    """A table with a title and, behind it, what is said of the bars."""

    title: str
    columns: list
    rows: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def text(self):
        widths = [max(len(row[i]) for row in [self.columns, *self.rows]) for i in range(len(self.columns))]
        lines = [self.title, ""]
        for row in [self.columns, *self.rows]:
            lines.append("  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))
            ).rstrip())
        return "\n".join([*lines, "", *self.notes, ""])

    def markdown(self):
        line = lambda cells: "| " + " | ".join(cells) + " |"
        rule = "|---|" + "---:|" * (len(self.columns) - 1)
        lines = [f"**{self.title}**", "", line(self.columns), rule, *map(line, self.rows)]
        return "\n".join([*lines, "", *(f"- {note}" for note in self.notes), ""] if self.notes else [*lines, ""])


COLUMNS = ["", "wall s", "CPU s", "peak MiB", "wall, times ours", "range", "memory, times ours"]


def seconds(value):
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 1 else f"{value:.2f}"


def comparison(title, programs, rounds):
    """Compares programs with the first of them, which is ours."""
    table = Table(title, COLUMNS)
    ours = in_turn(programs, rounds)[0]
    for program in programs:
        runs = program.runs
        row = [program.name, seconds(median(runs, "wall")), seconds(median(runs, "cpu")), f"{median(runs, 'peak'):.0f}"]
        if program is ours:
            row += ["1", "", "1"]
        else:
            wall = ratios(program, ours)
            row += [f"{statistics.median(wall):.2f}", f"{wall[0]:.2f} to {wall[-1]:.2f}"]
            row += [f"{statistics.median(ratios(program, ours, 'peak')):.1f}"]
        table.rows.append(row)
    return table


def bar(table, sentence, value, limit, at_least=True):
    """Notes whether a bar is met."""
    met = value >= limit if at_least else value <= limit
    table.notes.append(f"{sentence}: {value:.2f}, the bar is {limit:g}: {'met' if met else 'MISSED'}")


def write_page(part, tables, options):
    """Puts the tables of a part between its marks in docs/performance.md."""
    begin, end = f"<!-- measured: {part} -->", "<!-- end -->"
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    before, found, rest = text.partition(begin)
    if not found:
        sys.exit(f"there is no {begin} in docs/performance.md")
    _, _, after = rest.partition(end)
    body = "\n".join(table.markdown() for table in tables)
    how = f"Medians of {options.rounds} rounds on {machine()}." if options else f"By `benches/{part}.py`."
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n\n{how}\n\n{body}\n{end}{after}")


def machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} shared processors with {memory:.0f} GiB of memory"
