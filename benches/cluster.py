"""A control plane to measure on, filled with Deployments, ReplicaSets and pods as real ones are."""

import base64
import contextlib
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

from common import TARGET

PODS_OF_DEPLOYMENT = 10
CONNECTIONS = 8

# What `check -A` and the matrix of `dry-run-label` list.
LISTS = [
    "api/v1/pods", "api/v1/replicationcontrollers", "apis/apps/v1/deployments", "apis/apps/v1/statefulsets",
    "apis/apps/v1/daemonsets", "apis/apps/v1/replicasets", "apis/batch/v1/jobs", "apis/batch/v1/cronjobs",
]


def find_one(pattern):
    found = sorted(glob.glob(os.path.join(TARGET, "control-plane", pattern)), key=os.path.getmtime)
    if not found:
        sys.exit(f"there is no {pattern} in {TARGET}/control-plane: run `cargo test --test it live` first")
    return found[-1]


@contextlib.contextmanager
def control_plane():
    """Starts an API server with etcd, the ones of the tests, on free ports of this machine; gives its kubeconfig."""
    command = [find_one("run-*/run"), "-life", "4h", "-bin", os.path.dirname(find_one("v*/kube-apiserver"))]
    # It ends when its standard input does, however this program ends.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as servers:
        line = servers.stdout.readline()
        if not line:
            sys.exit("the control plane did not start")
        yield json.loads(line)["kubeconfig"]
        servers.stdin.close()


def kubectl(kubeconfig):
    return [find_one("v*/kubectl"), "--kubeconfig", kubeconfig]


class Access:
    """What a kubeconfig in JSON, with one cluster and one user with a token, says."""

    def __init__(self, kubeconfig):
        with open(kubeconfig, encoding="utf-8") as file:
            config = json.load(file)
        cluster = config["clusters"][0]["cluster"]
        self.server, self.token = cluster["server"], config["users"][0]["user"]["token"]
        if "certificate-authority-data" in cluster:
            self.ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        else:
            with open(cluster["certificate-authority"], encoding="utf-8") as file:
                self.ca = file.read()


def curl(kubeconfig, folder, *options):
    """A command that gets all lists at once, each whole, and keeps nothing. To programs that are called curl, the server
    sends JSON with spaces, twice as long; so this one has another name, and gets what all others get."""
    access = Access(kubeconfig)
    ca, script = os.path.join(folder, "ca.crt"), os.path.join(folder, "curl" + "".join(options))
    with open(ca, "w", encoding="utf-8") as file:
        file.write(access.ca)
    with open(script, "w", encoding="utf-8") as file:
        file.write(f'header = "Authorization: Bearer {access.token}"\ncacert = "{ca}"\nsilent\nfail\nparallel\nuser-agent = "lists"\n')
        file.writelines(f"{option}\n" for option in options)
        for path in LISTS:
            file.write(f'url = "{access.server}/{path}"\noutput = "{os.devnull}"\n')
    return ["curl", "--config", script]


# --- Filling it ----------------------------------------------------------------------------------------------------


class Client:
    """One connection to the API server."""

    def __init__(self, kubeconfig):
        access = Access(kubeconfig)
        context = ssl.create_default_context(cadata=access.ca)
        url = urllib.parse.urlsplit(access.server)
        self.connection = http.client.HTTPSConnection(url.hostname, url.port or 443, context=context, timeout=60)
        self.headers = {"Authorization": f"Bearer {access.token}"}

    def send(self, method, path, thing, manager, media_type="application/json"):
        headers = {**self.headers, "Content-Type": media_type}
        self.connection.request(method, f"{path}?fieldManager={manager}", json.dumps(thing), headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {response.status} {body.decode()}")
        return json.loads(body)["metadata"]["uid"]

    def create(self, path, thing, manager="kube-controller-manager"):
        return self.send("POST", path, thing, manager)

    def merge(self, path, thing, manager):
        return self.send("PATCH", path, thing, manager, "application/merge-patch+json")


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


def template(i, name, containers):
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    ca = {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}
    return {
        "metadata": {
            "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop"},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
        },
        "spec": {
            "serviceAccountName": "web",
            "containers": [container(one, i) for one in containers],
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


def status(i, containers):
    """What a kubelet says of a pod that runs."""
    then = "2026-06-01T08:00:00Z"
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": then} for kind in kinds]
    statuses = [
        {
            "name": name, "ready": True, "started": True, "restartCount": 0,
            "image": f"registry.example.com/shop/{name}:1.{i % 100}.0",
            "imageID": f"registry.example.com/shop/{name}@sha256:{i:064x}",
            "containerID": f"containerd://{i:064x}", "state": {"running": {"startedAt": then}},
        }
        for name in containers
    ]
    address = f"10.{i // 65536 % 256}.{i // 256 % 256}.{i % 256}"
    return {"status": {
        "phase": "Running", "conditions": conditions, "hostIP": "192.0.2.10", "hostIPs": [{"ip": "192.0.2.10"}],
        "podIP": address, "podIPs": [{"ip": address}], "startTime": then, "containerStatuses": statuses,
    }}


def owned(thing, by_api_version, by_kind, by_name, by_uid):
    thing["metadata"]["ownerReferences"] = [{
        "apiVersion": by_api_version, "kind": by_kind, "name": by_name, "uid": by_uid,
        "controller": True, "blockOwnerDeletion": True,
    }]
    return thing


def fill_deployment(client, number, pods, namespace, different):
    """A Deployment without replicas, in case somebody makes pods for it, its ReplicaSet, and pods.

    Where they are to be different, each pod has containers of other names than all others: nothing that is said of one
    is true of another."""
    name = f"web-{number}"
    alike = template(number, name, ["web", "proxy"])
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    apps = f"/apis/apps/v1/namespaces/{namespace}"
    spec = {"replicas": 0, "selector": selector, "template": alike}
    uid = client.create(f"{apps}/deployments", {"metadata": {"name": name}, "spec": {**spec, "paused": True}}, "helm")
    replica_set = owned({"metadata": {"name": f"{name}-5d4f"}, "spec": spec}, "apps/v1", "Deployment", name, uid)
    uid = client.create(f"{apps}/replicasets", replica_set)
    for i in range(number * PODS_OF_DEPLOYMENT, number * PODS_OF_DEPLOYMENT + pods):
        containers = [f"web-{i}", f"proxy-{i}"] if different else ["web", "proxy"]
        pod = template(number, name, containers)
        pod["metadata"]["name"] = f"{name}-5d4f-{i}"
        pod["spec"]["nodeName"] = f"node-{i % 100}"
        owned(pod, "apps/v1", "ReplicaSet", f"{name}-5d4f", uid)
        path = f"/api/v1/namespaces/{namespace}/pods"
        client.create(path, pod)
        client.merge(f"{path}/{name}-5d4f-{i}/status", status(i, containers), "kubelet")


def in_threads(kubeconfig, numbers, work):
    """Does `work(client, number)` for each number, several at once."""
    numbers, lock, done = iter(numbers), threading.Lock(), []

    def worker():
        client = Client(kubeconfig)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            work(client, number)
            done.append(number)

    workers = [threading.Thread(target=worker) for _ in range(CONNECTIONS)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    if next(numbers, None) is not None:
        sys.exit("the cluster could not be filled")
    return len(done)


def fill(kubeconfig, pods, namespaces=50, different=False, first=0, prefix="team"):
    """Makes pods from the number `first` on, and their owners, in namespaces of their own.

    A fill that goes on with what another began has the same prefix and makes the namespaces that are not there yet."""
    start = time.perf_counter()
    known = {name for name in namespace_names(kubeconfig)}
    names = [f"{prefix}-{i}" for i in range(namespaces)]
    missing = [name for name in names if name not in known]
    in_threads(kubeconfig, missing, lambda client, name: client.create("/api/v1/namespaces", {"metadata": {"name": name}}))

    def make(client, number):
        here = min(PODS_OF_DEPLOYMENT, pods - number * PODS_OF_DEPLOYMENT)
        fill_deployment(client, number, here, names[number % len(names)], different)

    last = (pods + PODS_OF_DEPLOYMENT - 1) // PODS_OF_DEPLOYMENT
    made = in_threads(kubeconfig, range(first // PODS_OF_DEPLOYMENT, last), make)
    took = time.perf_counter() - start
    print(f"{pods - first} pods of {made} Deployments, in {namespaces} namespaces, made in {took:.0f} s", flush=True)


def namespace_names(kubeconfig):
    command = [*kubectl(kubeconfig), "get", "namespaces", "-o", "name"]
    lines = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().split()
    return [line.partition("/")[2] for line in lines]
