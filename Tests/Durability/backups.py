"""Backups: one moment while changes go on, whole or refused."""

import http.client
import subprocess
import time

from killing import WRITERS, verify
from model import Client, Writer
from report import expect, row
from server import Server


def fetch(port):
    """Returns the revision of a backup, and its bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/v1/backup")
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    expect(answer.status == 200, f"the backup is {answer.status} {content[:200]}")
    return int(answer.headers["Callpath-Revision"].split(".")[1]), content


def restore(scene, folder, content):
    return subprocess.run([scene.binary, "restore", "--data", folder], input=content, capture_output=True)


@row
def backed_up_under_load(scene):
    """backups while changes go on, each restored: what was acknowledged up to its revision, and nothing else"""
    folder = scene.folder()
    writers = [Writer(number) for number in range(WRITERS)]
    backups = []
    with Server(scene.binary, "--data", folder + "/data") as server:
        for writer in writers:
            writer.start(server.port)
        for _ in range(scene.size(long=20, short=3)):
            time.sleep(0.3)
            backups.append(fetch(server.port))
        for writer in writers:
            writer.stop()
        expect(fetch(server.port) == fetch(server.port), "two backups of one revision have other bytes")
        backups.append(fetch(server.port))
        instance = Client(server.port).get("/v1/store")[1]["instance"]
    scene.note(f"{len(backups)} backups, {sum(writer.acknowledged for writer in writers)} changes")
    for number, (revision, content) in enumerate(backups):
        copy = f"{folder}/copy-{number}"
        result = restore(scene, copy, content)
        expect(result.returncode == 0, f"restore: {result.stderr.decode()[:300]}")
        verify(scene, copy)
        with Server(scene.binary, "--data", copy) as server:
            client = Client(server.port)
            for writer in writers:
                writer.check(client, revision=revision)
            expect(client.get("/v1/store")[1]["instance"] != instance, "the copy has the original's name")
    content = backups[-1][1]
    cut = restore(scene, folder + "/cut", content[: len(content) // 2])
    expect(cut.returncode == 1, f"half a backup gives {cut.returncode}")
    altered = bytearray(content)
    altered[len(content) // 2] ^= 1
    expect(restore(scene, folder + "/cut", bytes(altered)).returncode == 1, "an altered backup is taken")
    expect(restore(scene, copy, content).returncode == 1, "a folder that is not empty is taken")
    expect(restore(scene, folder + "/cut", content).returncode == 0, "a refused restore leaves something behind")
    scene.expect_nothing_wrong(writers)
