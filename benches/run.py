#!/usr/bin/env python3
"""Measures kubectl-secctx against other programs in the same run, and prints tables.

    benches/run.py [PART …] [--binary FILE] [--rounds 5] [--markdown]

The parts are `files` (10,000 documents, 2,000 files, one file), `real` (files as real ones are, or those of --corpus;
also by the scanners that are on PATH), `flat` (cost per document, container, comment … from few to many) and `cluster`
(an API server with 10,000 and 50,000 pods). All programs of a table run in turn, A B C A B C …, so that a machine that
drifts drifts for all; figures are medians, and ratios are those of programs of the same round. --markdown puts the
tables into docs/performance.md, which says what is compared and why.

Needs Python 3.9, Go, and for `cluster` curl and the programs that `cargo test --test it live` builds.
"""

import argparse
import os
import subprocess
import tempfile

import files
import flat
import live
from common import ROOT, TARGET, machine, write_page

PARTS = {"files": files.measure, "real": files.measure_real, "flat": flat.measure, "cluster": live.measure}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all where none is named")
    parser.add_argument("--binary", help="a release build; built where none is named")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--documents", type=int, default=10_000, help="of the big file")
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--corpus", help="a folder of manifests for the part `real`")
    parser.add_argument("--pods", type=int, default=50_000, help="the most to make in a cluster")
    parser.add_argument("--kubeconfig", help="of a cluster to measure on as it is: JSON, with one user with a token")
    parser.add_argument("--markdown", action="store_true", help="write the tables into docs/performance.md")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def main():
    options = arguments()
    if options.binary is None:
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
        options.binary = os.path.join(TARGET, "release", "kubectl-secctx")
    print(f"{machine()}, medians of {options.rounds} rounds\n", flush=True)
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            tables = PARTS[part](options, folder)
        for table in tables:
            print(table.text(), flush=True)
        if options.markdown:
            write_page(part, tables, options)


if __name__ == "__main__":
    main()
