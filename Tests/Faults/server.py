"""The server under test: started, measured from outside, stopped."""

import os
import re
import resource
import subprocess
import time
import urllib.request

MIB = 1 << 20


class Server:
    """The binary, serving on a free port, and what the kernel says of its process."""

    def __init__(self, binary, *options, descriptors=None):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--log-level", "error", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=limit,
        )
        ready = self.process.stdout.readline().decode()
        self.port = int(ready.rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    @property
    def is_alive(self):
        return self.process.poll() is None

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    @property
    def resident(self):
        """Bytes of memory that are resident now."""
        return self._status("VmRSS")

    @property
    def resident_peak(self):
        """Bytes of memory that were resident at most since `forget_peak()`."""
        return self._status("VmHWM")

    def forget_peak(self):
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def _status(self, name):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(rf"{name}:\s+(\d+) kB", file.read())[1]) * 1024

    @property
    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def processor_share(self, seconds):
        """The share of one core that the server uses in the next so many seconds."""
        before = self.processor_seconds
        time.sleep(seconds)
        return (self.processor_seconds - before) / seconds

    def get(self, path, timeout=10):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
            return answer.read().decode()

    def metric(self, name):
        """The value of a metric; the sum if it has labels that `name` does not give."""
        values = re.findall(rf"^{re.escape(name)}(?:{{.*}})? (\S+)$", self.get("/metrics"), re.MULTILINE)
        return sum(map(float, values))


def eventually(condition, seconds=10.0):
    """Whether `condition` holds before the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
