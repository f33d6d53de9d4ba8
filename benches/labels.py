#!/usr/bin/env python3
"""Times `dry-run-label` on a live cluster against raw lists and against kubectl's own dry run, and prints ratios.

    benches/labels.py [--pods 10000] [--pairs 5] [--kubeconfig FILE]

The cluster and its pods are those of `benches/live.py`. The matrix of all namespaces is held against `curl`, which gets
the same lists of pods and workloads and throws them away: the bar is 1.5 times its time, and 150 MB. The labels of all
namespaces are held against `kubectl label --dry-run=server --overwrite ns --all`, which names one pod per cause. Both
programs run in turn, A B A B …, and figures are of whole processes. Needs curl and Python 3.9.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile

from check import median, run
from live import BINARY, fill, find_one, main

LISTS = [
    "api/v1/pods", "api/v1/replicationcontrollers", "apis/apps/v1/deployments", "apis/apps/v1/statefulsets",
    "apis/apps/v1/daemonsets", "apis/apps/v1/replicasets", "apis/batch/v1/jobs", "apis/batch/v1/cronjobs",
]
LABEL = "pod-security.kubernetes.io/enforce=baseline"


def curl(kubeconfig, folder):
    """A command that gets all lists at once and keeps nothing."""
    with open(kubeconfig, encoding="utf-8") as file:
        config = json.load(file)
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    ca = cluster.get("certificate-authority")
    if ca is None:
        ca = os.path.join(folder, "ca.crt")
        with open(ca, "wb") as file:
            file.write(base64.b64decode(cluster["certificate-authority-data"]))
    options = os.path.join(folder, "curl")
    with open(options, "w", encoding="utf-8") as file:
        file.write(f'header = "Authorization: Bearer {user["token"]}"\ncacert = "{ca}"\nsilent\nparallel\n')
        for path in LISTS:
            file.write(f'url = "{cluster["server"]}/{path}"\noutput = "{os.devnull}"\n')
    return ["curl", "--config", options]


def compare(name, ours, peer, pairs):
    run(ours), run(peer)  # warm caches, the server's too
    rows = [(run(ours), run(peer)) for _ in range(pairs)]
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    ratios = sorted(ours[0] / peer[0] for ours, peer in rows)
    print(f"{name:<40} {median(a, 0):8.3f} {median(a, 1):8.3f} {median(a, 2):8.0f} {median(b, 0):8.3f}"
          f" {ratios[len(ratios) // 2]:7.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def judged(kubeconfig):
    """How many pods a run judges: a fast run that leaves some out is no run."""
    command = [BINARY, "dry-run-label", "--kubeconfig", kubeconfig, "-o", "json"]
    report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return sum(row["modes"][0]["pods"]["judged"] for row in report["namespaces"])


def measure(kubeconfig, options):
    if options.pods:
        fill(kubeconfig, options.pods)
    if judged(kubeconfig) < options.pods:
        sys.exit("not all pods were judged")
    ours = [BINARY, "dry-run-label", "--kubeconfig", kubeconfig]
    kubectl = [find_one("v*/kubectl"), "--kubeconfig", kubeconfig]
    kubectl += ["label", "--dry-run=server", "--overwrite", "ns", "--all", LABEL]
    print(f"{os.cpu_count()} processors, medians of {options.pairs} pairs\n")
    print(f"{'':<40} {'wall s':>8} {'cpu s':>8} {'MiB':>8} {'peer s':>8} {'ratio':>7}  (range)")
    with tempfile.TemporaryDirectory() as folder:
        raw = curl(kubeconfig, folder)
        for extra in ([], ["--disable-compression"]):
            compare(" ".join(["matrix / curl", *extra]), [*ours, *extra], raw, options.pairs)
    compare("labels / kubectl label --dry-run", [*ours, "--all", "--enforce", "baseline"], kubectl, options.pairs)


if __name__ == "__main__":
    main(__doc__, measure)
