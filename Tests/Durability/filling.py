"""A small disk of its own that really fills, and one that stands still."""

import contextlib
import os
import shutil
import subprocess
import threading
import time

from folders import fill
from model import Client, Writer
from report import LeftOut, expect, row
from server import Server

MIB = 1 << 20


@contextlib.contextmanager
def small_disk(scene, size=64 * MIB):
    """An ext4 of so many bytes in a file, mounted."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        raise LeftOut("only root can mount, and e2fsprogs is needed")
    place = scene.folder()
    image, mount = place + "/image", place + "/disk"
    with open(image, "wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    os.mkdir(mount)
    mounted = subprocess.run(["mount", "-o", "loop", image, mount], capture_output=True)
    if mounted.returncode:
        raise LeftOut(f"nothing can be mounted: {mounted.stderr.decode().strip()}")
    try:
        yield mount
    finally:
        subprocess.run(["umount", mount], check=True)


def fill_disk(mount, name="ballast", leave=0):
    """Takes all that is free but for `leave` bytes, to the last block."""
    with open(f"{mount}/{name}", "wb", buffering=0) as file, contextlib.suppress(OSError):
        room = os.statvfs(mount)
        free = room.f_bavail * room.f_frsize - leave
        for piece in (MIB, 4096, 512):
            with contextlib.suppress(OSError):
                while leave == 0 or file.tell() + piece <= free:
                    file.write(bytes(piece))


@row
def full_disk(scene):
    """an ext4 of 64 MB that really fills: 507, nothing changed, calls go on, and changes again once there is room"""
    with small_disk(scene) as mount:
        folder = mount + "/data"
        writer = fill(scene, folder)
        with open(mount + "/reserve", "wb") as reserve:
            reserve.write(bytes(4 * MIB))
        with Server(scene.binary, "--data", folder) as server:
            client = Client(server.port)
            made = made_until_full(client)
            scene.note(f"{made} modules of 1 MiB, then 507")
            expect(made > 30, f"only {made} modules of 1 MiB fit into 64 MB")
            expect_names(client, writer, made)
            fill_disk(mount)
            refused = sum(small_change(client, writer, allows_507=True) for _ in range(2000))
            scene.note(f"{refused} of 2000 small changes 507 with no block left")
            expect(refused > 0, "no small change is refused on a full disk")
            expect_names(client, writer, made)
            expect(client.get("/v1/store")[1]["writable"], "a full disk ends all changes")
            server.process.kill()
        # It starts on the full disk, and answers.
        with Server(scene.binary, "--data", folder) as server:
            client = Client(server.port)
            expect_names(client, writer, made)
            status, _, content = client.send("DELETE", "/v1/modules/big0")
            scene.note(f"a DELETE on the full disk after a restart: {status}")
            expect(status in (204, 507), f"{status} {content[:200]}")
            made_now = range(1 if status == 204 else 0, made)
            os.unlink(mount + "/ballast")
            os.unlink(mount + "/reserve")
            expect(small_change(client, writer) == 0, "no change once there was room")
            expect(client.send("PUT", "/v1/modules/big0", big(0))[0] in (200, 201), "no large change once there was room")
            for number in made_now:
                if number % 2:
                    expect(client.send("DELETE", f"/v1/modules/big{number}")[0] == 204, "DELETE")
            writer.check(client)
            server.stop()
        with Server(scene.binary, "--data", folder) as server:
            writer.check(Client(server.port))
    scene.expect_nothing_wrong([writer])


def big(number):
    return {"type": "Linear", "in_features": 512, "out_features": 512, "bias": False, "seed": number}


def made_until_full(client):
    for number in range(100):
        status, _, content = client.send("PUT", f"/v1/modules/big{number}", big(number))
        if status >= 300:
            expect(status == 507 and b'"insufficient_storage"' in content, f"{status} {content[:200]}")
            expect(b'"outcome":"unchanged"' in content.replace(b" ", b""), f"{content[:300]}")
            return number
    return 100


def small_change(client, writer, allows_507=False):
    """Makes one change; returns whether the disk refused it."""
    before = len(writer.wrong)
    writer.change(client)
    if len(writer.wrong) > before and allows_507:
        status, content = writer.answer
        compact = content.replace(b" ", b"")
        if status == 507 and b'"insufficient_storage"' in content and b'"outcome":"unchanged"' in compact:
            del writer.wrong[before:]
            return 1
    return 0


def expect_names(client, writer, made):
    """All that was acknowledged is there, and can be called."""
    writer.check(client)
    for number in range(0, made, 7):
        status, _, content = client.send("POST", f"/v1/modules/big{number}/call", {"input": [0] * 512})
        expect(status == 200, f"a call beside the full disk: {status} {content[:200]}")
    expect(client.send("GET", f"/v1/modules/big{made}")[0] == 404, "a module whose PUT was refused is there")


@row
def frozen_disk(scene):
    """a disk that stands still: calls and reads do not wait for it, and a change is not shown before it is kept"""
    if not shutil.which("fsfreeze"):
        raise LeftOut("fsfreeze is needed (util-linux)")
    with small_disk(scene) as mount:
        folder = mount + "/data"
        with Server(scene.binary, "--data", folder) as server:
            client = Client(server.port)
            layer = {"type": "Linear", "in_features": 2, "out_features": 2, "bias": False}
            layer["state_dict"] = {"weight": [[1, 1], [1, 1]]}
            expect(client.send("PUT", "/v1/modules/fc", layer)[0] == 201, "PUT")
            subprocess.run(["fsfreeze", "--freeze", mount], check=True)
            answered = []
            try:
                thread = threading.Thread(target=lambda: answered.append(
                    Client(server.port, 60).send("PUT", "/v1/modules/fc/weight", [[2, 2], [2, 2]])[0]))
                thread.start()
                times = []
                end = time.monotonic() + 1
                while time.monotonic() < end:
                    start = time.monotonic()
                    content = client.send("POST", "/v1/modules/fc/call", {"input": [1, 1]})[2]
                    client.send("GET", "/v1/modules/fc/weight")
                    client.send("GET", "/v1/modules")
                    times.append(time.monotonic() - start)
                    expect(b"[2" in content, f"a change is shown that the disk has not: {content}")
                expect(not answered, "a change was acknowledged that the disk has not")
            finally:
                subprocess.run(["fsfreeze", "--unfreeze", mount], check=True)
            thread.join(30)
            expect(answered == [200], f"after the thaw {answered}")
            expect(b"[4" in client.send("POST", "/v1/modules/fc/call", {"input": [1, 1]})[2], "not changed after the thaw")
            times.sort()
            scene.note(f"{len(times)} rounds of a call, a read, a list: at most {times[-1] * 1000:.1f} ms")
            # A machine that does something else may take a while; the disk would have taken a second.
            expect(times[len(times) * 99 // 100] < 0.25, "calls waited")
