"""Holds the manifests of others' kinds in deploy/ to the models of those kinds, and shows that a mistake would be found.

python3 Tests/Deployments/check.py: needs cloudcoil-models-keda, -knative-serving and -prometheus-operator, and PyYAML.
"""

import copy
import sys

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

# CloudNativePG has no model on PyPI: the fields that are used, as its API reference names them.
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

FILES = ["keda.yaml", "knative.yaml", "prometheus.yaml", "postgres/cluster.yaml"]


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
    if isinstance(fields, dict):
        for key, value in document.items():
            if key not in fields:
                yield f"{path}.{key}"
            else:
                yield from unknown(value, fields[key], f"{path}.{key}")
    elif not isinstance(document, fields):
        yield f"{path}: {document!r} is no {fields.__name__}"


def problems(document):
    kind = (document["apiVersion"], document["kind"])
    if kind == ("postgresql.cnpg.io/v1", "Cluster"):
        return list(unknown(document, CLUSTER))
    if kind not in MODELS:
        return [f"no model of {kind}"]
    try:
        kept = MODELS[kind].model_validate(document).model_dump(by_alias=True, exclude_unset=True, mode="json")
    except ValueError as error:
        return [str(error)]
    return list(lost(document, plain(kept)))


def main():
    isWell = True
    for name in FILES:
        with open(f"deploy/{name}", encoding="utf-8") as file:
            documents = list(yaml.safe_load_all(file))
        for document in documents:
            found = problems(document)
            planted = copy.deepcopy(document)
            first = next(iter(planted["spec"]))
            planted["spec"][first + "X"] = planted["spec"].pop(first)
            isFound = bool(problems(planted))
            isWell = isWell and not found and isFound
            print(f"{name}: {document['kind']}: {found or 'well'}{'' if isFound else '; a planted mistake was not found'}")
    sys.exit(0 if isWell else 1)


if __name__ == "__main__":
    main()
