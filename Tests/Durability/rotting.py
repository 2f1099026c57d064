"""Bits that flip in the files of the folder: found or harmless, never a wrong answer."""

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess

from folders import INDEX, fill
from model import Client, safetensors
from report import expect, row
from server import Server

OPTIONS = ("--kept-versions", "3")


class Answers:
    """All that a client can read of the modules, as the whole folder gives it."""

    def __init__(self, port):
        client = Client(port)
        names = [m["name"] for m in client.get("/v1/modules")[1]["modules"]]
        self.questions = {}
        for name in sorted(names):
            path = f"/v1/modules/{name}"
            document = client.get(path)[1]
            size = document.get("in_features", 2)
            self.ask(client, "GET", path)
            self.ask(client, "GET", path + "/state_dict", accept="application/x-safetensors")
            self.ask(client, "POST", path + "/call", {"input": [1.5] * size})
            for version in range(max(1, document["version"] - 2), document["version"]):
                self.ask(client, "POST", f"{path}/call?version={version}", {"input": [1.5] * size})
        self.ask(client, "GET", "/v1/hooks")

    def ask(self, client, method, path, body=None, accept="application/json"):
        status, _, content = client.send(method, path, body, accept=accept)
        self.questions[method, path, json.dumps(body), accept] = status, self.steady(content)

    @staticmethod
    def steady(content):
        """Without what is not kept: how often a module and its hooks were called, and how long it took."""
        try:
            value = json.loads(content)
        except ValueError:
            return content
        return Answers.without(value)

    @staticmethod
    def without(value):
        if isinstance(value, list):
            return [Answers.without(item) for item in value]
        if isinstance(value, dict):
            left = {"calls", "statistics", "duration_us", "times"}
            return {key: Answers.without(item) for key, item in value.items() if key not in left}
        return value

    def faults(self, port):
        """Returns what a server answers otherwise without calling it damage, and whether it found any."""
        client, wrong, found = Client(port), [], False
        for (method, path, body, accept), expected in self.questions.items():
            status, _, content = client.send(method, path, json.loads(body), accept=accept)
            if status == 409 and b'"damaged_module"' in content:
                found = True
            elif (status, self.steady(content)) != expected:
                # A version before a damaged one cannot be called either.
                wrong.append(f"{method} {path}: {status} {content[:120]}")
        client.close()
        return wrong, found


def make(scene, folder):
    """A registry of layers of all kinds, networks, hooks with tensors, global hooks and earlier versions."""
    fill(scene, folder, changes=30)
    with Server(scene.binary, "--data", folder, *OPTIONS) as server:
        client = Client(server.port)

        def send(method, path, body, kind="application/json"):
            status, _, content = client.send(method, path, body, kind)
            expect(status < 300, f"{method} {path}: {status} {content[:200]}")

        send("PUT", "/v1/modules/conv", {"type": "Conv2d", "in_channels": 1, "out_channels": 4, "kernel_size": 3})
        send("PUT", "/v1/modules/norm", {"type": "BatchNorm1d", "num_features": 2, "training": False})
        send("PUT", "/v1/modules/fc", {"type": "Linear", "in_features": 2, "out_features": 2})
        layers = [{"ref": "fc"}, {"type": "ReLU"}, {"ref": "norm"}]
        send("PUT", "/v1/modules/chain", {"type": "Sequential", "modules": layers})
        for number in (1, 2, 3):
            send("PUT", "/v1/modules/fc/bias", [number, -number])
        wide = {"type": "Linear", "in_features": 160, "out_features": 160, "bias": False, "seed": 1}
        for name in ("wide", "twin"):
            send("PUT", f"/v1/modules/{name}", wide)
        state = safetensors({"weight": ([160, 160], 0.25)})
        send("PUT", "/v1/modules/wide/state_dict", state, "application/x-safetensors")
        hook = {"kind": "forward", "action": {"type": "add", "value": [0.5, 0.25]}}
        send("POST", "/v1/modules/fc/hooks", hook)
        send("POST", "/v1/hooks", {"kind": "forward_pre", "action": {"type": "scale", "value": 2}})
        server.stop()
    with contextlib.closing(sqlite3.connect(f"{folder}/{INDEX}")) as index:
        index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder}/{INDEX}{suffix}")


def blobs(folder):
    return sorted(f"{where[len(folder) + 1:]}/{name}" for where, _, names in os.walk(folder + "/blobs") for name in names)


def put_back(folder, name, content):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{folder}/{name}")
    with open(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(content)


def flip(content, generator):
    bits = bytearray(content)
    bits[generator.randrange(len(bits))] ^= 1 << generator.randrange(8)
    return bytes(bits)


@row
def flipped_bits(scene):
    """single bits that flip in the index or in a tensor's file: damage that is said, or the same answers as before"""
    folder = scene.folder() + "/data"
    make(scene, folder)
    with Server(scene.binary, "--data", folder, *OPTIONS) as server:
        answers = Answers(server.port)
        server.stop()
    names = [INDEX, *blobs(folder)]
    contents = {name: open(f"{folder}/{name}", "rb").read() for name in names}
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{folder}/{INDEX}-wal")
    generator = random.Random(7)
    flips, counts, wrong, worse = scene.size(long=10_000, short=150), dict.fromkeys(OUTCOMES, 0), [], []
    for number in range(flips):
        name = INDEX if generator.random() < 0.7 else generator.choice(names[1:])
        put_back(folder, name, flip(contents[name], generator))
        outcome, faults = answers_of(scene, folder, answers)
        counts[outcome] += 1
        wrong += [f"flip {number} in {name}: {fault}" for fault in faults]
        if number % 10 == 0:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{folder}/{INDEX}-wal")
            status = subprocess.run([scene.binary, "verify", "--data", folder], capture_output=True).returncode
            if outcome != "harmless" and status == 0:
                wrong.append(f"flip {number} in {name}: verify finds nothing, the server: {outcome}")
        gone = [blob for blob in names[1:] if not os.path.exists(f"{folder}/{blob}")]
        if gone:
            worse.append(f"flip {number} in {name}: {gone[0]} was removed")
        for changed in {name, INDEX, *gone}:
            put_back(folder, changed, contents[changed])
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{folder}/{INDEX}-wal")
    scene.note(f"{flips} flips: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    scene.note(f"{len(wrong)} wrong answers, {len(worse)} made worse by a start")
    expect(not wrong, "; ".join(wrong[:3]))
    expect(not worse, "; ".join(worse[:3]))


OUTCOMES = ("harmless", "damaged modules", "no start")


def answers_of(scene, folder, answers):
    """Starts a server on the folder; returns what came of it, and what was wrong."""
    try:
        with Server(scene.binary, "--data", folder, *OPTIONS) as server:
            wrong, found = answers.faults(server.port)
            return "damaged modules" if found else "harmless", wrong
    except AssertionError as error:
        is_right = "Error: --data: " in str(error)
        return "no start", [] if is_right else [str(error)]


@row
def flipped_bits_of_the_log(scene):
    """bits that flip in the log after a crash, the one exception: whole changes are gone from the end, nothing is half there"""
    folder = scene.folder()
    base = folder + "/base"
    fill(scene, base, changes=5)
    with Server(scene.binary, "--data", base) as server:
        client = Client(server.port)
        layer = {"type": "Linear", "in_features": 2, "out_features": 2}
        client.send("PUT", "/v1/modules/last", layer | {"state_dict": {"weight": [[0, 0]] * 2, "bias": [0, 0]}})
        for number in range(1, 40):
            state = {"weight": [[number] * 2] * 2, "bias": [number] * 2}
            client.send("PUT", "/v1/modules/last/state_dict", state)
        server.process.kill()
    log = open(f"{base}/{INDEX}-wal", "rb").read()
    index = open(f"{base}/{INDEX}", "rb").read()
    generator, flips, shorter, refused = random.Random(3), scene.size(long=1_000, short=20), 0, 0
    for _ in range(flips):
        put_back(base, INDEX, index)
        put_back(base, INDEX + "-wal", flip(log, generator))
        try:
            with Server(scene.binary, "--data", base) as server:
                status, state = Client(server.port).get("/v1/modules/last/state_dict")
        except AssertionError as error:
            expect("Error: --data: " in str(error), str(error))
            refused += 1
            continue
        if status != 404:
            expect(status == 200, f"{status} {state}")
            values = {v for row in state["weight"]["data"] for v in row} | set(state["bias"]["data"])
            expect(len(values) == 1, f"half a change: {state}")
            shorter += values != {39}
        else:
            shorter += 1
    scene.note(f"{flips} flips: {shorter} lost whole changes from the end, {refused} did not start, none half")
