#!/usr/bin/env python3
"""Times `check -A` on a live cluster against `kubectl get pods -A -o json` in the same run, and prints ratios.

    benches/live.py [--pods 10000] [--pairs 5] [--kubeconfig FILE]

The cluster is the one of the tests, which build its programs at their first run (`cargo test --test it live`); with
--kubeconfig it is one that is running and that may be filled. Its namespaces hold Deployments with ReplicaSets and
pods as real ones are, managed fields included. Both programs run in turn, A B A B …, so that a machine that drifts
drifts for both. Figures are of whole processes: wall and processor seconds, peak resident memory. The bar is a ratio
of 5 and 100 MB. Needs Python 3.9, nothing else.
"""

import argparse
import base64
import glob
import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

from check import ROOT, median, run

TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
BINARY = os.path.join(TARGET, "release", "kubectl-secctx")

NAMESPACES = 50
PODS_OF_DEPLOYMENT = 10
CONNECTIONS = 8


def container(name, i):
    return {
        "name": name,
        "image": f"registry.example.com/shop/{name}:1.{i % 100}.0",
        "args": ["--listen=:8080", "--metrics=:9090", "--log-level=info"],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "DATABASE_URL", "value": "postgres://db.shop.svc:5432/shop"},
            {"name": "GOMAXPROCS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 20},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}},
        "securityContext": {"allowPrivilegeEscalation": i % 3 == 0, "runAsNonRoot": True},
        "volumeMounts": [
            {"name": "cache", "mountPath": "/cache"},
            {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True},
        ],
    }


def template(i, deployment):
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    ca = {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    return {
        "metadata": {
            "labels": {"app.kubernetes.io/name": deployment, "app.kubernetes.io/part-of": "shop"},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
        },
        "spec": {
            "serviceAccountName": "web",
            "containers": [container("web", i), container("proxy", i)],
            "volumes": [
                {"name": "cache", "emptyDir": {}},
                {"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [token, ca]}},
            ],
            "tolerations": [
                {"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
                for why in ("not-ready", "unreachable")
            ],
        },
    }


def owned(thing, by_api_version, by_kind, by_name, by_uid):
    thing["metadata"]["ownerReferences"] = [{
        "apiVersion": by_api_version, "kind": by_kind, "name": by_name, "uid": by_uid,
        "controller": True, "blockOwnerDeletion": True,
    }]
    return thing


class Client:
    """One connection to the API server."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            config = json.load(file)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        if "certificate-authority-data" in cluster:
            ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
            context = ssl.create_default_context(cadata=ca)
        else:
            context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        url = urllib.parse.urlsplit(cluster["server"])
        self.connection = http.client.HTTPSConnection(url.hostname, url.port or 443, context=context, timeout=60)
        self.headers = {"Content-Type": "application/json", "Authorization": f"Bearer {user['token']}"}

    def post(self, path, thing):
        self.connection.request("POST", path + "?fieldManager=kube-controller-manager", json.dumps(thing), self.headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 201:
            raise RuntimeError(f"POST {path}: {response.status} {body.decode()}")
        return json.loads(body)["metadata"]["uid"]


def fill_deployment(client, number, pods):
    """A Deployment without replicas, in case somebody makes pods for it, its ReplicaSet, and pods."""
    namespace, name = f"team-{number % NAMESPACES}", f"web-{number}"
    pod = template(number, name)
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    spec = {"replicas": 0, "selector": selector, "template": pod}
    uid = client.post(f"{apps}/deployments", {"metadata": {"name": name}, "spec": {**spec, "paused": True}})
    replica_set = owned({"metadata": {"name": f"{name}-5d4f"}, "spec": spec}, "apps/v1", "Deployment", name, uid)
    uid = client.post(f"{apps}/replicasets", replica_set)
    for i in range(pods):
        one = json.loads(json.dumps(pod))
        one["metadata"]["name"] = f"{name}-5d4f-{i}"
        owned(one, "apps/v1", "ReplicaSet", f"{name}-5d4f", uid)
        client.post(f"/api/v1/namespaces/{namespace}/pods", one)


def fill(kubeconfig, pods):
    first = Client(kubeconfig)
    for i in range(NAMESPACES):
        first.post("/api/v1/namespaces", {"metadata": {"name": f"team-{i}"}})
    numbers = iter(range((pods + PODS_OF_DEPLOYMENT - 1) // PODS_OF_DEPLOYMENT))
    lock = threading.Lock()
    filled = []

    def work():
        client = Client(kubeconfig)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            fill_deployment(client, number, min(PODS_OF_DEPLOYMENT, pods - number * PODS_OF_DEPLOYMENT))
            filled.append(number)

    start = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if next(numbers, None) is not None or len(filled) * PODS_OF_DEPLOYMENT < pods:
        sys.exit("the cluster could not be filled")
    print(f"{pods} pods and {len(filled)} Deployments in {NAMESPACES} namespaces, made in {time.perf_counter() - start:.0f} s")


def find_one(pattern):
    found = sorted(glob.glob(os.path.join(TARGET, "control-plane", pattern)), key=os.path.getmtime)
    if not found:
        sys.exit(f"there is no {pattern} in {TARGET}/control-plane: run `cargo test --test it live` first")
    return found[-1]


def compare(name, ours, peer, pairs):
    run(ours), run(peer)  # warm caches, the server's too
    rows = [(run(ours), run(peer)) for _ in range(pairs)]
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    ratios = sorted(peer[0] / ours[0] for ours, peer in rows)
    ratio = ratios[len(ratios) // 2]
    print(f"{name:<28} {median(a, 0):8.3f} {median(a, 1):8.3f} {median(a, 2):8.0f}"
          f" {median(b, 0):8.3f} {median(b, 1):8.3f} {median(b, 2):8.0f} {ratio:7.1f}x  ({ratios[0]:.1f} to {ratios[-1]:.1f})")


def judged_pods(kubeconfig):
    """How many pods a run tells of: a fast run that leaves some out is no run."""
    command = [BINARY, "check", "--kubeconfig", kubeconfig, "-A", "-o", "json", "--exit-zero"]
    report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return sum(len(group["names"]) for result in report["results"] for group in result["pods"])


def measure(kubeconfig, options):
    if options.pods:
        fill(kubeconfig, options.pods)
    if judged_pods(kubeconfig) < options.pods:
        sys.exit("not all pods were judged")
    kubectl = find_one("v*/kubectl")
    peer = [kubectl, "--kubeconfig", kubeconfig, "get", "pods", "-A", "-o", "json"]
    print(f"{os.cpu_count()} processors, medians of {options.pairs} pairs\n")
    print(f"{'':<28} {'ours':^26} {'kubectl get pods -o json':^26} {'ratio of wall times':^17}")
    print(f"{'':<28} {'wall s':>8} {'cpu s':>8} {'MiB':>8} {'wall s':>8} {'cpu s':>8} {'MiB':>8}")
    for extra in ([], ["-o", "json"], ["--level", "namespace"], ["--disable-compression"]):
        ours = [BINARY, "check", "--kubeconfig", kubeconfig, "-A", *extra]
        compare(" ".join(["check -A", *extra]), ours, peer, options.pairs)


def main(description, measure):
    """Reads the arguments, starts a control plane where none is named, and has `measure` do the rest."""
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pods", type=int, default=10000, help="how many to make; 0 for a cluster that is filled")
    arguments.add_argument("--pairs", type=int, default=5)
    arguments.add_argument("--kubeconfig", help="in JSON, with one cluster and one user with a token")
    options = arguments.parse_args()

    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    if options.kubeconfig:
        return measure(options.kubeconfig, options)
    command = [find_one("run-*/run"), "-bin", os.path.dirname(find_one("v*/kube-apiserver"))]
    # It ends when its standard input does, however this program ends.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cluster:
        line = cluster.stdout.readline()
        if not line:
            sys.exit("the control plane did not start")
        measure(json.loads(line)["kubeconfig"], options)


if __name__ == "__main__":
    main(__doc__, measure)
