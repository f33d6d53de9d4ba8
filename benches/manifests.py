"""Manifests to measure on: many alike, many as real ones are, and ones that grow in one way only."""

import os
import random

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


def deployment(i):
    return DEPLOYMENT.format(i=i, team=i % 50, minor=i % 100, escalation="true" if i % 3 == 0 else "false")


def deployments(path, count):
    """So many Deployments in one file, about 1,600 bytes each; a third of them sets a field that baseline allows and
    restricted does not, all of them lack others."""
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(deployment(i) for i in range(count))
    return path


def folder_of_deployments(folder, files):
    """So many files, of one Deployment each."""
    os.makedirs(folder)
    return [deployments_from(os.path.join(folder, f"web-{i:05}.yaml"), i) for i in range(files)]


def deployments_from(path, i):
    with open(path, "w", encoding="utf-8") as out:
        out.write(deployment(i))
    return path


# --- As real ones are ----------------------------------------------------------------------------------------------

LICENCE = """\
# Copyright The Example Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License, of which a copy is at https://www.apache.org/licenses/LICENSE-2.0. Without a warranty of any kind.

"""

HEAD = """\
apiVersion: {version}
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
  labels:
    app: {name}
"""

PLAIN = {
    "Service": ("v1", "spec:\n  selector:\n    app: {name}\n  ports:\n  - port: 80 # for people\n    targetPort: http\n"),
    "ServiceAccount": ("v1", "automountServiceAccountToken: false\n"),
    "PersistentVolumeClaim": (
        "v1", "spec:\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: 8Gi\n"),
    "RoleBinding": (
        "rbac.authorization.k8s.io/v1",
        "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {name}\n"
        "subjects:\n- kind: ServiceAccount\n  name: {name}\n"),
    "Role": (
        "rbac.authorization.k8s.io/v1",
        "rules:\n- apiGroups: ['']\n  resources: [pods, services]\n  verbs: [get, list, watch]\n"),
    "NetworkPolicy": (
        "networking.k8s.io/v1",
        "spec:\n  podSelector:\n    matchLabels:\n      app: {name}\n  policyTypes: [Ingress]\n"),
}

# Where each kind has its template, and what stands before it.
WORKLOADS = {
    "Deployment": ("apps/v1", "spec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n", 4),
    "StatefulSet": ("apps/v1", "spec:\n  serviceName: {name}\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n", 4),
    "DaemonSet": ("apps/v1", "spec:\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n", 4),
    "Job": ("batch/v1", "spec:\n  backoffLimit: 3\n  template:\n", 4),
    "CronJob": ("batch/v1", "spec:\n  schedule: '0 3 * * *'\n  jobTemplate:\n    spec:\n      template:\n", 8),
}
KINDS = ["Deployment"] * 9 + ["StatefulSet"] * 2 + ["DaemonSet"] * 2 + ["Job", "CronJob"] + list(PLAIN) * 2


def real_folder(folder, files, seed=1):
    """Files of a few documents each: workloads and what stands around them, half with a licence at the head, with
    comments, with contexts from none to all that restricted wants; some have a program or a dashboard in a ConfigMap."""
    chance = random.Random(seed)
    os.makedirs(folder)
    paths = [os.path.join(folder, f"app-{i:04}.yaml") for i in range(files)]
    for i, path in enumerate(paths):
        with open(path, "w", encoding="utf-8") as out:
            out.write(LICENCE if chance.random() < 0.5 else "")
            documents = [real_document(chance, f"app-{i}") for _ in range(chance.choice((1, 1, 1, 2, 3, 5, 12)))]
            out.write("---\n".join(documents))
    return paths


def real_document(chance, name):
    if chance.random() < 0.06:
        lines = "".join(f'    {{"panel": {i}, "expr": "rate(requests_total[5m])"}},\n' for i in range(chance.randrange(50, 900)))
        return HEAD.format(version="v1", kind="ConfigMap", name=name, namespace="shop") + "data:\n  board.json: |\n" + lines
    kind = chance.choice(KINDS)
    if kind in PLAIN:
        version, body = PLAIN[kind]
        return (HEAD + body).format(version=version, kind=kind, name=name, namespace="shop")
    version, body, indent = WORKLOADS[kind]
    text = (HEAD + body).format(version=version, kind=kind, name=name, namespace="shop")
    pod = "".join(" " * indent + line + "\n" for line in real_pod(chance, kind, name))
    return text + pod


def real_pod(chance, kind, name):
    lines = ["metadata:", "  labels:", f"    app: {name}", "spec:"]
    if chance.random() < 0.3:
        lines += ["  securityContext:", "    runAsNonRoot: true", "    seccompProfile:", "      type: RuntimeDefault"]
    if chance.random() < 0.1:
        lines += ["  hostNetwork: true  # sees the traffic of the node"]
    lines += ["  containers:"]
    for number in range(chance.choice((1, 1, 1, 2, 3))):
        lines += [f"  - name: {name}-{number}", f"    image: registry.example.com/{name}:1.{number}"]
        if chance.random() < 0.4:
            lines += ["    # Sizes were measured, see the handbook.", "    resources:", "      limits: {memory: 256Mi}"]
        variables = chance.choice((0, 0, 2, 5, 20))
        lines += ["    env:"] if variables else []
        for variable in range(variables):
            lines += [f"    - name: VARIABLE_{variable}", f'      value: "{variable}"']
        if chance.random() < 0.3:
            lines += ["    securityContext:", "      allowPrivilegeEscalation: false", "      capabilities:"]
            lines += ["        drop: [ALL]", "      readOnlyRootFilesystem: true"]
    if chance.random() < 0.3:
        lines += ["  volumes:", "  - name: data"]
        lines += [chance.choice(("    emptyDir: {}", "    hostPath: {path: /var/log}", "    secret: {secretName: token}"))]
    lines += ["  restartPolicy: Never"] if kind in ("Job", "CronJob") else []
    return lines


# --- Ones that grow in one way -------------------------------------------------------------------------------------

POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}}}\nspec: {{containers: [{{name: a, image: a}}]}}\n---\n"
TOP = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n"


def documents(out, count):
    out.writelines(POD.format(i=i) for i in range(count))


def items(out, count):
    out.write("apiVersion: v1\nkind: List\nitems:\n")
    out.writelines(
        f"- apiVersion: v1\n  kind: Pod\n  metadata: {{name: p{i}}}\n  spec: {{containers: [{{name: a, image: a}}]}}\n"
        for i in range(count)
    )


def line_of_items(out, count):
    item = '{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p{i}"}},"spec":{{"containers":[{{"name":"a","image":"a"}}]}}}}'
    out.write('{"apiVersion":"v1","kind":"List","items":[')
    out.writelines(("," if i else "") + item.format(i=i) for i in range(count))
    out.write("]}")


def containers(out, count):
    out.write(TOP + "spec:\n  containers:\n")
    out.writelines(f"  - name: c{i}\n    image: a\n    securityContext: {{runAsNonRoot: true}}\n" for i in range(count))


def comments(out, count):
    out.write(TOP + "spec:\n  containers:\n  - name: a\n")
    out.writelines(f"    # comment {i} on what follows\n" for i in range(count))
    out.write("    image: a\n")


def aliases(out, count):
    out.write(TOP + "spec:\n  containers:\n  - &one\n    name: a\n    image: a\n    args: [&word x]\n  - name: b\n    args:\n")
    out.writelines("    - *word\n" for _ in range(count))


def keys(out, count):
    out.write(TOP + "  annotations:\n")
    out.writelines(f"    key-{i}: value\n" for i in range(count))
    out.write("spec: {containers: [{name: a, image: a}]}\n")


def text_lines(out, count):
    out.write("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  text: |\n")
    out.writelines(f"    line {i} of a text that is none of our business\n" for i in range(count))


# What grows, how it is written, and how far for `check` and for `harden`, which keeps its plan until all is edited and
# takes no object of more than 50,000 values, or that would need more than 20,000 edits.
SHAPES = {
    "documents": (documents, 1_000_000, 100_000),
    "items of a List": (items, 100_000, 100_000),
    "items in a line of JSON": (line_of_items, 100_000, 100_000),
    "containers of a pod": (containers, 100_000, 8_000),
    "comment lines": (comments, 1_000_000, 1_000_000),
    "aliases": (aliases, 100_000, 40_000),
    "annotations": (keys, 100_000, 40_000),
    "lines of a ConfigMap": (text_lines, 1_000_000, 1_000_000),
}


def grown(path, shape, count):
    with open(path, "w", encoding="utf-8") as out:
        SHAPES[shape][0](out, count)
    return path
