"""How fast a cluster is judged, against reading the same lists and throwing them away, and against kubectl."""

import json
import subprocess
import sys

from cluster import control_plane, curl, fill, kubectl
from common import Program, bar, comparison, median, ratios

# How many pods in how many namespaces.
CLUSTERS = ((10_000, 50), (50_000, 500))
# Of those that have nothing in common.
DIFFERENT = (10_000, 50)
# The server does not write longer lists in one piece within its minute, and curl knows no pages.
MOST_FOR_CURL = 10_000
LABEL = "pod-security.kubernetes.io/enforce=baseline"


def judged(binary, kubeconfig):
    """How many pods a run tells of: a fast run that leaves some out is no run."""
    command = [binary, "check", "--kubeconfig", kubeconfig, "-A", "-o", "json", "--exit-zero"]
    report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return sum(len(group["names"]) for result in report["results"] for group in result["pods"])


def measure(options, folder):
    """Fills a control plane, further and further, and measures each time; then one in which no two pods are alike."""
    if options.kubeconfig:
        return on(options, folder, options.kubeconfig, "The cluster that was named", 0)[0]
    tables, costs, made = [], [], 0
    with control_plane() as kubeconfig:
        for pods, namespaces in chosen(options):
            fill(kubeconfig, pods, namespaces, first=made)
            made = pods
            new, cost = on(options, folder, kubeconfig, f"{pods:,} pods in {namespaces} namespaces", pods)
            tables += new
            costs.append((pods, cost))
    if len(costs) > 1:
        (few, low), (many, high) = costs[0], costs[-1]
        bar(tables[-2], f"check -A, CPU per pod at {many:,} / at {few:,}", (high / many) / (low / few), 1.2, False)
    with control_plane() as kubeconfig:
        pods, namespaces = DIFFERENT
        fill(kubeconfig, pods, namespaces, different=True)
        new, _ = on(options, folder, kubeconfig, f"{pods:,} pods, no two alike, in {namespaces} namespaces", pods)
        tables += new
    return tables


def chosen(options):
    return [(pods, namespaces) for pods, namespaces in CLUSTERS if pods <= options.pods] or [(options.pods, 50)]


def on(options, folder, kubeconfig, title, pods):
    """The tables of one cluster, and the processor seconds of `check -A`."""
    if judged(options.binary, kubeconfig) < pods:
        sys.exit("not all pods were judged")
    secctx = lambda name, *arguments: Program(name, [options.binary, *arguments, "--kubeconfig", kubeconfig])
    ours = secctx("check -A", "check", "-A")
    programs = [
        ours,
        secctx("check -A -o json", "check", "-A", "-o", "json"),
        secctx("check -A --level namespace", "check", "-A", "--level", "namespace"),
        secctx("dry-run-label (all levels)", "dry-run-label"),
        Program("kubectl get pods -A -o json", [*kubectl(kubeconfig), "get", "pods", "-A", "-o", "json"], (0,)),
        Program("curl, the same lists", curl(kubeconfig, folder), (0,)),
        Program("curl --compressed", curl(kubeconfig, folder, "compressed"), (0,)),
    ]
    if pods > MOST_FOR_CURL:
        del programs[5:]
    table = comparison(title, programs, options.rounds)
    middle = lambda peer, what="wall": (both := ratios(peer, ours, what))[len(both) // 2]
    bar(table, "kubectl / check -A, wall", middle(programs[4]), 5)
    bar(table, "kubectl / check -A, memory", middle(programs[4], "peak"), 10)
    if len(programs) > 5:
        bar(table, "check -A / curl, wall", 1 / middle(programs[5]), 1.3, False)
        bar(table, "check -A / curl --compressed, wall", 1 / middle(programs[6]), 1.3, False)
    bar(table, "peak of check -A, MiB", median(ours.runs, "peak"), 200, False)
    bar(table, "peak of dry-run-label, MiB", median(programs[3].runs, "peak"), 200, False)
    label = [*kubectl(kubeconfig), "label", "--dry-run=server", "--overwrite", "ns", "--all", LABEL]
    labels = comparison(f"{title}: what a label would break", [
        secctx("dry-run-label --all --enforce baseline", "dry-run-label", "--all", "--enforce", "baseline"),
        Program("kubectl label --dry-run=server ns --all", label, (0,)),
    ], options.rounds)
    return [table, labels], median(ours.runs, "cpu")
