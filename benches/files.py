"""How fast manifests are judged: many documents in one file, many files, one file; files as real ones are."""

import os

import manifests
import peers
from common import Program, bar, comparison, median, ratios


def check(options, name, *arguments):
    return Program(f"check {name}".strip(), [options.binary, "check", *name.split(), *arguments])


def find(programs, name):
    return next((program for program in programs if program.name == name), None)


def measure(options, folder):
    return [one_big_file(options, folder), many_files(options, folder), one_file(options, folder)]


def one_big_file(options, folder):
    count = options.documents
    file = manifests.deployments(os.path.join(folder, "big.yaml"), count)
    outputs = ("-o json", "-q", "-o name", "-o table", "-o sarif")
    programs = [check(options, output, "-f", file) for output in outputs]
    programs += [peers.reference(file), peers.psa_checker_steps(file)]
    programs += [program for program in peers.scanners(file) if program.name == "psa-checker"]
    table = comparison(f"{count:,} documents in one file of {os.path.getsize(file) / 1e6:.1f} MB", programs, options.rounds)
    for output in outputs[:2]:
        ours = find(programs, f"check {output}")
        for name, limit in (("reference program", 15), ("the steps of psa-checker", 40), ("psa-checker", 40)):
            if peer := find(programs, name):
                bar(table, f"{name} / check {output}, wall", median_ratio(peer, ours), limit)
        bar(table, f"peak of check {output}, MiB", median(ours.runs, "peak"), 60, at_least=False)
    return table


def many_files(options, folder):
    paths = manifests.folder_of_deployments(os.path.join(folder, "many"), options.files)
    programs = [check(options, output, "-f", os.path.join(folder, "many")) for output in ("-o json", "-q")]
    programs += [peers.reference(*paths)]
    return comparison(f"{options.files:,} files of one document each", programs, options.rounds)


def one_file(options, folder):
    file = manifests.deployments(os.path.join(folder, "one.yaml"), 1)
    programs = [check(options, output, "-f", file) for output in ("-o table", "-q")]
    programs += [Program("--version", [options.binary, "--version"]), peers.reference(file)]
    table = comparison("One file of one document", programs, max(30, options.rounds))
    bar(table, "check of one file, ms", median(programs[0].runs, "wall") * 1000, 8, at_least=False)
    return table


def median_ratio(peer, ours):
    both = ratios(peer, ours)
    return both[len(both) // 2]


# --- As real ones are ----------------------------------------------------------------------------------------------


def joined(path, files):
    """All files in one: several scanners read one file at a time."""
    with open(path, "wb") as out:
        for file in files:
            with open(file, "rb") as part:
                text = part.read()
            out.write(text + (b"" if text.endswith(b"\n") else b"\n") + b"---\n")
    return path


def manifests_below(folder):
    found = (os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if path.endswith((".yaml", ".yml")))


def measure_real(options, folder):
    files = manifests_below(options.corpus) if options.corpus else manifests.real_folder(os.path.join(folder, "real"), 400)
    source = options.corpus or os.path.join(folder, "real")
    size = sum(map(os.path.getsize, files)) / 1e6
    accept = (0, 1, 2)
    ours = Program("check -o json", [options.binary, "check", "-R", "-f", source, "-o", "json"], accept)
    harden = Program("harden, a plan and a diff", [options.binary, "harden", "-R", "-f", source], accept)
    what = "real files" if options.corpus else "files as real ones are"
    tables = [comparison(f"{len(files)} {what}, {size:.1f} MB", [ours, harden, peers.reference(*files)], options.rounds)]
    file = joined(os.path.join(folder, "joined.yaml"), files)
    found = peers.scanners(file)
    if found:
        ours = Program("check -o json", [options.binary, "check", "-f", file, "-o", "json"], accept)
        tables.append(comparison("The same in one file, by scanners", [ours, *found], options.rounds))
    tables[-1].notes.append(f"Not on PATH, so not measured: {', '.join(peers.absent()) or 'none'}.")
    return tables
