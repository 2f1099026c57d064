"""The built `callpath` as a process. The scripts that run these tests set CALLPATH_BINARY."""
import json
import os
import re
import subprocess
import urllib.request


class Server:
    """The binary on 127.0.0.1, on a free port unless one is given."""

    def __init__(self, *arguments, port=0, stderr=None, **environment):
        self.process = subprocess.Popen(
            [os.environ["CALLPATH_BINARY"], "serve", "--port", str(port), *arguments],
            stdout=subprocess.PIPE, stderr=stderr, text=True, env={**os.environ, **environment})
        ready = self.process.stdout.readline()
        # A path may follow, that of --path-prefix.
        self.port = int(re.search(r"://[^/]*:(\d+)", ready)[1])
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"

    def request(self, method, path, body=None, headers={}):
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        return urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers, method=method))

    def json(self, method, path, body=None):
        with self.request(method, path, body) as answer:
            return json.load(answer)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(timeout=20) == 0
