"""Faults that clients make, one after another against one server: what it answers, and what is left behind.

    python3 Tests/Faults [--short] BINARY [FAULT...]
"""

import argparse
import resource
import sys

import exhaustion  # noqa: F401  (each adds its faults, in this order)
import http2  # noqa: F401
import leaving  # noqa: F401
import slow  # noqa: F401
import vanishing  # noqa: F401
from clients import call
from report import FAULTS, Scene, run
from server import MIB, Server, eventually

OPTIONS = """
    --head-timeout 2s --body-idle-timeout 2s --body-timeout 3s --write-timeout 2s --idle-timeout 6s
    --linger-idle-timeout 500ms --linger-timeout 2s --max-held-body-bytes 64MiB --max-held-answer-bytes 64MiB
""".split()

LAYERS = [
    {"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3},
    {"name": "big", "type": "Linear", "in_features": 512, "out_features": 512},
    {"name": "wide", "type": "Linear", "in_features": 2048, "out_features": 2048},
    # A call of it takes about a second.
    {"name": "deep", "type": "Sequential", "modules": [{"ref": "wide"}] * 32},
]


def main():
    parser = argparse.ArgumentParser(prog="faults", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer clients, for CI")
    parser.add_argument("binary")
    parser.add_argument("fault", nargs="*", help="only these: " + ", ".join(f.__name__ for f in FAULTS))
    arguments = parser.parse_args()
    _, descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    wanted = [f for f in FAULTS if not arguments.fault or f.__name__ in arguments.fault]
    with Server(arguments.binary, *OPTIONS) as server:
        scene = Scene(server, arguments.binary, arguments.short, most_connections=descriptors - 100)
        prepare(scene)
        passed = [run(function, scene) for function in wanted if server.is_alive]
    print(f"{sum(passed)} of {len(wanted)} faults passed")
    return 0 if sum(passed) == len(wanted) else 1


def prepare(scene):
    """Makes the modules, and has a normal client's times and the memory of a server that has worked."""
    for layer in LAYERS:
        code, answer = call(scene.server.port, "POST", "/v1/modules", layer)
        assert code == 201, answer
    for name, size in (("fc", 4), ("big", 512), ("wide", 2048)):
        for _ in range(3):
            code, answer = call(scene.server.port, "POST", f"/v1/modules/{name}/call", {"input": [[1] * size] * 64})
            assert code == 200, answer
    scene.measure_alone(scene.size(long=2, short=0.8))
    eventually(lambda: scene.server.descriptors < 30)
    print(f"a normal client alone: {scene.alone}; {scene.server.descriptors} descriptors,", end=" ")
    print(f"{scene.server.resident / MIB:.0f} MiB resident", flush=True)


if __name__ == "__main__":
    sys.exit(main())
