#!/usr/bin/env python3
"""Times `check -f` against the Go reference program in the same run, and prints ratios.

    benches/check.py [--documents 10000] [--pairs 5] [--peer 'COMMAND {file}']

Both programs judge the same generated file (10,000 Deployments, 16 MB) in turn, A B A B …, so that a machine that
drifts drifts for both. The reference program is `tests/reference judge`: kubectl's own reading, typed decoding and
Pod Security evaluation, in Go. Figures are of whole processes: wall and processor seconds, peak resident memory.
Needs Go and Python 3.9, nothing else.
"""

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(ROOT, "target", "release", "kubectl-secctx")

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{i}
  namespace: team-{team}
  labels:
    app.kubernetes.io/name: web
    app.kubernetes.io/part-of: shop
    app.kubernetes.io/version: "1.{minor}.0"
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: "9090"
    spec:
      serviceAccountName: web
      # the main container
      containers:
      - name: web
        image: registry.example.com/shop/web:1.{minor}.0
        args: ["--listen=:8080", "--metrics=:9090", "--log-level=info"]
        ports:
        - name: http
          containerPort: 8080
        - name: metrics
          containerPort: 9090
        env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: DATABASE_URL
          value: postgres://db.shop.svc:5432/shop
        resources:
          requests: {{cpu: 100m, memory: 128Mi}}
          limits:
            memory: 256Mi
        livenessProbe:
          httpGet:
            path: /healthz
            port: http
        securityContext:
          allowPrivilegeEscalation: {escalation}
          runAsNonRoot: true
      - name: sidecar
        image: registry.example.com/shop/sidecar:2.0
        volumeMounts:
        - name: cache
          mountPath: /cache
      volumes:
      - name: cache
        emptyDir: {{}}
      - name: config
        configMap:
          name: web-config
---
"""


def write_manifest(path, documents):
    with open(path, "w", encoding="utf-8") as out:
        for i in range(documents):
            escalation = "true" if i % 3 == 0 else "false"
            out.write(DEPLOYMENT.format(i=i, team=i % 50, minor=i % 100, escalation=escalation))


def build_reference(folder):
    program = os.path.join(folder, "reference")
    subprocess.run(["go", "build", "-o", program, "."], cwd=os.path.join(ROOT, "tests", "reference"), check=True)
    return program


def run(command):
    """Runs a command to its end; its output goes nowhere. Returns wall s, processor s, peak MiB."""
    with open(os.devnull, "wb") as nowhere:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{shlex.join(command)} ended with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(rows, column):
    return statistics.median(row[column] for row in rows)


def compare(name, ours, peer, pairs):
    run(ours), run(peer)  # warm caches
    rows = [(run(ours), run(peer)) for _ in range(pairs)]
    a, b = [row[0] for row in rows], [row[1] for row in rows]
    wall = statistics.median(row[1][0] / row[0][0] for row in rows)
    cpu = statistics.median(row[1][1] / row[0][1] for row in rows)
    print(f"{name:<28} {median(a, 0):8.3f} {median(a, 1):8.3f} {median(a, 2):8.0f}"
          f" {median(b, 0):8.3f} {median(b, 1):8.3f} {median(b, 2):8.0f} {wall:7.1f}x {cpu:7.1f}x")


def alone(name, command, runs):
    run(command)
    rows = [run(command) for _ in range(runs)]
    print(f"{name:<28} {median(rows, 0) * 1000:8.1f} ms wall   {median(rows, 2):8.0f} MiB peak")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--documents", type=int, default=10000)
    arguments.add_argument("--pairs", type=int, default=5)
    arguments.add_argument("--peer", help="another program to compare with; {file} stands for the manifest")
    options = arguments.parse_args()

    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        manifest = os.path.join(folder, "big.yaml")
        write_manifest(manifest, options.documents)
        one = os.path.join(folder, "one.yaml")
        write_manifest(one, 1)
        reference = build_reference(folder)
        size = os.path.getsize(manifest) / 1e6
        print(f"{options.documents} documents, {size:.1f} MB, {os.cpu_count()} processors, medians of {options.pairs} pairs\n")
        print(f"{'':<28} {'ours':^26} {'reference':^26} {'ratios (reference / ours)':^17}")
        print(f"{'':<28} {'wall s':>8} {'cpu s':>8} {'MiB':>8} {'wall s':>8} {'cpu s':>8} {'MiB':>8} {'wall':>8} {'cpu':>8}")
        peer = [reference, "judge", manifest]
        for output in (["-q"], ["-o", "name"], ["-o", "json"], ["-o", "table"], ["-o", "sarif"]):
            compare(f"check {' '.join(output)}", [BINARY, "check", "-f", manifest, *output], peer, options.pairs)
        if options.peer:
            other = shlex.split(options.peer.replace("{file}", manifest))
            compare(f"check -o json / {other[0]}"[:28], [BINARY, "check", "-f", manifest, "-o", "json"], other, options.pairs)
        print()
        alone("check -f one.yaml", [BINARY, "check", "-f", one], 30)
        alone("--version", [BINARY, "--version"], 30)


if __name__ == "__main__":
    main()
