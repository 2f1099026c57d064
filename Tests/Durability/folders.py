"""Folders that are in use, not to be written, another's, newer, damaged as a whole; and clocks that go back."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess

from model import Client, Writer
from report import LeftOut, expect, row
from server import Server, refusal

INDEX = "registry.sqlite"


def fill(scene, folder, changes=40):
    """Makes a registry, and returns the writer that knows what is in it."""
    writer = Writer(0)
    with Server(scene.binary, "--data", folder) as server:
        writer.start(server.port, changes)
        writer.join()
        expect(server.stop() == 0, "the server does not stop with 0")
    scene.expect_nothing_wrong([writer])
    return writer


def expect_refusal(scene, folder, *words, before=(), options=()):
    status, text = refusal(scene.binary, "--data", folder, *options, before=before)
    lines = text.splitlines()
    expect(status == 1 and len(lines) == 1 and text.startswith("Error: --data: "), f"status {status}: {text}")
    for word in words:
        expect(word in text, f"'{word}' is missing in: {text}")


def verify_status(scene, folder):
    return subprocess.run([scene.binary, "verify", "--data", folder], capture_output=True).returncode


def change(folder, text):
    with contextlib.closing(sqlite3.connect(f"{folder}/{INDEX}")) as index:
        index.execute(text)
        index.commit()


@row
def refused_with_one_line(scene):
    """the server does not start, with one line that says why: in use, foreign, newer, damaged as a whole, without a parent"""
    folder = scene.folder() + "/data"
    writer = fill(scene, folder)
    with Server(scene.binary, "--data", folder) as server:
        expect_refusal(scene, folder, f"process {server.process.pid}")
        expect(verify_status(scene, folder) == 2, "verify looks at a folder in use")
        writer.start(server.port, 20)
        writer.join()
    # Killed: the lock file is left, and nobody holds it.
    expect(os.path.exists(f"{folder}/lock"), "no lock file")
    with Server(scene.binary, "--data", folder) as server:
        writer.check(Client(server.port))
        server.stop()
    expect_refusal(scene, folder + "/no/parent", "no/parent")
    for missing in (folder + "/nothing", scene.folder()):
        expect(verify_status(scene, missing) == 2, "verify looks at a folder that holds no registry")
    spoiled = 0
    for name, spoil, status, words in SPOILED:
        copy = f"{folder}-{name}"
        shutil.copytree(folder, copy)
        spoil(copy)
        expect_refusal(scene, copy, *words)
        found = verify_status(scene, copy)
        expect(found == status, f"verify gives {found} for {name}")
        spoiled += 1
    scene.note(f"{spoiled + 2} kinds refused")
    scene.expect_nothing_wrong([writer])


def write(folder, name, offset, content):
    with open(f"{folder}/{name}", "r+b" if offset is not None else "wb") as file:
        file.seek(offset or 0)
        file.write(content)


SPOILED = [
    ("foreign-file", lambda f: write(f, "letters.txt", None, b"Dear"), 2, ["letters.txt"]),
    ("foreign-database", lambda f: change(f, "PRAGMA application_id=7"), 2, ["another program"]),
    ("newer", lambda f: change(f, "PRAGMA user_version=99"), 2, ["schema 99"]),
    ("meta", lambda f: change(f, "UPDATE meta SET revision = revision + 1"), 1, ["damaged", "callpath verify"]),
    ("no-meta", lambda f: change(f, "DELETE FROM meta"), 1, ["damaged", "callpath verify"]),
    ("no-records", lambda f: change(f, "DELETE FROM record"), 1, ["damaged", "callpath verify"]),
    ("not-a-database", lambda f: write(f, INDEX, 0, b"not a database, but text " * 8), 1, ["callpath verify"]),
    ("corrupt", lambda f: write(f, INDEX, 100, b"\xff" * 3000), 1, ["callpath verify"]),
    ("cut", lambda f: os.truncate(f"{f}/{INDEX}", os.path.getsize(f"{f}/{INDEX}") // 2), 1, ["callpath verify"]),
]


@row
def not_writable(scene):
    """a folder that cannot be written, by its mode or by its file system, is refused in one line"""
    if os.geteuid() != 0:
        raise LeftOut("only root can mount and be another user")
    place = scene.folder()
    os.chmod(place, 0o755)
    folder = place + "/data"
    writer = fill(scene, folder)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if shutil.which("setpriv"):
        binary = shutil.copy(scene.binary, place + "/callpath")
        status, text = refusal(binary, "--data", folder, before=nobody)
        expect(status == 1 and text.startswith("Error: --data: ") and "Permission denied" in text, text)
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True)
    if mounted.returncode:
        raise LeftOut(f"nothing can be mounted: {mounted.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        expect_refusal(scene, folder, "Read-only file system")
    finally:
        subprocess.run(["umount", folder], check=True)
    with Server(scene.binary, "--data", folder) as server:
        writer.check(Client(server.port))
    scene.expect_nothing_wrong([writer])


@row
def clock_goes_back(scene):
    """a clock that goes back ten years, and on, orders nothing: versions go on, nothing is lost"""
    place = scene.folder()
    source, clock, folder = pathlib.Path(__file__).with_name("clock.c"), place + "/clock.so", place + "/data"
    compiler = shutil.which(os.environ.get("CC", "clang")) or shutil.which("cc")
    if not compiler:
        raise LeftOut("a C compiler is needed")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", clock, source], check=True)
    writer = fill(scene, folder)
    for years in (-10, 5, -20):
        environment = {"LD_PRELOAD": clock, "CLOCK_OFFSET": str(years * 365 * 86_400)}
        with Server(scene.binary, "--data", folder, environment=environment) as server:
            client = Client(server.port)
            writer.check(client)
            writer.start(server.port, 40)
            writer.join()
            scene.note(client.send("GET", "/livez")[1]["Date"][8:16])
    with Server(scene.binary, "--data", folder) as server:
        writer.check(Client(server.port))
    scene.expect_nothing_wrong([writer])
