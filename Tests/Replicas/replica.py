"""One of several servers of a registry, and what a client sees of it."""

import http.client
import json
import os
import select
import signal
import subprocess


class Replica:
    def __init__(self, binary, url, name, cache=None, place=None, faults=None):
        """`place`: the network that it runs in, if it has one of its own. `faults`: where libfiu is told which calls fail."""
        self.binary, self.url, self.name, self.cache, self.place, self.faults = binary, url, name, cache, place, faults
        self.host = place.host if place else "127.0.0.1"
        self.start()

    def start(self):
        options = ["--data", self.cache] if self.cache else []
        environment = {**os.environ, "CALLPATH_STORE": self.url}
        inside = ["ip", "netns", "exec", self.place.name] if self.place else []
        inside += ["fiu-run", "-x", "-f", self.faults] if self.faults else []
        self.process = subprocess.Popen(
            [
                *inside, self.binary, "serve", "--port", "0", "--replica", self.name, "--log-level", "error",
                "--kept-versions", "5", "--host", self.host, *options,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        # libfiu has a deadlock of its own while libraries are loaded (Tests/Durability/failing.py): then it is started again.
        if self.faults and not select.select([self.process.stdout], [], [], 60)[0]:
            self.kill()
            return self.start()
        self.port = int(self.process.stdout.readline().decode().rsplit(":", 1)[1])

    @property
    def pid(self):
        """The server's own number: fiu-run is a shell that does not become it."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="utf-8") as file:
            return int((file.read().split() or [self.process.pid])[0]) if self.faults else self.process.pid

    def tell(self, command):
        """Has libfiu let calls of the server fail, or no longer."""
        subprocess.run(["fiu-ctrl", "-f", self.faults, "-c", command, str(self.pid)], check=True, timeout=60)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Client:
    """A connection to a replica that is made anew when it breaks."""

    def __init__(self, replica, timeout=30):
        self.replica, self.timeout, self.connection, self.port = replica, timeout, None, None

    def send(self, method, path, body=None, headers=None):
        """Returns status, headers, and the body as JSON where it is; raises OSError if there is no answer."""
        if self.port != self.replica.port or self.connection is None:
            self.port = self.replica.port
            self.connection = http.client.HTTPConnection(self.replica.host, self.port, timeout=self.timeout)
        content = None if body is None else json.dumps(body)
        fields = {"Content-Type": "application/json", **(headers or {})}
        try:
            self.connection.request(method, path, content, fields)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            raise OSError(str(error)) from error
        return answer.status, answer.headers, json.loads(text) if text else None
