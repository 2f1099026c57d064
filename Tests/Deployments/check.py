"""Holds the manifests of others' kinds in deploy/ to the models of those kinds, and shows that a mistake would be found.

python3 Tests/Deployments/check.py: needs cloudcoil-models-keda, -knative-serving and -prometheus-operator, kubernetes, six and
PyYAML, and kserve, which may be there without what it needs itself.
"""

import copy
import importlib
import importlib.util
import re
import sys
import types

import yaml
from cloudcoil.models.keda import v1alpha1 as keda
from cloudcoil.models.knative_serving.serving import v1 as knative
from cloudcoil.models.prometheus_operator import v1 as prometheus

MODELS = {
    ("keda.sh/v1alpha1", "ScaledObject"): keda.ScaledObject,
    ("serving.knative.dev/v1", "Service"): knative.Service,
    ("monitoring.coreos.com/v1", "PodMonitor"): prometheus.PodMonitor,
    ("monitoring.coreos.com/v1", "PrometheusRule"): prometheus.PrometheusRule,
}

# Of kserve only the models: the package itself wants a web server and an object store.
_spec = importlib.util.find_spec("kserve")
sys.modules["kserve"] = types.ModuleType("kserve")
sys.modules["kserve"].__path__ = list(_spec.submodule_search_locations)
GENERATED = [importlib.import_module("kserve.models"), importlib.import_module("kubernetes.client")]

ROOTS = {
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"): "V1alpha1ClusterServingRuntime",
    ("serving.kserve.io/v1beta1", "InferenceService"): "V1beta1InferenceService",
    ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
}

# CloudNativePG and the Gateway API have no models on PyPI: the fields that are used, as their references name them.
CLUSTER = {
    "apiVersion": str,
    "kind": str,
    "metadata": {"name": str},
    "spec": {
        "instances": int,
        "imageName": str,
        "bootstrap": {"initdb": {"database": str, "owner": str}},
        "postgresql": {"synchronous": {"method": str, "number": int}},
        "storage": {"size": str},
    },
}

GATEWAY = {
    "apiVersion": str,
    "kind": str,
    "metadata": {"name": str},
    "spec": {
        "gatewayClassName": str,
        "listeners": [{"name": str, "protocol": {"HTTP", "HTTPS", "TLS", "TCP", "UDP"}, "port": int, "hostname": str}],
    },
}
ROUTE = {
    "apiVersion": str,
    "kind": str,
    "metadata": {"name": str},
    "spec": {
        "parentRefs": [{"name": str, "sectionName": str}],
        "hostnames": [str],
        "rules": [
            {
                "matches": [{"path": {"type": {"Exact", "PathPrefix"}, "value": str}}],
                "backendRefs": [{"name": str, "port": int}],
                "timeouts": {"request": str},
            }
        ],
    },
}
GRPC_ROUTE = {
    "apiVersion": str,
    "kind": str,
    "metadata": {"name": str},
    "spec": {
        "parentRefs": [{"name": str, "sectionName": str}],
        "hostnames": [str],
        "rules": [
            {
                "matches": [{"method": {"type": {"Exact"}, "service": str, "method": str}}],
                "backendRefs": [{"name": str, "port": int}],
            }
        ],
    },
}
TABLES = {
    ("postgresql.cnpg.io/v1", "Cluster"): CLUSTER,
    ("gateway.networking.k8s.io/v1", "Gateway"): GATEWAY,
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): ROUTE,
    ("gateway.networking.k8s.io/v1", "GRPCRoute"): GRPC_ROUTE,
}

# What has keys of anybody's choice.
FREE = {"annotations", "labels", "limits", "requests", "matchLabels", "metadata"}

FILES = [
    "keda.yaml", "knative.yaml", "prometheus.yaml", "gateway.yaml", "kserve/runtime.yaml", "kserve/isvc.yaml",
    "kserve/isvc-grpc.yaml", "postgres/cluster.yaml",
]


def plain(value):
    """A document as text would have it: models make numbers and quantities of some strings."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def lost(document, kept, path=""):
    """The fields of a document that its model has dropped."""
    if isinstance(document, dict):
        for key, value in document.items():
            if not isinstance(kept, dict) or key not in kept:
                yield f"{path}.{key}"
            else:
                yield from lost(value, kept[key], f"{path}.{key}")
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from lost(value, kept[index] if isinstance(kept, list) and index < len(kept) else None, f"{path}[{index}]")


def unknown(document, fields, path=""):
    """What is in a document and not in a table of fields: dicts of them, lists of one kind, sets of words, types."""
    if isinstance(fields, list) and isinstance(document, list):
        for index, value in enumerate(document):
            yield from unknown(value, fields[0], f"{path}[{index}]")
    elif isinstance(fields, set):
        if document not in fields:
            yield f"{path}: {document!r} is none of {sorted(fields)}"
    elif isinstance(fields, dict) and isinstance(document, dict):
        for key, value in document.items():
            if key not in fields:
                yield f"{path}.{key}"
            else:
                yield from unknown(value, fields[key], f"{path}.{key}")
    elif not isinstance(fields, type) or not isinstance(document, fields):
        yield f"{path}: {document!r} is not what belongs there"


def strange(document, kind, path=""):
    """What is in a document and not in the generated model of its kind, whose types are words such as list[V1Container]."""
    if found := re.fullmatch(r"[Ll]ist\[(.*)\]", kind):
        if not isinstance(document, list):
            yield f"{path}: {document!r} is no list"
            return
        for index, value in enumerate(document):
            yield from strange(value, found[1], f"{path}[{index}]")
    elif found := re.fullmatch(r"[Dd]ict[(\[](\w+), (.*)[)\]]", kind):
        for key, value in document.items():
            yield from strange(value, found[2], f"{path}.{key}")
    elif kind in ("str", "int", "bool", "float"):
        if type(document).__name__ != kind:
            yield f"{path}: {document!r} is no {kind}"
    elif model := next((getattr(models, kind) for models in GENERATED if hasattr(models, kind)), None):
        names = {word: name for name, word in model.attribute_map.items()}
        for key, value in document.items() if isinstance(document, dict) else ():
            if key not in names:
                yield f"{path}.{key}"
            else:
                yield from strange(value, model.openapi_types[names[key]], f"{path}.{key}")
        if not isinstance(document, dict):
            yield f"{path}: {document!r} is no {kind}"
    elif kind != "object" and not isinstance(document, (str, int, float)):
        yield f"{path}: no model of {kind}"


def problems(document):
    kind = (document["apiVersion"], document["kind"])
    if kind in TABLES:
        return list(unknown(document, TABLES[kind]))
    if kind in ROOTS:
        return list(strange(document, ROOTS[kind]))
    if kind not in MODELS:
        return [f"no model of {kind}"]
    try:
        kept = MODELS[kind].model_validate(document).model_dump(by_alias=True, exclude_unset=True, mode="json")
    except ValueError as error:
        return [str(error)]
    return list(lost(document, plain(kept)))


def mistaken(document):
    """The document with a field by a wrong name: one of those on top, and the one that lies deepest."""
    for place in (["spec"], deepest(document)[:-1]):
        planted = copy.deepcopy(document)
        inside = planted
        for key in place:
            inside = inside[key]
        first = next(iter(inside))
        inside[first + "X"] = inside.pop(first)
        yield planted


def deepest(document):
    """The way to the field that lies deepest of those that have models: what stands in annotations and the like is free."""
    if isinstance(document, dict):
        ways = [[key, *deepest(value)] for key, value in document.items() if key not in FREE]
    elif isinstance(document, list):
        ways = [[index, *deepest(value)] for index, value in enumerate(document) if isinstance(value, dict)]
    else:
        ways = []
    return max(ways, key=len, default=[])


def main():
    isWell = True
    for name in FILES:
        with open(f"deploy/{name}", encoding="utf-8") as file:
            documents = list(yaml.safe_load_all(file))
        for document in documents:
            found = problems(document)
            isFound = all(problems(planted) for planted in mistaken(document))
            isWell = isWell and not found and isFound
            print(f"{name}: {document['kind']}: {found or 'well'}{'' if isFound else '; a planted mistake was not found'}")
    sys.exit(0 if isWell else 1)


if __name__ == "__main__":
    main()
