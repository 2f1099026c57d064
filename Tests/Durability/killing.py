"""The end without a warning: what was acknowledged is there afterwards."""

import random
import signal
import subprocess
import time

from model import Client, Watcher, Writer, revision
from report import expect, row
from server import Server

WRITERS = 8


@row
def killed_while_writing(scene):
    """kill -9 under load: nothing acknowledged is lost, nothing half there, nothing shown that vanishes, no version twice"""
    folder = scene.folder() + "/data"
    writers = [Writer(number) for number in range(WRITERS)]
    watcher = Watcher(writers)
    kills, least = scene.size(long=220, short=6), scene.size(long=100_000, short=0)
    killed = early = 0
    while killed < kills or sum(writer.acknowledged for writer in writers) < least:
        with Server(scene.binary, "--data", folder) as server:
            check(server.port, writers)
            for writer in [*writers, watcher]:
                writer.start(server.port)
            time.sleep(random.uniform(0.05, scene.size(long=1.2, short=0.6)))
            # One in ten ends as it should, with changes under way.
            gently = random.random() < 0.1
            server.process.send_signal(signal.SIGTERM if gently else signal.SIGKILL)
            server.process.wait()
            killed += not gently
            for writer in writers:
                writer.join()
        if random.random() < 0.2:
            start_and_kill(scene.binary, folder)
            killed, early = killed + 1, early + 1
        with Server(scene.binary, "--data", folder) as server:
            client = Client(server.port)
            watcher.check(client)
            client.close()
            server.process.kill()
    with Server(scene.binary, "--data", folder) as server:
        check(server.port, writers)
        client = Client(server.port)
        store = client.get("/v1/store")[1]
    acknowledged = sum(writer.acknowledged for writer in writers)
    scene.note(f"{killed} kills ({early} of them while it started), {acknowledged} changes acknowledged,"
               f" {store['revision']} in the store")
    scene.expect_nothing_wrong(writers)
    expect(store["damaged"] == [], f"damaged: {store['damaged']}")
    expect(store["revision"] >= acknowledged, "fewer changes in the store than were acknowledged")
    verify(scene, folder)


def check(port, writers):
    client = Client(port)
    before = max(writer.revision for writer in writers)
    found = revision(client)
    for writer in writers:
        if found < before:
            writer.wrong.append(f"the store has revision {found} where {before} was acknowledged")
        writer.check(client)
    client.close()


def start_and_kill(binary, folder):
    """Kills the server while it opens the folder."""
    command = [binary, "serve", "--port", "0", "--data", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(0, 0.03))
    process.kill()
    process.wait()


def verify(scene, folder):
    """`callpath verify` has nothing to say."""
    result = subprocess.run([scene.binary, "verify", "--data", folder], capture_output=True, text=True)
    expect(result.returncode == 0, f"verify: {result.stdout[:300]}")
