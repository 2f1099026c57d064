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
    """A server of PostgreSQL: one that begins with nothing, or a standby that follows another one."""

    # A base backup takes over what it finds, so what differs between the two stands in a file of its own.
    OWN = "callpath.conf"

    def __init__(self, primary=None):
        self.folder = tempfile.mkdtemp(prefix="callpath-replicas-")
        # The server refuses to run as root.
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(self.folder, "postgres")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        if primary:
            return self.follow(primary)
        self._run("initdb", "-A", "trust", "-U", "callpath", "-D", self.data)
        with open(f"{self.data}/postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"\ninclude '{self.OWN}'\nmax_connections = 200\nwal_keep_size = '1GB'\nlisten_addresses = '*'\n")
        with open(f"{self.data}/pg_hba.conf", "a", encoding="utf-8") as file:
            file.write("\nhost all all 10.78.0.0/16 trust\n")
        self.configure("")
        self.start()

    @property
    def data(self):
        return f"{self.folder}/data"

    def _run(self, program, *arguments):
        command = [*self.user, f"{programs()}/{program}", *arguments]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        options = f"-p {self.port} -k {self.folder}"
        for is_last in (False, False, False, True):
            try:
                return self._run("pg_ctl", "-D", self.data, "-l", f"{self.folder}/log", "-o", options, "-w", "start")
            except subprocess.CalledProcessError:
                # A child of the one that was killed may have its memory for another moment.
                if is_last:
                    raise
                time.sleep(0.5)

    def kill(self):
        """Ends it as a power cut does, but for what the kernel still has to write.

        All stand still first: a backend that outlives the postmaster gives up waiting for the standby, and shows others a commit
        that only this server has (SyncRepWaitForLSN on WL_POSTMASTER_DEATH).
        """
        for sign in (signal.SIGSTOP, signal.SIGSTOP, signal.SIGKILL):
            # The second time finds children that the postmaster was about to have.
            for process in self.processes():
                try:
                    os.kill(process, sign)
                except ProcessLookupError:
                    pass
        while self.processes():
            time.sleep(0.005)

    def processes(self):
        try:
            with open(f"{self.data}/postmaster.pid", encoding="utf-8") as file:
                first = int(file.readline())
            # It may be somebody else's number by now.
            with open(f"/proc/{first}/cmdline", encoding="utf-8") as file:
                if self.data not in file.read():
                    return []
        except (OSError, ValueError):
            return []
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

    # Two of them

    def configure(self, standbys):
        with open(f"{self.data}/{self.OWN}", "w", encoding="utf-8") as file:
            file.write(f"synchronous_standby_names = '{standbys}'\n")

    def follow(self, primary):
        """Begins anew as a standby that has each commit before anybody is told of it."""
        shutil.rmtree(self.data, ignore_errors=True)
        place = f"host=127.0.0.1 port={primary.port} user=callpath application_name=standby"
        self._run("pg_basebackup", "-d", place, "-D", self.data, "-R", "-X", "stream", "-c", "fast")
        self.configure("")
        self.start()
        primary.configure("standby")
        primary._run("pg_ctl", "-D", primary.data, "reload")
        # What was committed before has to be there as well.
        end = primary.query("SELECT pg_current_wal_lsn()")
        is_there = f"SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND flush_lsn >= '{end}'"
        while primary.query(is_there) != "1":
            time.sleep(0.05)

    def promote(self):
        self._run("pg_ctl", "-D", self.data, "-w", "promote")

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Pair:
    """A primary and its synchronous standby."""

    def __init__(self):
        self.primary = Cluster()
        try:
            self.standby = Cluster(self.primary)
        except BaseException:
            self.primary.remove()
            raise

    @property
    def both(self):
        return [self.primary, self.standby]

    def fail_over(self):
        """Kills the primary and has the standby take its place. Returns when that began, and when it was done."""
        began = time.monotonic()
        self.primary.kill()
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary
        return began, time.monotonic()

    def repair(self):
        self.standby.follow(self.primary)

    def remove(self):
        for cluster in self.both:
            cluster.remove()


class Proxy:
    """Hands bytes on to a port; `cut()` closes all that is open, in the middle of whatever it is, and `hold()` keeps all of it
    to itself."""

    def __init__(self, target):
        self.target, self.pairs, self.lock, self.passes = target, set(), threading.Lock(), threading.Event()
        self.passes.set()
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
                self.passes.wait()
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

    def hold(self, seconds):
        self.passes.clear()
        time.sleep(seconds)
        self.passes.set()


class Namespace:
    """A network for one process, with a way to its clients, and one to the databases that can be cut."""

    def __init__(self, number):
        self.number, self.name = number, f"callpath-{os.getpid()}-{number}"
        self._ip("netns", "add", self.name)
        self._ip("-n", self.name, "link", "set", "lo", "up")
        for way, net in (("c", 77), ("d", 78)):
            inner = f"way-{way}"
            self._ip("link", "add", self.link(way), "type", "veth", "peer", "name", inner, "netns", self.name)
            self._ip("addr", "add", f"10.{net}.{number}.1/30", "dev", self.link(way))
            self._ip("link", "set", self.link(way), "up")
            self._ip("-n", self.name, "addr", "add", f"10.{net}.{number}.2/30", "dev", inner)
            self._ip("-n", self.name, "link", "set", inner, "up")

    @staticmethod
    def _ip(*arguments):
        subprocess.run(["ip", *arguments], check=True)

    def link(self, way):
        return f"cp{os.getpid()}{way}{self.number}"

    @property
    def host(self):
        """Where clients find the process."""
        return f"10.77.{self.number}.2"

    @property
    def databases(self):
        """Where the process finds the databases."""
        return f"10.78.{self.number}.1"

    def cut(self, seconds):
        """Lets nothing through to the databases."""
        self._ip("link", "set", self.link("d"), "down")
        time.sleep(seconds)
        self._ip("link", "set", self.link("d"), "up")

    def remove(self):
        for way in "cd":
            subprocess.run(["ip", "link", "del", self.link(way)], check=False)
        subprocess.run(["ip", "netns", "del", self.name], check=False)
