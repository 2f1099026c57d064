"""Writers and readers who know what they were told, and a look at whether it can all be true.

A writer changes a module only from the version that it knows (If-Match), to a number that nobody else writes. So of all
that were acknowledged no version may come twice, a later acknowledgement has a later version, and what is there in the
end is what was acknowledged for its version. A reader sends back the revisions that it got, to any replica, and may then
never see an older version than before.
"""

import random
import threading
import time

from replica import Client


class History:
    def __init__(self):
        self.lock = threading.Lock()
        self.versions = {}  # By name and version: the value that was acknowledged.
        self.unknown = {}  # By name: values of which nobody knows what became.
        self.wrong = []
        self.acknowledged = self.refused = self.unanswered = self.lost_races = self.reads = self.calls = 0
        self.codes = {}
        self.failed_calls = []
        self.times = []  # When each change was acknowledged.

    def note(self, text):
        with self.lock:
            self.wrong.append(text)

    def acknowledge(self, name, version, value):
        with self.lock:
            self.acknowledged += 1
            self.times.append(time.monotonic())
            if self.versions.setdefault((name, version), value) != value:
                self.wrong.append(f"{name} was given version {version} twice")

    def gap(self, since, until):
        """The longest time in which nothing was acknowledged."""
        with self.lock:
            times = [since, *(time for time in self.times if since < time < until), until]
        return max(after - before for before, after in zip(times, times[1:]))

    def refuse(self, code):
        with self.lock:
            self.refused += 1
            self.codes[code] = self.codes.get(code, 0) + 1


class Worker(threading.Thread):
    def __init__(self, history, replicas, seed):
        super().__init__(daemon=True)
        self.history, self.random, self.ends, self.pause = history, random.Random(seed), False, 0
        self.clients = [Client(replica) for replica in replicas]

    def run(self):
        while not self.ends:
            try:
                self.step(self.random.choice(self.clients))
                if self.pause:
                    time.sleep(self.pause)
            except OSError:
                self.missed()
                time.sleep(0.02)

    def missed(self):
        pass


class Writer(Worker):
    """Sets the bias of modules, each to a number of its own; `owns`: nobody else writes them, so that it knows their versions."""

    counter = 0
    counting = threading.Lock()

    def __init__(self, history, replicas, seed, names, owns=False):
        super().__init__(history, replicas, seed)
        self.names, self.owns, self.revisions, self.known, self.pending = names, owns, {}, {}, None

    def step(self, client):
        name = self.random.choice(self.names)
        version, tag = self.known.pop(name, (None, None))
        if not tag:
            headers = {"Callpath-Minimum-Revision": self.revisions[name]} if name in self.revisions else {}
            status, fields, body = client.send("GET", f"/v1/modules/{name}", headers=headers)
            if status != 200:
                return self.history.refuse(body.get("code"))
            version, tag = body["version"], fields["ETag"]
        with Writer.counting:
            Writer.counter += 1
            value = Writer.counter
        self.pending = (name, value)
        status, fields, answer = client.send("PUT", f"/v1/modules/{name}/bias", [value, value], {"If-Match": tag})
        self.pending = None
        if status == 200:
            if answer["version"] != version + 1:
                self.history.note(f"{name}: If-Match {version} made version {answer['version']}")
            self.revisions[name] = fields["Callpath-Revision"]
            if self.owns:
                self.known[name] = (answer["version"], fields["ETag"])
            return self.history.acknowledge(name, answer["version"], value)
        if answer.get("outcome") == "unknown":
            with self.history.lock:
                self.history.unknown.setdefault(name, set()).add(value)
        if status == 412:
            with self.history.lock:
                self.history.lost_races += 1
            return None
        self.history.refuse(answer.get("code"))
        return time.sleep(0.02)

    def missed(self):
        if self.pending:
            name, value = self.pending
            with self.history.lock:
                self.history.unanswered += 1
                self.history.unknown.setdefault(name, set()).add(value)
            self.pending = None


class Reader(Worker):
    """Calls a network that adds up what its parts say, and never goes back in time."""

    def __init__(self, history, replicas, seed, name):
        super().__init__(history, replicas, seed)
        self.name, self.revision, self.version = name, None, 0

    def step(self, client):
        headers = {"Callpath-Minimum-Revision": self.revision} if self.revision else {}
        status, fields, body = client.send("GET", f"/v1/modules/{self.name}", headers=headers)
        if status == 200:
            with self.history.lock:
                self.history.reads += 1
            if body["version"] < self.version:
                self.history.note(f"{self.name} went back from {self.version} to {body['version']}")
            self.version, self.revision = body["version"], fields["Callpath-Revision"]
        elif body["code"] != "replica_behind":
            self.history.refuse(body["code"])


class PairWriter(Worker):
    """Changes two modules at once, through the network that refers to both: what they add is always nothing."""

    def step(self, client):
        value = self.random.randrange(1, 1_000)
        entries = {"0.bias": [value, value], "1.bias": [-value, -value]}
        status, _, body = client.send("PUT", "/v1/modules/pair/state_dict?strict=false", entries)
        if status != 200:
            self.history.refuse(body.get("code"))
            time.sleep(0.02)


class Caller(Worker):
    """Calls without any condition: an answer must always come, of one version of everything."""

    def __init__(self, history, replicas, seed, name):
        super().__init__(history, replicas, seed)
        self.name = name

    def step(self, client):
        status, _, body = client.send("POST", f"/v1/modules/{self.name}/call", {"input": [0, 0]})
        with self.history.lock:
            self.history.calls += 1
        if status != 200:
            with self.history.lock:
                self.history.failed_calls.append(body.get("code"))
        elif body["output"] != [0, 0]:
            self.history.note(f"a call of {self.name} was torn: {body['output']}")


def check(history, replicas, names):
    """Compares what the replicas show in the end, with each other and with what was acknowledged."""
    ends = []
    for replica in replicas:
        client, found = Client(replica), {}
        for name in names:
            _, _, document = client.send("GET", f"/v1/modules/{name}")
            _, _, bias = client.send("GET", f"/v1/modules/{name}/bias")
            found[name] = (document["version"], int(bias["data"][0]))
        ends.append(found)
    if any(found != ends[0] for found in ends):
        history.wrong.append(f"the replicas differ: {ends}")
    for name, (version, value) in ends[0].items():
        newest = max((known for other, known in history.versions if other == name), default=0)
        if version < newest:
            history.wrong.append(f"{name} lost version {newest}: it is at {version}")
        told = history.versions.get((name, version))
        if told is not None and told != value:
            history.wrong.append(f"{name} {version} is {value}, and {told} was acknowledged")
        if told is None and value and value not in history.unknown.get(name, ()):
            history.wrong.append(f"{name} {version} is {value}, which nobody can have written")
        # Each version was acknowledged, or is one of which nobody knew.
        gaps = version - 1 - sum(1 for other, known in history.versions if other == name and known > 1)
        if gaps > len(history.unknown.get(name, ())):
            history.wrong.append(f"{name} has {gaps} versions that nobody can have made")
