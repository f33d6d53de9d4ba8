"""Whether the cost of each document, container, comment … is the same however many there are."""

import os

import manifests
from common import Table, bar, median, run, seconds

# What is run on each file, in the order in which `manifests.SHAPES` says how far.
COMMANDS = (
    ("check -q", ["check", "-q"]),
    ("harden -o plan", ["harden", "-o", "plan"]),
)


def sizes(most):
    """Tenths of tenths of the most, as far as they are worth to be measured."""
    found = [most]
    while found[0] >= 800:
        found.insert(0, found[0] // 10)
    return found


def measure(options, folder):
    return [grown(options, folder, *command, which) for which, command in enumerate(COMMANDS)]


def grown(options, folder, title, arguments, which):
    table = Table(
        f"{title}: cost of each, however many there are",
        [f"`{title}` of one file", "how many", "MB", "wall s", "CPU s", "CPU µs each", "peak MiB"],
    )
    command = [options.binary, *arguments, "-f"]
    empty = os.path.join(folder, "one.yaml")
    manifests.grown(empty, "documents", 1)
    start = median([run([*command, empty]) for _ in range(20)], "cpu")
    for shape, (_, *most) in manifests.SHAPES.items():
        costs = [one(options, folder, table, command, shape, count, start) for count in sizes(most[which])]
        # The smallest files take little more than a start does, so their cost is mostly noise.
        bar(table, f"{shape}: cost at the most / cost at a tenth of that", costs[-1] / max(costs[-2], 1e-9), 1.5, False)
    return table


def one(options, folder, table, command, shape, count, start):
    path = manifests.grown(os.path.join(folder, "grown.yaml"), shape, count)
    runs = [run([*command, path]) for _ in range(options.rounds)]
    wall, cpu, peak = (median(runs, what) for what in ("wall", "cpu", "peak"))
    each = max(cpu - start, 0) / count * 1e6
    size = os.path.getsize(path) / 1e6
    os.remove(path)
    table.rows.append([shape, f"{count:,}", f"{size:.1f}", seconds(wall), seconds(cpu), f"{each:.2f}", f"{peak:.0f}"])
    return each
