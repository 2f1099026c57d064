"""A PostgreSQL of the test's own in a temporary folder, and a proxy before it that can be cut."""

import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


def programs():
    """The folder of the server's programs, the newest that is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else os.path.dirname(shutil.which("initdb") or "/usr/bin/initdb")


class Cluster:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="callpath-replicas-")
        # The server refuses to run as root.
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._run("initdb", "-A", "trust", "-U", "callpath", "-D", self.data)
        self.start()

    @property
    def data(self):
        return f"{self.folder}/data"

    def _run(self, program, *arguments):
        command = [*self.user, f"{programs()}/{program}", *arguments]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c max_connections=200"
        self._run("pg_ctl", "-D", self.data, "-l", f"{self.folder}/log", "-o", options, "-w", "start")

    def kill(self):
        """Ends it as a power cut does, but for what the kernel still has to write."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def processes(self):
        with open(f"{self.data}/postmaster.pid") as file:
            first = int(file.readline())
        children = subprocess.run(["pgrep", "-P", str(first)], capture_output=True, text=True).stdout.split()
        return [first, *map(int, children)]

    def stop_time(self, seconds):
        """Leaves every connection open, and answers nothing."""
        stopped = self.processes()
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        time.sleep(seconds)
        for process in stopped:
            os.kill(process, signal.SIGCONT)

    def query(self, text):
        command = [f"{programs()}/psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "callpath", "-Atc", text, "postgres"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def remove(self):
        try:
            self.kill()
        except subprocess.CalledProcessError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)


class Proxy:
    """Hands bytes on to a port; `cut()` closes all that is open, in the middle of whatever it is."""

    def __init__(self, target):
        self.target, self.pairs, self.lock = target, set(), threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (client, server)
            with self.lock:
                self.pairs.add(pair)
            for source, drain in (pair, pair[::-1]):
                threading.Thread(target=self._pump, args=(source, drain, pair), daemon=True).start()

    def _pump(self, source, drain, pair):
        try:
            while piece := source.recv(1 << 16):
                drain.sendall(piece)
        except OSError:
            pass
        self._close(pair)

    def _close(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for end in pair:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def cut(self, share=1.0):
        with self.lock:
            pairs = [pair for pair in self.pairs if random.random() < share]
        for pair in pairs:
            self._close(pair)
