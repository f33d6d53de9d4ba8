"""The programs that ours is compared with: the reference program, and those that are on PATH."""

import os
import shutil
import subprocess

from common import ROOT, TARGET, Program

# Scanners that judge one manifest. Most judge other things too, and none all of what we do: docs/performance.md says so.
SCANNERS = {
    "psa-checker": ["-f", "{file}", "--level", "restricted"],
    "kubeaudit": ["all", "-f", "{file}"],
    "polaris": ["audit", "--audit-path", "{file}"],
    "kube-score": ["score", "{file}"],
    "kube-linter": ["lint", "{file}"],
    "kubesec": ["scan", "{file}"],
    "trivy": ["config", "--skip-check-update", "{file}"],
    "kubescape": ["scan", "{file}", "--keep-local", "--use-default"],
    "checkov": ["--quiet", "--framework", "kubernetes", "-f", "{file}"],
}

# Each ends otherwise where it finds something; what is no ending is a signal or a program that cannot be started.
ANY_CODE = tuple(range(126))


def go_program(folder, name):
    """Builds a Go program of ours below the target folder."""
    program = os.path.join(TARGET, "benches", name)
    subprocess.run(["go", "build", "-o", program, "."], cwd=os.path.join(ROOT, folder), check=True)
    return program


def reference(*files):
    """kubectl's own reading, typed decoding and Pod Security evaluation, in Go; judges by both levels, as we do."""
    return Program("reference program", [go_program("tests/reference", "reference"), "judge", *files])


def psa_checker_steps(file):
    """The steps of psa-checker, where that itself cannot be had."""
    command = [go_program("benches/psa-checker-steps", "psa-checker-steps"), file]
    return Program("the steps of psa-checker", command)


def scanners(file):
    """The scanners that are on PATH, on one file."""
    found = {name: arguments for name, arguments in SCANNERS.items() if shutil.which(name)}
    return [
        Program(name, [shutil.which(name), *(argument.format(file=file) for argument in arguments)], ANY_CODE)
        for name, arguments in found.items()
    ]


def absent():
    return [name for name in SCANNERS if not shutil.which(name)]
