#!/usr/bin/env python3
"""Compares what `harden` makes of manifests with what other autofixers make of them.

    benches/autofix.py [--corpus DIR] [--binary FILE] [--verbose] [--markdown]

Every file that holds a pod template, of a folder or of our own examples and test data, is copied for each tool, and the
tool is let loose on the copy. The referee is not ours: tests/reference reads both with kubectl's own code and judges both
with `k8s.io/pod-security-admission`. kubeaudit and polaris are measured where they are on PATH. Per tool it tells

- how many templates are at restricted, of those that edits of fields can bring there: a hostPath or another forbidden
  volume has to be replaced by something that no tool can know;
- files that can no longer be read, and files that lost or gained a document or a template;
- files with a difference outside of the fields that Pod Security looks at;
- comments that are gone;
- unrelated lines that were removed or written otherwise.
"""

import argparse
import collections
import difflib
import json
import os
import re
import shutil
import subprocess
import tempfile

from common import ROOT, TARGET, Table, write_page
from files import manifests_below
from peers import go_program

# Fields that Pod Security looks at, what belongs to repairing them, and what other security tools set beside them.
SECURITY = {
    "securityContext", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "hostPort", "volumes", "volumeMounts", "host",
    "dnsPolicy", "annotations", "automountServiceAccountToken", "shareProcessNamespace",
}
# What stands in the reference's text where a field cannot be edited away: a volume.
VOLUMES = ("hostPath volumes", "restricted volume types")
TIME_LIMIT = 60

TOOLS = {
    "kubectl secctx harden": ["{binary}", "harden", "-f", "{file}", "--write", "--yes"],
    "kubeaudit autofix": ["kubeaudit", "autofix", "-f", "{file}"],
    "polaris fix": ["polaris", "fix", "--checks=all", "--files-path", "{file}"],
}


# --- The referee ---------------------------------------------------------------------------------------------------


class Referee:
    def __init__(self):
        self.program = go_program("tests/reference", "reference")

    def lines(self, *arguments):
        done = subprocess.run([self.program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def templates(self, file):
        """The templates of a file, each with the text of the refusal by restricted, empty for none."""
        return [line.get("text", "") for line in self.lines("judge", file) if line["level"] == "restricted"]

    def documents(self, file):
        """The documents of a file as kubectl reads them, without empty ones; None where one cannot be read."""
        for reading in self.lines("yaml", file):
            if reading["stopped"] is None and not reading["ended"]:
                return [one["json"] for one in reading["documents"] if "json" in one and one["json"] is not None]
        return None


def can_be_reached(text):
    return not any(volume in text for volume in VOLUMES)


# --- What a tool did to a file -------------------------------------------------------------------------------------


def without_security(value):
    """A value without the fields that a repair may change, and without what is empty then."""
    if isinstance(value, dict):
        kept = {key: without_security(inner) for key, inner in value.items() if key not in SECURITY}
        return {key: inner for key, inner in kept.items() if inner not in ({}, None)}
    if isinstance(value, list):
        return [without_security(inner) for inner in value]
    return value


def lines_of(file):
    with open(file, encoding="utf-8", errors="replace") as text:
        return text.read().splitlines()


def comments(lines):
    """The comments of a text. A `#` in quotes or in a block of text is mostly none, but it counts before and after."""
    found = collections.Counter()
    for line in lines:
        if line.lstrip().startswith("#"):
            found[line.strip()] += 1
        elif (at := re.search(r"\s#\s?[^'\"]*$", line)) and line[:at.start()].strip():
            found[at.group().strip()] += 1
    return found


def keys_above(lines):
    """For each line the keys that it stands under, by its indentation, and its own."""
    stack, result = [], []
    for line in lines:
        indent = len(line) - len(line.lstrip(" "))
        # An item of a list stands inside of a key at the same column.
        depth = indent + 1 if line.lstrip().startswith("- ") else indent
        if line.strip() and not line.lstrip().startswith("#"):
            stack = [(column, key) for column, key in stack if column < depth]
            if key := re.match(r"\s*(?:- )*\s*([\w./-]+):", line):
                stack.append((len(line) - len(line.lstrip(" -")), key.group(1)))
        result.append({key for _, key in stack})
    return result


def unrelated_lines(before, after):
    """How many lines are gone, or written otherwise, that are not about security: neither their keys nor those above them
    are. A line that only grew, as a flow mapping into which a key came, is still there."""
    above, count = keys_above(before), 0
    for kind, start, end, first, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind not in ("replace", "delete"):
            continue
        new = [line.rstrip() for line in after[first:last]]
        for at in range(start, end):
            line = before[at].rstrip().rstrip("}] ,")
            is_related = above[at] & SECURITY or any(re.search(rf"\b{key}\b", line) for key in SECURITY)
            count += bool(line) and not is_related and not any(text.startswith(line) for text in new)
    return count


def did(tool, binary, referee, file, folder):
    """Lets a tool loose on a copy, and counts."""
    copy = os.path.join(folder, os.path.basename(file))
    shutil.copyfile(file, copy)
    count = collections.Counter()
    command = [part.format(binary=binary, file=copy) for part in TOOLS[tool]]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT)
        count["tool failed"] += done.returncode < 0 or b"panic:" in done.stderr + done.stdout
    except subprocess.TimeoutExpired:
        count["tool failed"] += 1
    templates, old, new = referee.templates(file), referee.documents(file), referee.documents(copy)
    now = referee.templates(copy)
    count["templates"] += len(templates)
    count["restricted before"] += sum(not text for text in templates)
    count["reachable"] += sum(map(can_be_reached, templates))
    count["restricted"] += sum(not text for text in now)
    if old is not None and new is None:
        count["unreadable"] += 1
    elif old is not None and (len(old) != len(new) or len(templates) != len(now)):
        count["lost or gained"] += 1
    elif old is not None and list(map(without_security, old)) != list(map(without_security, new)):
        count["changed elsewhere"] += 1
    before, after = lines_of(file), lines_of(copy)
    count["comments"] += sum(comments(before).values())
    count["comments lost"] += sum((comments(before) - comments(after)).values())
    count["unrelated lines"] += unrelated_lines(before, after)
    return count


# --- The table -----------------------------------------------------------------------------------------------------

COUNTED = ["tool failed", "unreadable", "lost or gained", "changed elsewhere", "comments lost", "unrelated lines"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", help="a folder of manifests; our own examples and test data where none is named")
    parser.add_argument("--words", help="how the table calls them", default="files")
    parser.add_argument("--binary", default=os.path.join(TARGET, "release", "kubectl-secctx"))
    parser.add_argument("--verbose", action="store_true", help="name the files")
    parser.add_argument("--markdown", action="store_true", help="write the table into docs/performance.md")
    return parser.parse_args()


def main():
    options = arguments()
    referee = Referee()
    folders = [options.corpus] if options.corpus else [os.path.join(ROOT, part) for part in ("examples", "tests/testdata")]
    files = [file for folder in folders for file in manifests_below(folder) if referee.templates(file)]
    table = Table("", ["", "at restricted", "tool failed", "no longer read", "documents or templates lost",
                       "changed elsewhere", "comments lost", "unrelated lines changed"])
    for tool, command in TOOLS.items():
        program = command[0].format(binary=options.binary)
        if not shutil.which(program):
            table.notes.append(f"{tool} is not on PATH, so it was not measured.")
            continue
        total = collections.Counter()
        with tempfile.TemporaryDirectory() as folder:
            for file in files:
                count = did(tool, options.binary, referee, file, folder)
                total += count
                if options.verbose and any(count[what] for what in COUNTED):
                    print(f"{tool}: {file}: " + ", ".join(f"{what} {count[what]}" for what in COUNTED if count[what]))
        table.title = (f"{len(files)} {options.words} with {total['templates']} pod templates, {total['restricted before']} of "
                       f"them at restricted before, and {total['comments']:,} comments")
        table.rows.append([tool, f"{total['restricted']} of {total['reachable']}"] + [f"{total[what]:,}" for what in COUNTED])
    print(table.text())
    if options.markdown:
        write_page("autofix", [table], None)


if __name__ == "__main__":
    main()
