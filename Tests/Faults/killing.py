"""The end without a warning: what was acknowledged is there afterwards."""

import http.client
import json
import random
import shutil
import tempfile
import threading
import time

from clients import call
from report import expect, fault
from server import Server

WRITERS = 8
LARGE = 160  # A square layer of so many features is more than the 64 KiB that the index holds itself.


def get(port, path):
    status, content = call(port, "GET", path)
    return status, json.loads(content)


class Writer(threading.Thread):
    """Changes modules of its own, and knows what was acknowledged: the model outside."""

    def __init__(self, number):
        self.number, self.counter, self.acknowledged = number, 0, 0
        self.random = random.Random(number)
        # By name: what the module is, or None for one that is not there.
        self.known = {f"m{number}-{i}": None for i in range(3)}
        self.seen = {}  # By name and version: what it was when it was acknowledged.
        self.pending = None
        self.wrong = []

    def start(self, port):
        super().__init__(daemon=True)
        self.port, self.pending = port, None
        super().start()

    def run(self):
        self.client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            while True:
                self.change(self.random.choice(list(self.known)))
        except (OSError, http.client.HTTPException):
            pass  # The server is gone, perhaps with the last change.

    def change(self, name):
        now, self.counter = self.known[name], self.counter + 1
        path = f"/v1/modules/{name}"
        if now is None:
            size = LARGE if self.random.random() < 0.2 else 2
            body = {"type": "Linear", "in_features": size, "out_features": size, "bias": False}
            body["state_dict"] = {"weight": [[self.counter] * size] * size}
            return self.send("PUT", path, body, name, {"size": size, "value": self.counter, "hooks": []})
        kind = self.random.random()
        if kind < 0.05:
            return self.send("DELETE", path, None, name, None)
        if kind < 0.2:
            hook = {"kind": "forward", "action": {"type": "scale", "value": self.counter}}
            return self.send("POST", path + "/hooks", hook, name, {**now, "hooks": now["hooks"] + [self.counter]})
        size = now["size"]
        return self.send("PUT", path + "/weight", [[self.counter] * size] * size, name, {**now, "value": self.counter})

    def send(self, method, path, body, name, becomes):
        self.pending = (name, becomes)
        text = None if body is None else json.dumps(body)
        self.client.request(method, path, text, {"Content-Type": "application/json"})
        answer = self.client.getresponse()
        content = answer.read()
        if answer.status >= 300:
            # More hooks than a module may have are no fault.
            if b"too_many_hooks" not in content:
                self.wrong.append(f"{method} {path}: {answer.status} {content[:200]}")
            becomes = self.known[name]
        else:
            self.acknowledged += 1
        self.known[name], self.pending = becomes, None

    def check(self, port):
        """Compares what the server has with what was acknowledged, or that and the change without an answer."""
        for name, known in self.known.items():
            found = self.found(port, name)
            allowed = [known] + ([self.pending[1]] if self.pending and self.pending[0] == name else [])
            if found is not None:
                version = found.pop("version")
                before = self.seen.setdefault((name, version), found)
                if before != found:
                    self.wrong.append(f"{name} has version {version} twice: {before}, {found}")
            if found not in allowed:
                self.wrong.append(f"{name}: {found}, acknowledged {allowed}")
            self.known[name] = found

    @staticmethod
    def found(port, name):
        status, document = get(port, f"/v1/modules/{name}")
        if status == 404:
            return None
        if status != 200:
            return {"version": 0, "status": status, "answer": document}
        weight = get(port, f"/v1/modules/{name}/weight")[1]["data"]
        values = {value for row in weight for value in row}
        hooks = [hook["action"]["value"] for hook in document["hooks"]]
        value = values.pop() if len(values) == 1 else f"torn: {values}"
        return {"version": document["version"], "size": document["in_features"], "value": value, "hooks": hooks}


@fault
def killed_while_writing(scene):
    """kill -9 under load with --data: nothing acknowledged is lost, nothing is half there, no version comes twice"""
    folder = tempfile.mkdtemp(prefix="callpath-killed-")
    writers = [Writer(number) for number in range(WRITERS)]
    kills = scene.size(long=200, short=4)
    try:
        for _ in range(kills):
            with Server(scene.binary, "--data", folder + "/data") as server:
                for writer in writers:
                    writer.check(server.port)
                for writer in writers:
                    writer.start(server.port)
                time.sleep(random.uniform(0.1, 0.9))
                server.process.kill()
                for writer in writers:
                    writer.join(30)
        with Server(scene.binary, "--data", folder + "/data") as server:
            for writer in writers:
                writer.check(server.port)
            store = get(server.port, "/v1/store")[1]
    finally:
        shutil.rmtree(folder)
    wrong = [text for writer in writers for text in writer.wrong]
    acknowledged = sum(writer.acknowledged for writer in writers)
    scene.note(f"{kills} kills, {acknowledged} changes acknowledged, {store['revision']} in the store")
    expect(not wrong, f"{len(wrong)} wrong: {'; '.join(wrong[:3])}")
    expect(store["damaged"] == [], f"damaged: {store['damaged']}")
    expect(store["revision"] >= acknowledged, "fewer changes in the store than were acknowledged")
