"""What a fault is given, and how it says what it found."""

import time

from clients import Probe
from server import MIB, eventually

FAULTS = []


def fault(function):
    """Adds `function` to the run; its docstring is the name of its row."""
    FAULTS.append(function)
    return function


class Broken(Exception):
    """A promise that the server did not keep."""


def expect(condition, what):
    if not condition:
        raise Broken(what)


class Scene:
    """A fault's server and size, and the figures that it finds."""

    # What the allocator and the caches of a process may keep of what it has been through.
    KEPT = 24 * MIB

    def __init__(self, server, binary, is_short, most_connections):
        self.server = server
        self.binary = binary
        self.is_short = is_short
        self.most_connections = most_connections
        self.figures = []

    def size(self, long, short):
        return short if self.is_short else long

    def connections(self, long, short):
        """As many as that, within what this process may open."""
        return min(self.size(long, short), self.most_connections)

    def note(self, text):
        self.figures.append(text)

    def remember_base(self):
        self.base = (self.server.descriptors, self.server.resident)

    def expect_base(self):
        """Descriptors are all back, and so is the memory but for what an allocator keeps."""
        descriptors, resident = self.base
        back = eventually(lambda: self.server.descriptors <= descriptors)
        expect(back, f"{self.server.descriptors} descriptors where {descriptors} were before")
        back = eventually(lambda: self.server.resident <= resident + self.KEPT, 5)
        expect(back, f"{self.server.resident / MIB:.0f} MiB resident where {resident / MIB:.0f} were before")
        self.note(f"after it {(self.server.resident - resident) / MIB:+.1f} MiB")

    def expect_flat(self, seconds, server=None, limit=5):
        """A normal client is served as before while the fault goes on, in `limit` milliseconds.

        On a machine that is busy with something else the client alone may take longer, so that it may take three
        times as long as alone; one bad second of the machine is not the server's: it has three tries.
        """
        limit = max(limit, 3 * self.alone["p99"])
        for _ in range(3):
            times = Probe((server or self.server).port, seconds).milliseconds()
            if times["p99"] <= limit:
                break
        self.note(f"p50 {times['p50']:.2f} ms, p99 {times['p99']:.2f} ms (alone {self.alone['p99']:.2f})")
        expect(times["p99"] <= limit, f"a normal client's p99 is {times['p99']:.1f} ms")

    def measure_alone(self, seconds):
        self.alone = Probe(self.server.port, seconds).milliseconds()


def run(function, scene):
    """Runs one fault and prints its row; returns whether it passed."""
    start = time.monotonic()
    problem = None
    try:
        scene.figures.clear()
        scene.remember_base()
        function(scene)
        expect(scene.server.is_alive, "the server has died")
        scene.expect_base()
    except Broken as broken:
        problem = str(broken)
    except (OSError, AssertionError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
    mark = "FAIL" if problem else "ok  "
    text = "; ".join(scene.figures + ([problem] if problem else []))
    print(f"{mark} {function.__doc__.strip()} [{time.monotonic() - start:.1f} s]: {text}", flush=True)
    return problem is None
