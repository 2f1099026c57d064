"""Many servers of one registry on PostgreSQL, while processes, connections and the database end or stand still.

python3 Tests/Replicas BINARY [SECONDS]: each trouble lasts so many seconds (2.5).
python3 Tests/Replicas BINARY --long FAILOVERS WRITES: for as long as both take, with each server in a network of its own that is
cut now and then (as root, Linux): kills of the primary, of servers, and servers that stand still, all in one history.
python3 Tests/Replicas BINARY --away SECONDS: calls for so long without any database, and whether all are alike soon after.
python3 Tests/Replicas BINARY --disks [SECONDS]: the disks of two servers fail, one kind of call after another (libfiu): what they keep
there is a copy, and all goes on.
python3 Tests/Replicas BINARY --planted: whether the checker finds a database that forgets some of what it acknowledged.
"""

import errno
import random
import sys
import tempfile
import threading
import time

from cluster import Namespace, Pair, Proxy
from history import Caller, History, PairWriter, Reader, Writer, check
from replica import Client, Replica

NAMES = [f"m{number}" for number in range(4)]
# Nothing refers to these.
FREE = [f"f{number}" for number in range(12)]


def lag(replicas):
    """The time from an acknowledgement until another replica shows it, median and worst of many."""
    first, second = Client(replicas[0]), Client(replicas[1])
    times = []
    for value in range(100):
        _, fields, _ = first.send("PUT", "/v1/modules/m0/bias", [value, value])
        start = time.monotonic()
        headers = {"Callpath-Minimum-Revision": fields["Callpath-Revision"]}
        status, _, _ = second.send("GET", "/v1/modules/m0", headers=headers)
        times.append(time.monotonic() - start if status == 200 else 99)
    times.sort()
    return times[len(times) // 2] * 1e3, times[98] * 1e3


def make(client, free=()):
    for name in [*NAMES, *free, "p0", "p1"]:
        status, _, body = client.send(
            "POST", "/v1/modules", {"name": name, "type": "Linear", "in_features": 2, "out_features": 2, "seed": 0}
        )
        assert status == 201, body
        client.send("PUT", f"/v1/modules/{name}/weight", [[1, 0], [0, 1]])
        client.send("PUT", f"/v1/modules/{name}/bias", [0, 0])
    for name, parts in (("net", NAMES), ("pair", ["p0", "p1"])):
        body = {"name": name, "type": "Sequential", "modules": [{"ref": part} for part in parts]}
        status, _, body = client.send("POST", "/v1/modules", body)
        assert status == 201, body


def quietly(seconds, world):
    time.sleep(seconds)


def killing_replicas(seconds, world):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        victim = random.choice(world.replicas[1:])
        victim.kill()
        time.sleep(0.2)
        victim.start()
        time.sleep(0.3)


def cutting_connections(seconds, world):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(random.uniform(0.02, 0.25))
        world.proxies[0].cut(0.5)


def killing_the_database(seconds, world):
    world.pair.primary.kill()
    time.sleep(seconds / 2)
    world.pair.primary.start()
    time.sleep(seconds / 2)


def freezing_a_replica(seconds, world):
    world.replicas[1].freeze()
    time.sleep(seconds)
    world.replicas[1].thaw()


def freezing_the_database(seconds, world):
    world.pair.primary.stop_time(seconds)


def freezing_the_standby(seconds, world):
    world.pair.standby.stop_time(seconds)


def parting_the_network(seconds, world):
    """The replicas can reach no database, and are told nothing of it."""
    for proxy in world.proxies[1:]:
        threading.Thread(target=proxy.hold, args=[seconds], daemon=True).start()
    world.proxies[0].hold(seconds)


def failing_disks(seconds, world):
    """Of what the servers keep for themselves everything may fail."""
    for number, name in ((errno.ENOSPC, "ENOSPC"), (errno.EIO, "EIO")):
        for point in ("rw/write", "rw/pwrite", "sync/fdatasync", "sync/fsync", "oc/open", "rw/pread"):
            for replica in world.replicas[:2]:
                replica.tell(f"enable_random name=posix/io/{point},probability=0.5,failinfo={number}")
            time.sleep(seconds)
            client = Client(world.replicas[0])
            # A tensor beyond 64 KiB is copied to the disk.
            layer = {"type": "Linear", "in_features": 150, "out_features": 150, "bias": False, "seed": random.randrange(1 << 30)}
            status, _, body = client.send("PUT", "/v1/modules/large", layer)
            if status not in (200, 201):
                world.history.note(f"a large tensor while {point} fails with {name}: {status} {body}")
            for replica in world.replicas:
                status, _, body = settled_call(replica, {"input": [1] * 150})
                if status != 200:
                    world.history.note(f"a call of it while {point} fails with {name}: {replica.name} {status} {body}")
            for replica in world.replicas[:2]:
                replica.tell(f"disable name=posix/io/{point}")


def settled_call(replica, body):
    """A call of what was changed a moment ago, through another server."""
    end = time.monotonic() + 5
    while True:
        answer = Client(replica).send("POST", "/v1/modules/large/call", body)
        if answer[0] == 200 or time.monotonic() > end:
            return answer
        time.sleep(0.02)


def failing_over(seconds, world):
    began, done = world.pair.fail_over()
    time.sleep(seconds)
    gap = world.history.gap(began - 0.1, done + seconds)
    world.pair.repair()
    return f"gap {gap * 1e3:.0f} ms, of which the promotion {(done - began) * 1e3:.0f}"


class World:
    """Three replicas, and the two databases that they know: through proxies, or each from a network of its own."""

    def __init__(self, binary, has_networks=False, has_faults=False):
        self.history, self.proxies, self.networks, self.replicas = None, [], [], []
        self.pair = Pair()
        try:
            if has_networks:
                ports = [cluster.port for cluster in self.pair.both]
                for number in range(3):
                    self.networks.append(Namespace(number))
            else:
                self.proxies = [Proxy(cluster.port) for cluster in self.pair.both]
                ports = [proxy.port for proxy in self.proxies]
            self.caches = [tempfile.TemporaryDirectory() for _ in range(2)]
            for number in range(3):
                network = self.networks[number] if has_networks else None
                host = network.databases if network else "127.0.0.1"
                url = f"postgresql://callpath@{','.join(f'{host}:{port}' for port in ports)}/postgres"
                cache = self.caches[number].name if number < 2 else None
                faults = f"{cache}.faults" if has_faults and cache else None
                self.replicas.append(Replica(binary, url, f"r{number}", cache, network, faults))
        except BaseException:
            self.close()
            raise

    def close(self):
        for replica in self.replicas:
            replica.thaw()
            replica.kill()
        for network in self.networks:
            network.remove()
        self.pair.remove()


def trouble(world, what, seconds, names=NAMES):
    """Lets clients work while something goes wrong, and tells what they saw."""
    history = world.history = History()
    # What was there before counts as known.
    client = Client(world.replicas[0])
    for name in names:
        _, _, document = client.send("GET", f"/v1/modules/{name}")
        _, _, bias = client.send("GET", f"/v1/modules/{name}/bias")
        for version in range(2, document["version"] + 1):
            history.versions[(name, version)] = int(bias["data"][0]) if version == document["version"] else None
    steady = world.replicas[:1] if what in (killing_replicas, everything) else world.replicas
    workers = [Writer(history, world.replicas, seed, NAMES) for seed in range(6 if names == NAMES else 2)]
    # Each keeps to one replica, so that one that stands still stops only its own.
    owners = [
        Writer(history, [world.replicas[number % 3]], 30 + number, [name], True)
        for number, name in enumerate(names[len(NAMES) :])
    ]
    workers += [Reader(history, world.replicas, 10 + seed, "net") for seed in range(2)]
    workers += [PairWriter(history, world.replicas, 20), Caller(history, steady, 21, "pair")]
    for worker in workers if owners else []:
        # What matters are the changes of those who make most.
        worker.pause = 0.02
    workers += owners
    for worker in workers:
        worker.start()
    time.sleep(0.5)
    more = what(seconds, world) or ""
    time.sleep(0.5)
    for worker in workers:
        worker.ends = True
    for worker in workers:
        worker.join(60)
        if worker.is_alive():
            history.note("a client was left without an answer")
    settle(world)
    check(history, world.replicas, names)
    print(
        f"{what.__name__.replace('_', ' '):24} acknowledged {history.acknowledged:5}  lost races {history.lost_races:5}  "
        f"refused {history.refused:4}  unanswered {history.unanswered:3}  reads {history.reads:6}  calls {history.calls:6}  "
        f"calls failed {len(history.failed_calls)}  {history.codes or ''}  {more}",
        flush=True,
    )
    for line in sorted(set(history.wrong))[:10]:
        print("  WRONG:", line)
    if history.failed_calls:
        print("  WRONG: calls failed:", sorted(set(map(str, history.failed_calls))))
    if not history.acknowledged:
        print("  WRONG: nothing was acknowledged")
    return not history.wrong and not history.failed_calls and history.acknowledged > 0


def everything(goal, world):
    """All troubles at once, until so many fail-overs and changes are done."""
    failovers, writes = goal
    stopped = threading.Event()

    def disturb():
        while not stopped.is_set():
            time.sleep(random.uniform(0.5, 3))
            victim = random.randrange(1, 3)
            what = random.choice(["kill", "freeze", "part", "nothing"])
            if what == "kill":
                world.replicas[victim].kill()
                time.sleep(random.uniform(0, 0.5))
                world.replicas[victim].start()
            elif what == "freeze":
                world.replicas[victim].freeze()
                time.sleep(random.uniform(0.1, 3))
                world.replicas[victim].thaw()
            elif what == "part":
                world.networks[victim].cut(random.uniform(0.1, 8))

    disturber = threading.Thread(target=disturb, daemon=True)
    disturber.start()
    gaps, done = [], 0
    while done < failovers or world.history.acknowledged < writes:
        time.sleep(0.5)
        if world.history.wrong:
            break
        if done == failovers or world.history.acknowledged < writes * done / failovers:
            continue
        began, promoted = world.pair.fail_over()
        done += 1
        time.sleep(1.5)
        gap = world.history.gap(began, promoted + 1.5)
        gaps.append((gap - (promoted - began)) * 1e3)
        world.pair.repair()
        print(
            f"fail-over {done}: gap {gap * 1e3:.0f} ms, promotion {(promoted - began) * 1e3:.0f} ms, acknowledged "
            f"{world.history.acknowledged}",
            flush=True,
        )
    stopped.set()
    disturber.join()
    gaps.sort()
    return f"{done} fail-overs; gap beyond the promotion {gaps[len(gaps) // 2]:.0f} ms (median), {gaps[-1]:.0f} (worst)"


def settle(world):
    """Returns when a change through each replica is seen by all."""
    end = time.monotonic() + 30
    for replica in world.replicas:
        while time.monotonic() < end:
            status, fields, body = Client(replica).send("PUT", "/v1/modules/settled", {"type": "ReLU"})
            if status in (200, 201):
                break
            time.sleep(0.05)
        for other in world.replicas:
            headers = {"Callpath-Minimum-Revision": fields["Callpath-Revision"]}
            while time.monotonic() < end:
                if Client(other).send("GET", "/v1/modules/settled", headers=headers)[0] == 200:
                    break


def away(binary, seconds):
    world = World(binary)
    try:
        make(Client(world.replicas[0]))
        settle(world)
        history = History()
        callers = [Caller(history, world.replicas, number, "pair") for number in range(2)]
        for cluster in world.pair.both:
            cluster.kill()
        for caller in callers:
            caller.start()
        time.sleep(seconds)
        for caller in callers:
            caller.ends = True
        for caller in callers:
            caller.join(30)
        world.pair.primary.configure("")
        world.pair.primary.start()
        back = time.monotonic()
        settle(world)
        settled = time.monotonic() - back
        failed = len(history.failed_calls)
        print(f"{seconds:.0f} s away: {history.calls} calls, {failed} failed; all alike {settled:.2f} s after it was back")
    finally:
        world.close()
    sys.exit(1 if history.failed_calls or history.wrong else 0)


FORGETFUL = """
    CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RETURN CASE WHEN random() < 0.05 THEN OLD ELSE NEW END; END $$;
    CREATE TRIGGER forget BEFORE UPDATE ON callpath.module FOR EACH ROW WHEN (NEW.name ~ '^m[0-9]$') EXECUTE FUNCTION forget();
"""

# Names that have a version which the table of current ones knows nothing of.
FORGOTTEN = f"""
    SELECT count(*) FROM callpath.module m WHERE name = ANY ('{{{",".join(NAMES)}}}')
    AND EXISTS (SELECT FROM callpath.record r WHERE r.name = m.name AND r.version > m.version)
"""


def forgetting(seconds, world):
    """Waits for as many changes as it takes, however slow the machine is: they stand still once a name is forgotten."""
    end = time.monotonic() + seconds
    while world.pair.primary.query(FORGOTTEN) == "0":
        assert time.monotonic() < end, f"the database has forgotten nothing in {seconds} s"
        time.sleep(0.1)


def planted(binary):
    """A checker that nothing disturbs has seen nothing."""
    world = World(binary)
    try:
        make(Client(world.replicas[0]))
        settle(world)
        world.pair.primary.query(FORGETFUL)
        isWell = trouble(world, forgetting, 120)
    finally:
        world.close()
    print("the checker found nothing" if isWell else "found, as it should be")
    sys.exit(1 if isWell else 0)


def main():
    binary = sys.argv[1]
    if "--planted" in sys.argv:
        planted(binary)
    if "--away" in sys.argv:
        away(binary, float(sys.argv[-1]))
    if "--disks" in sys.argv:
        world = World(binary, has_faults=True)
        try:
            make(Client(world.replicas[0]))
            settle(world)
            isWell = trouble(world, failing_disks, float(sys.argv[-1]) if sys.argv[-1] != "--disks" else 0.5)
        finally:
            world.close()
        sys.exit(0 if isWell else 1)
    if "--long" in sys.argv:
        goal = [int(number) for number in sys.argv[sys.argv.index("--long") + 1 :]]
        world = World(binary, has_networks=True)
        try:
            make(Client(world.replicas[0]), FREE)
            settle(world)
            isWell = trouble(world, everything, goal, NAMES + FREE)
        finally:
            world.close()
        sys.exit(0 if isWell else 1)
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 2.5
    random.seed(7)
    started = time.monotonic()
    world = World(binary)
    try:
        make(Client(world.replicas[0]))
        settle(world)
        median, worst = lag(world.replicas)
        print(f"{'seen by another replica':24} after {median:.1f} ms (median), {worst:.1f} ms (99 of 100)", flush=True)
        troubles = [
            quietly, killing_replicas, cutting_connections, killing_the_database, freezing_a_replica, freezing_the_database,
            freezing_the_standby, parting_the_network, failing_over,
        ]
        results = [trouble(world, what, seconds) for what in troubles]
    finally:
        world.close()
    print(f"{sum(results)} of {len(results)} well, {time.monotonic() - started:.0f} s")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
