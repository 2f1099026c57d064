"""The model outside: clients that change modules of their own and know what was acknowledged."""

import array
import http.client
import json
import random
import struct
import threading
import time

LARGE = 160  # A square layer of so many features has more than the 64 KiB that the index holds itself.
JSON = "application/json"
SAFETENSORS = "application/x-safetensors"
# Refusals that are the rules' and not the disk's.
RULES = ("too_many_hooks", "module_in_use")


def safetensors(tensors):
    """A file of float32 tensors, each filled with one number: {key: (shape, number)}."""
    head, offset, bodies = {}, 0, []
    for key, (shape, number) in tensors.items():
        count = 1
        for axis in shape:
            count *= axis
        head[key] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + 4 * count]}
        offset += 4 * count
        bodies.append((array.array("f", [number]) * count).tobytes())
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(bodies)


class Client:
    """One connection that stays open."""

    def __init__(self, port, timeout=30):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def send(self, method, path, body=None, kind=JSON, accept=JSON):
        """Returns status, fields and content."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        fields = {"Accept": accept} | ({"Content-Type": kind} if body is not None else {})
        self.connection.request(method, path, body, fields)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def get(self, path):
        status, _, content = self.send("GET", path)
        return status, json.loads(content)

    def close(self):
        self.connection.close()


def value(tensor):
    """The one number that fills a tensor of an answer; words if it is torn."""
    flat, found = [tensor["data"]], set()
    while flat:
        item = flat.pop()
        if isinstance(item, list):
            flat.extend(item)
        else:
            found.add(item)
    return found.pop() if len(found) == 1 else f"torn: {sorted(found)[:4]}"


class Writer:
    """Changes four modules of its own, and knows what they are: two layers, a large one, and a network of the layers."""

    def __init__(self, number):
        self.number, self.counter, self.acknowledged, self.refused = number, 0, 0, 0
        self.random = random.Random(number)
        self.layers = [f"w{number}-a", f"w{number}-b"]
        self.large, self.net = f"w{number}-large", f"w{number}-net"
        self.names = [*self.layers, self.large, self.net]
        # By name: what the module is; None for one that is not there.
        self.known = dict.fromkeys(self.names)
        self.pending = None  # All modules as they are if the last change happened.
        self.history = [(0, self.known)]  # All modules, and since which revision.
        self.versions = dict.fromkeys(self.names, 0)  # The highest that anybody was told.
        self.seen = {}  # By name and version: what it was.
        self.hook_ids = {}  # By name and value.
        self.revision = 0
        self.wrong = []
        self.changes_left = None

    # Changing

    def start(self, port, changes=None):
        """Makes changes in the background until the server is gone, or so many."""
        self.changes_left = changes
        self.stopping = False
        self.thread = threading.Thread(target=self.run, args=(port,), daemon=True)
        self.thread.start()

    def stop(self):
        self.stopping = True
        self.join()

    def join(self):
        self.thread.join(60)
        if self.thread.is_alive():
            self.wrong.append(f"writer {self.number} got no answer and no end")

    def run(self, port):
        client = Client(port)
        try:
            while not self.stopping and self.changes_left != 0:
                self.change(client)
                if self.changes_left:
                    self.changes_left -= 1
        except (OSError, http.client.HTTPException):
            pass  # The server is gone, perhaps with the last change.
        client.close()

    def change(self, client):
        self.counter += 1
        name = self.random.choice(self.names)
        if self.known[name] is None:
            return self.create(client, name)
        kind, path = self.random.random(), f"/v1/modules/{name}"
        if kind < 0.05:
            return self.send(client, "DELETE", path, None, name, {name: None})
        if kind < 0.12:
            return self.create(client, name)
        now = self.known[name]
        if kind < 0.22:
            hook = {"kind": "forward", "action": {"type": "scale", "value": self.counter}}
            becomes = {name: now | {"hooks": now["hooks"] + [self.counter]}}
            return self.send(client, "POST", path + "/hooks", hook, name, becomes)
        if kind < 0.3 and now["hooks"]:
            gone = self.random.choice(now["hooks"])
            becomes = {name: now | {"hooks": [hook for hook in now["hooks"] if hook != gone]}}
            return self.send(client, "DELETE", f"{path}/hooks/{self.hook_ids[name, gone]}", None, name, becomes)
        number = self.counter
        if name == self.net:
            # One change of two modules.
            a, b = self.layers
            state = {f"{i}.{key}": ([2, 2] if key == "weight" else [2], number) for i in (0, 2) for key in ("weight", "bias")}
            becomes = {layer: self.known[layer] | {"weight": number, "bias": number} for layer in (a, b)}
            return self.send(client, "PUT", path + "/state_dict", safetensors(state), name, becomes, SAFETENSORS)
        size = now["size"]
        if kind < 0.6 and "bias" in now:
            state = {"weight": [[number] * size] * size, "bias": [number] * size}
            becomes = {name: now | {"weight": number, "bias": number}}
            return self.send(client, "PUT", path + "/state_dict", state, name, becomes)
        if kind < 0.7 and "bias" in now:
            return self.send(client, "PUT", path + "/bias", [number] * size, name, {name: now | {"bias": number}})
        becomes = {name: now | {"weight": number}}
        if size > 2:
            state = safetensors({"weight": ([size, size], number)})
            return self.send(client, "PUT", path + "/state_dict", state, name, becomes, SAFETENSORS)
        self.send(client, "PUT", path + "/weight", [[number] * size] * size, name, becomes)

    def create(self, client, name):
        """Puts a whole module, in place of whatever has the name."""
        path, number = f"/v1/modules/{name}", self.counter
        if name == self.net:
            if None in [self.known[layer] for layer in self.layers]:
                return
            children = [{"ref": self.layers[0]}, {"type": "Identity"}, {"ref": self.layers[1]}]
            return self.send(
                client, "PUT", path, {"type": "Sequential", "modules": children}, name, {name: {"hooks": []}})
        if name == self.large:
            body = {"type": "Linear", "in_features": LARGE, "out_features": LARGE, "bias": False, "seed": number}
            body["state_dict"] = {"weight": [[number] * LARGE] * LARGE}
            becomes = {"size": LARGE, "weight": number, "hooks": []}
        else:
            body = {"type": "Linear", "in_features": 2, "out_features": 2}
            body["state_dict"] = {"weight": [[number] * 2] * 2, "bias": [number] * 2}
            becomes = {"size": 2, "weight": number, "bias": number, "hooks": []}
        self.send(client, "PUT", path, body, name, {name: becomes})

    def send(self, client, method, path, body, name, becomes, kind=JSON):
        next = self.known | becomes
        self.pending = self.attempted = next
        status, fields, content = client.send(method, path, body, kind)
        self.answer = status, content
        if status >= 300:
            self.refuse(f"{method} {path}", status, content)
            return
        self.acknowledged += 1
        revision = int(fields["Callpath-Revision"].split(".")[1])
        if revision <= self.revision:
            self.wrong.append(f"{method} {path}: revision {revision} after {self.revision}")
        self.revision = revision
        self.known, self.pending = next, None
        self.history.append((revision, next))
        if method == "POST":
            self.hook_ids[name, self.counter] = json.loads(content)["id"]
        if fields.get("ETag"):
            version = int(fields["ETag"].strip('"').split("-")[0])
            if version <= self.versions[name]:
                self.wrong.append(f"{method} {path}: version {version} after {self.versions[name]}")
            self.note(name, version, self.content(next, name))

    def refuse(self, what, status, content):
        code = json.loads(content).get("code") if content else None
        if code not in RULES:
            self.wrong.append(f"{what}: {status} {content[:200]}")
        self.refused += 1
        self.pending = None

    def note(self, name, version, content):
        """Remembers what a version was; no version may be two things."""
        before = self.seen.setdefault((name, version), content)
        if before != content:
            self.wrong.append(f"{name} has version {version} twice: {before}, {content}")
        self.versions[name] = max(self.versions[name], version)

    def content(self, modules, name):
        """All of a module that goes with its version."""
        module = modules[name]
        return (module, [modules[layer] for layer in self.layers]) if name == self.net else module

    # Checking

    def check(self, client, revision=None):
        """Compares what the server has with what was acknowledged, or that and the change without an answer.

        With `revision`, with what was acknowledged up to then.
        """
        found, versions = {}, {}
        for name in self.names:
            found[name], versions[name] = self.read(client, name)
        if revision is not None:
            allowed = [[modules for since, modules in self.history if since <= revision][-1]]
        else:
            allowed = [self.known] + ([self.pending] if self.pending else [])
        if found not in allowed:
            differing = {n: (found[n], [a[n] for a in allowed]) for n in self.names if found[n] != allowed[0][n]}
            self.wrong.append(f"writer {self.number}: found, allowed: {differing}")
        if revision is not None:
            return
        for name, version in versions.items():
            if found[name] is None:
                continue
            if version < self.versions[name]:
                self.wrong.append(f"{name}: version {version} where {self.versions[name]} was seen")
            self.note(name, version, self.content(found, name))
        self.known, self.pending = found, None
        self.history.append((self.revision, found))

    def read(self, client, name):
        """Returns what a module is, and its version."""
        path = f"/v1/modules/{name}"
        status, document = client.get(path)
        if status == 404:
            return None, 0
        status, state = client.get(path + "/state_dict") if status == 200 else (status, document)
        if status != 200:
            return f"{status} {state}", 0
        hooks = document["hooks"]
        for hook in hooks:
            self.hook_ids[name, hook["action"]["value"]] = hook["id"]
        module = {"hooks": [hook["action"]["value"] for hook in hooks if not hook.get("module")]}
        if name == self.net:
            # It must be what its layers are, which `content` compares: read them through it.
            for index, layer in ((0, self.layers[0]), (2, self.layers[1])):
                own = client.get(f"/v1/modules/{layer}/state_dict")[1]
                for key, tensor in own.items():
                    if tensor != state.get(f"{index}.{key}"):
                        self.wrong.append(f"{name} has another {index}.{key} than {layer}")
        else:
            module["size"] = document["in_features"]
            module |= {key: value(tensor) for key, tensor in state.items()}
            if not hooks:
                self.call(client, path, module)
        return module, document["version"]

    def call(self, client, path, module):
        """A call must give what the tensors say."""
        size = module["size"]
        status, _, content = client.send("POST", path + "/call", {"input": [1] * size})
        expected = size * module["weight"] + module.get("bias", 0) if not isinstance(module["weight"], str) else None
        output = json.loads(content).get("output")
        if status != 200 or output != [expected] * size:
            self.wrong.append(f"{path}: {status}, a call gives {str(output)[:80]} and not {expected}")


class Watcher:
    """Reads modules while they change: a version that anybody was shown must not vanish."""

    def __init__(self, writers):
        self.writers = writers

    def start(self, port):
        self.shown = {}
        self.thread = threading.Thread(target=self.run, args=(port,), daemon=True)
        self.thread.start()

    def run(self, port):
        client, places = Client(port), [(writer, name) for writer in self.writers for name in writer.layers]
        try:
            while True:
                writer, name = random.choice(places)
                status, fields, content = client.send("GET", f"/v1/modules/{name}/weight")
                if status == 200:
                    self.shown[name] = writer, int(fields["ETag"].strip('"').split("-")[0]), value(json.loads(content))
                time.sleep(0.002)
        except (OSError, http.client.HTTPException):
            client.close()

    def check(self, client):
        """A module that is still there has that version or a later one; a deleted one was deleted after it."""
        self.thread.join(30)
        for name, (writer, version, number) in self.shown.items():
            status, fields, content = client.send("GET", f"/v1/modules/{name}/weight")
            if status != 200:
                continue  # That it may be gone is checked by its writer.
            now = int(fields["ETag"].strip('"').split("-")[0])
            if now < version or now == version and value(json.loads(content)) != number:
                writer.wrong.append(f"{name}: version {version} was shown, and is {now} after the kill")


def revision(client):
    return client.get("/v1/store")[1]["revision"]
