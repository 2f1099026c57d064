"""A disk that fails: libfiu lets system calls of the running server fail, one kind after another."""

import errno
import http.client
import json
import os
import shutil
import signal
import subprocess

from model import Client, Writer
from report import Broken, LeftOut, expect, row
from server import Server, Silent

POINTS = [
    "posix/io/rw/write", "posix/io/rw/write/reduce", "posix/io/rw/pwrite", "posix/io/rw/pwrite/reduce",
    "posix/io/sync/fsync", "posix/io/sync/fdatasync", "posix/io/oc/open", "posix/io/rw/ftruncate",
    "posix/io/dir/unlink", "posix/io/dir/rename", "posix/io/rw/pread", "posix/io/rw/read",
]
NUMBERS = [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE]
SYNCS = ("posix/io/sync/fsync", "posix/io/sync/fdatasync")


class FailingServer(Server):
    """A server whose system calls can be told to fail."""

    def __init__(self, scene, *options):
        # libfiu looks up a function when it is first called, with a lock of its own that its malloc takes too: a process may stop
        # for good while it loads a library in another thread (seen once, by gdb, on a busy machine).
        for patience in (15, 15, 60):
            try:
                self.start(scene, options, patience)
                break
            except Silent:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                if patience == 60:
                    raise

    def start(self, scene, options, patience):
        self.control = scene.folder() + "/fiu"
        before = ["fiu-run", "-x", "-f", self.control]
        # fiu-run is a shell that does not become the program: it has to lead a group to be killed with it.
        super().__init__(scene.binary, *options, before=before, patience=patience, start_new_session=True)
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children) as file:
            self.pid = int((file.read().split() or [self.process.pid])[0])

    def tell(self, command):
        subprocess.run(["fiu-ctrl", "-f", self.control, "-c", command, str(self.pid)], check=True, timeout=10)

    def kill(self):
        subprocess.run(["kill", "-9", str(self.pid)], check=False)
        self.process.wait()


@row
def failing_calls(scene):
    """EIO, ENOSPC, EDQUOT and EMFILE from the system's calls (libfiu): the right code, calls go on, nothing lost after a restart"""
    if not shutil.which("fiu-run"):
        raise LeftOut("libfiu is not here (Debian: fiu-utils)")
    seen, changes = {}, 0
    for point in POINTS:
        for number in NUMBERS:
            for probability in scene.size(long=(1, 0.5, 0.2, 0.05), short=(0.3,)):
                # A process can be short of descriptors only where it opens one.
                if number != errno.EMFILE or point.endswith("open"):
                    changes += fail(scene, point, number, probability, seen)
    scene.note(f"{len(POINTS) * 3 + 1} kinds, {changes} changes with the fault on")
    scene.note(", ".join(f"{count} {what}" for what, count in sorted(seen.items())))


def fail(scene, point, number, probability, seen):
    what = f"{point} {errno.errorcode[number]} {probability}"
    folder = scene.folder() + "/data"
    writer = Writer(0)
    writer.random.seed(f"{what}")
    with FailingServer(scene, "--data", folder, "--ready-needs-store", "on") as server:
        client = Client(server.port)
        for _ in range(20):
            writer.change(client)
        expect(client.send("PUT", "/v1/modules/steady", {"type": "Linear", "in_features": 2, "out_features": 2})[0] == 201, what)
        scene.expect_nothing_wrong([writer])
        server.tell(f"enable_random name={point},probability={probability},failinfo={number}")
        codes = []
        try:
            for _ in range(40):
                codes.append(refusal_of(writer, client, what))
                expect_service(client, what)
        except (OSError, http.client.HTTPException) as error:
            ended = server.process.poll()
            raise Broken(f"{what}: {error!r}, the server's status is {ended}: {server.words()[-500:]}") from error
        for code in set(codes):
            seen[code] = seen.get(code, 0) + codes.count(code)
        expect_codes(point, number, codes, what)
        server.tell(f"disable name={point}")
        has_failed = any(code.startswith("store_failed") for code in codes)
        expect_state(client, has_failed, what)
        errors = [line for line in server.words().splitlines() if "no changes until a restart" in line]
        # Where write fails, so does the log.
        is_told = len(errors) == has_failed or point.startswith("posix/io/rw/write")
        expect(is_told, f"{what}: {len(errors)} lines of the log tell of it: {server.words()[-300:]}")
        for _ in range(5):
            code = refusal_of(writer, client, what)
            expected = ("store_failed unchanged", "none") if has_failed else ("done", "none")
            expect(code in expected, f"{what}: {code} after it")
        server.kill()
    with Server(scene.binary, "--data", folder) as server:
        client = Client(server.port)
        writer.check(client)
        expect(client.get("/v1/store")[1]["damaged"] == [], f"{what}: something is damaged")
        for _ in range(5):
            writer.change(client)
    expect(not writer.wrong, f"{what}: {writer.wrong[:2]}")
    return len(codes)


def refusal_of(writer, client, what):
    """Makes one change; returns its code and outcome, or "done"."""
    before, acknowledged = len(writer.wrong), writer.acknowledged
    unknown = writer.pending  # Of an earlier change: all after it are refused.
    writer.answer = None
    attempted = writer.known
    writer.change(client)
    if writer.answer is None:
        return "none"
    status, content = writer.answer
    if len(writer.wrong) == before:
        writer.pending = unknown
        return "done" if status < 300 else "none"
    problem = json.loads(content)
    del writer.wrong[before:]
    expect(writer.acknowledged == acknowledged and writer.known is attempted, what)
    outcome = problem.get("outcome", "")
    if outcome == "unknown":
        expect(unknown is None, f"{what}: a second unknown outcome")
        writer.pending = writer.attempted
    else:
        writer.pending = unknown
    expect((status, problem["code"]) in KNOWN, f"{what}: {status} {content[:300]}")
    expect(outcome in ("unchanged", "unknown") or problem["code"] == "overloaded", f"{what}: {content[:300]}")
    return f"{problem['code']} {outcome}".strip()


KNOWN = {(507, "insufficient_storage"), (503, "store_failed"), (503, "overloaded")}


def expect_codes(point, number, codes, what):
    """The code says what failed."""
    found = {code.split()[0] for code in codes} - {"done", "none"}
    if point in SYNCS:
        expect(found <= {"store_failed"}, f"{what}: {found}")
    elif number in (errno.ENOSPC, errno.EDQUOT) and "write" in point:
        expect(found <= {"insufficient_storage"}, f"{what}: {found}")
    elif number == errno.EMFILE and point.endswith("open"):
        expect(found <= {"overloaded"}, f"{what}: {found}")
    elif number == errno.EIO:
        expect(found <= {"store_failed"}, f"{what}: {found}")
    failed = [index for index, code in enumerate(codes) if code.startswith("store_failed")]
    if failed:
        rest = {code.split()[0] for code in codes[failed[0]:]} - {"none"}
        expect(rest == {"store_failed"}, f"{what}: changes after a failure: {rest}")


def expect_service(client, what):
    """Calls and reads go on whatever the disk does."""
    status, _, content = client.send("POST", "/v1/modules/steady/call", {"input": [1, 1]})
    expect(status == 200, f"{what}: a call is {status} {content[:200]}")
    status, _, content = client.send("GET", "/v1/modules/steady/weight")
    expect(status == 200, f"{what}: a read is {status} {content[:200]}")


def expect_state(client, has_failed, what):
    store = client.get("/v1/store")[1]
    expect(store["writable"] is not has_failed, f"{what}: writable {store['writable']}")
    ready = client.send("GET", "/readyz")[0]
    expect(ready == (503 if has_failed else 200), f"{what}: /readyz {ready}")
