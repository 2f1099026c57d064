"""A. Hangs, and doors left open."""

import concurrent.futures
import contextlib
import json
import os
import signal
import socket
import struct
import threading
import time

from support import (LINEAR, SIGNALS, Process, Server, certificate, connect, entry, equal, eventually, expect, folder, head, holds,
                     openssl, read_to_end, run, server, tensor_file)


def encrypted_keys(place):
    """One key in each form that OpenSSL writes with a pass phrase, and one beside its certificate."""
    certificate(place, "plain")
    openssl("ec", "-in", "plain.key", "-aes256", "-passout", "pass:x", "-out", "traditional.key", cwd=place)
    openssl("pkcs8", "-topk8", "-in", "plain.key", "-passout", "pass:x", "-out", "pkcs8.key", cwd=place)
    (place / "both.pem").write_text((place / "plain.crt").read_text() + (place / "pkcs8.key").read_text())


@entry("A1", "a TLS key with a pass phrase: at start")
def key_at_start():
    with folder() as place:
        encrypted_keys(place)
        rows = [("plain.crt", "traditional.key"), ("plain.crt", "pkcs8.key"), ("both.pem", None)]
        for crt, key in rows:
            read, write = os.pipe()
            arguments = ["--tls-certificate", place / crt, *(["--tls-key", place / key] if key else [])]
            process = Process("serve", "--port", "0", *arguments, stdin=read)
            try:
                expect(process.wait(5) != 0, "status 0")
                holds(process.log, str(place / (key or crt)), "pass phrase")
            finally:
                process.end()
                os.close(read), os.close(write)
            (place / "secret").write_bytes(b"x\r\nmore\n")
            with server(*arguments, "--tls-key-password-file", place / "secret"):
                pass
            (place / "secret").write_text("wrong\n")
            done = run("serve", "--port", "0", *arguments, "--tls-key-password-file", place / "secret", timeout=10)
            done.must_fail(str(place / (key or crt)))
            expect("wrong\n" not in done.said and " wrong " not in done.said.replace("is wrong", ""), "the phrase is in the log")
        with server("--tls-certificate", place / "plain.crt", "--tls-key", place / "plain.key") as one:
            port = one.ready_line.rsplit(":", 1)[1].split()[0]
            run("health", "--port", port, "--client-certificate", place / "both.pem", timeout=10).must_fail("pass phrase", str(place / "both.pem"))
    return f"{len(rows)} forms refused at once, served with --tls-key-password-file; health --client-certificate too"


@entry("A1", "a TLS key with a pass phrase: at a reload")
def key_at_reload():
    with folder() as place:
        encrypted_keys(place)
        (place / "used.key").write_bytes((place / "plain.key").read_bytes())
        read, write = os.pipe()
        one = Server("--tls-certificate", place / "plain.crt", "--tls-key", place / "used.key", stdin=read)
        try:
            (place / "used.key").write_bytes((place / "pkcs8.key").read_bytes())
            one.signal(signal.SIGHUP)
            expect(eventually(lambda: "pass phrase" in one.log, 6), "no line about the pass phrase")
            (place / "used.key").write_bytes((place / "plain.key").read_bytes())
            one.signal(signal.SIGHUP)
            time.sleep(0.5)
            start = time.monotonic()
            one.signal(signal.SIGTERM)
            equal(one.wait(10), 0, "exit status")
            return f"one error line, the next SIGTERM ends it after {time.monotonic() - start:.2f} s"
        finally:
            one.end()
            os.close(read), os.close(write)


CREATION = {"parameters": {"config": json.dumps({"type": "ReLU"})}}


@entry("A2", "any web page can change a server on localhost")
def foreign_pages():
    evil = {"Origin": "http://evil.example"}
    with server() as one:
        one.make("m", LINEAR)
        before = one.ask("GET", "/v1/modules/m").body
        requests = [
            ("POST", "/v2/repository/models/m/load", CREATION), ("POST", "/v2/repository/models/m/unload", {}),
            ("POST", "/v2/models/m/infer", {"inputs": []}), ("POST", "/invocations", {"inputs": []}), ("POST", "/v1/modules", LINEAR),
            ("PUT", "/v1/modules/m", {"type": "ReLU"}), ("DELETE", "/v1/modules/m", None), ("POST", "/v1/modules/m/call", {"input": []}),
            ("PUT", "/v1/modules/m/bias", {"data": [0, 0, 0]}), ("POST", "/v1/modules/m/hooks", {}), ("POST", "/nowhere", {}),
        ]
        foreign = [evil, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"},
                   {"Origin": f"http://127.0.0.1:{one.port + 1}"}, {"Origin": "http://127.0.0.1"}]
        for method, path, body in requests:
            for fields in foreign:
                one.ask(method, path, body, {**fields, "Content-Type": "text/plain"}).must(403, "cross_origin")
        equal(one.ask("GET", "/v1/modules/m").body, before, "the module")
        own = [{}, {"Origin": f"http://127.0.0.1:{one.port}"}, {"Sec-Fetch-Site": "same-origin", **evil}, {"Sec-Fetch-Site": "none"}]
        for fields in own:
            one.ask("POST", "/v1/modules/m/call", {"input": [1, 2, 3, 4]}, fields).must(200)
        for method in ("GET", "HEAD", "OPTIONS"):
            expect(one.ask(method, "/v1/modules", None, evil).status < 300, f"{method} is refused")
    with server("--cors-origins", "http://evil.example") as one:
        one.ask("POST", "/v1/modules", LINEAR, evil).must(201)
    return f"{len(requests) * len(foreign)} of foreign pages 403 cross_origin and nothing changed; {len(own)} own ones and --cors-origins pass"


@entry("A2", "DNS rebinding")
def rebinding():
    def host(name):
        return {"Host": name}

    with folder() as place:
        with server("--unix-socket", place / "socket") as one:
            one.make("m", LINEAR)
            for name in ("evil.example", "EVIL.example:80", f"evil.example:{one.port}", "127.0.0.1.nip.io"):
                for method, path in (("GET", "/v1/modules/m/weight"), ("GET", "/v2"), ("POST", "/v1/modules"), ("GET", "/openapi.yaml")):
                    one.ask(method, path, LINEAR if method == "POST" else None, host(name)).must(421, "misdirected_request", "--allowed-hosts")
                for path in ("/livez", "/readyz", "/metrics", "/v2/health/live", "/v2/models/m/ready"):
                    one.ask("GET", path, None, host(name)).must(200)
            for name in ("localhost", "a.localhost", "127.0.0.1", "[::1]", "callpath", socket.gethostname()):
                one.ask("GET", "/v1/modules", None, host(name)).must(200)
        with server("--allowed-hosts", "app.example") as one:
            for name in ("app.example", "APP.example:99", "localhost", "127.0.0.1"):
                one.ask("GET", "/v1/modules", None, host(name)).must(200)
            one.ask("GET", "/v1/modules", None, host("other.example")).must(421)
        with server("--allowed-hosts", "*") as one:
            one.ask("GET", "/v1/modules", None, host("evil.example")).must(200)
        with server("--host", "0.0.0.0") as one:
            one.ask("GET", "/v1/modules", None, host("evil.example")).must(200)
        with server("--host", "0.0.0.0", "--allowed-hosts", "app.example") as one:
            one.ask("GET", "/v1/modules", None, host("evil.example")).must(421)
    return "4 foreign names 421 on every route but probes; local names, --allowed-hosts and * pass"


def open_events(port, key):
    client = connect(port)
    client.sendall(head("GET", "/v1/modules/m/events", {"Authorization": f"Bearer {key}"}))
    expect(b" 200 " in client.recv(65536), "the stream is refused")
    return client


def ends_within(client, seconds):
    client.settimeout(seconds)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            octets = client.recv(65536)
            if not octets or octets.endswith(b"0\r\n\r\n"):  # the last chunk
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


@entry("A3", "a revoked key keeps its event stream")
def revoked_keys():
    with folder() as place:
        keys, lines = {}, {}
        for name in ("kept", "removed", "replaced", "commented", "demoted"):
            scope = "admin" if name == "demoted" else "infer"
            made = run("key", "--name", name, "--scope", scope).must_pass().out
            keys[name] = made.split("key:")[1].split()[0]
            lines[name] = made.split("line:")[1].strip()
        admin = run("key", "--name", "boss", "--scope", "admin").out
        boss = {"Authorization": "Bearer " + admin.split("key:")[1].split()[0]}
        lines["boss"] = admin.split("line:")[1].strip()
        file = place / "keys"
        file.write_text("\n".join(lines.values()) + "\n")
        with server("--keys", file, "--heartbeat", "1s") as one:
            one.ask("PUT", "/v1/modules/m", LINEAR, boss).must(201)
            for name, how in (("removed", "SIGHUP"), ("replaced", "SIGHUP"), ("commented", "watched")):
                clients = {key: open_events(one.port, keys[key]) for key in ("kept", name)}
                if name == "replaced":
                    lines[name] = run("key", "--name", name).out.split("line:")[1].strip()
                elif name == "commented":
                    lines[name] = "# " + lines[name]
                else:
                    del lines[name]
                file.write_text("\n".join(lines.values()) + "\n")
                if how == "SIGHUP":
                    one.signal(signal.SIGHUP)
                expect(ends_within(clients[name], 1.5 if how == "SIGHUP" else 11), f"the stream of the {name} key goes on")
                expect(not ends_within(clients["kept"], 1.3), f"the kept key's stream ended with the {name} one")
                one.ask("GET", "/v1/modules", None, {"Authorization": f"Bearer {keys[name]}"}).must(401)
                for client in clients.values():
                    client.close()
    return "removed, replaced (SIGHUP, within 1.5 s) and commented (watched) keys' streams ended, the kept one's stayed"


WIDE = {"type": "Linear", "in_features": 2048, "out_features": 2048}
ROWS = 1024


def wide_call(accept):
    body = b"\0\0\x80\x3f" * (ROWS * 2048)
    fields = {"Content-Type": "application/octet-stream", "Accept": accept, "Tensor-Shape": f"{ROWS},2048",
              "Tensor-Dtype": "float32"}
    return head("POST", "/v1/modules/wide/call", fields, len(body)) + body


def leave(port, octets, how):
    client = connect(port)
    client.sendall(octets)
    if how == "RST":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how == "half":
        client.shutdown(socket.SHUT_WR)
        return client
    client.close()
    return None


def living_time(one, octets):
    start = time.monotonic()
    with connect(one.port, 60) as client:
        client.sendall(octets.replace(b"Host:", b"Connection: close\r\nHost:", 1))
        answer = read_to_end(client)
    expect(answer.startswith(b"HTTP/1.1 200"), f"{answer[:300]!r} came")
    return time.monotonic() - start


@entry("A4", "calls that nobody waits for fill the queue")
def gone_clients():
    @contextlib.contextmanager
    def narrow():
        # A server for each round, so that none waits for the work of the one before.
        with server("--compute-width", "1", "--max-batch-rows", "1") as one:
            one.make("wide", WIDE)
            yield one

    bytes_call, json_call = (wide_call(f"application/{form}") for form in ("octet-stream", "json"))
    with narrow() as one:
        alone = sorted(living_time(one, bytes_call) for _ in range(5))[2]
    said = [f"alone {alone:.2f} s"]
    for how, gone in (("RST", bytes_call), ("FIN", bytes_call), ("FIN", json_call)):
        times = []
        for _ in range(3):
            with narrow() as one:
                living_time(one, bytes_call)
                with concurrent.futures.ThreadPoolExecutor(24) as pool:
                    list(pool.map(lambda _: leave(one.port, gone, how), range(24)))
                times.append(living_time(one, bytes_call))
        said.append(f"beside 24 gone by {how}, {'JSON' if gone is json_call else 'bytes'}: {', '.join(f'{t:.2f}' for t in times)}")
        expect(sorted(times)[1] <= max(0.25, 4 * alone), "; ".join(said))
    with narrow() as one:
        halves = [leave(one.port, json_call if index % 2 else bytes_call, "half") for index in range(6)]
        for client in halves:
            client.settimeout(60)
            answer = read_to_end(client)
            expect(answer.startswith(b"HTTP/1.1 200") and len(answer) > 8_000_000, f"half-closed: {answer[:200]!r}")
    return "; ".join(said + ["6 half-closed clients got their whole answers"])


def large_models(place, count, values=9_000_000):
    octets = b"\0" * (4 * values)
    description = {"type": "Linear", "in_features": 3000, "out_features": 3000, "bias": False}
    tensor_file(place / "m0.safetensors", {"weight": ("F32", [3000, 3000], octets)}, {"callpath": json.dumps(description)})
    for index in range(1, count):
        os.link(place / "m0.safetensors", place / f"m{index}.safetensors")


@entry("A5", "SIGTERM while models load")
def end_of_a_load():
    said = []
    with folder() as place:
        large_models(place, 60)
        for name in ("TERM", "INT"):
            one = Process("serve", "--port", "0", "--models", place, "--shutdown-grace", "1s", "--max-bytes", "8GiB")
            try:
                time.sleep(0.3)
                start = time.monotonic()
                one.signal(SIGNALS[name])
                equal(one.wait(10), 0, f"SIG{name}: status")
                took = time.monotonic() - start
                out = one.process.stdout.read().decode()
                expect(took < 1.3, f"SIG{name}: {took:.1f} s")
                expect("ready" not in out + one.log, f"says ready: {(out + one.log)[-300:]}")
                said.append(f"SIG{name}: 0 after {took:.2f} s, never ready")
            finally:
                one.end()
        one = Process("serve", "--port", "0", "--models", place, "--shutdown-grace", "1s", "--max-bytes", "8GiB")
        try:
            one.signal(signal.SIGTERM)
            expect(one.wait(10) in (0, -15), "a signal before the listener is up: status")
        finally:
            one.end()
        repository = Server("--shutdown-grace", "1s", "--max-bytes", "8GiB", "--max-body-bytes", "1GiB")
        try:
            def load():
                try:
                    while True:
                        repository.ask("POST", "/v2/repository/models/x/load", {"parameters": {"config": json.dumps(
                            {"type": "Linear", "in_features": 6000, "out_features": 6000})}})
                except OSError:
                    pass

            thread = threading.Thread(target=load, daemon=True)
            thread.start()
            time.sleep(0.3)
            start = time.monotonic()
            repository.signal(signal.SIGTERM)
            equal(repository.wait(10), 0, "beside a load of /v2: status")
            took = time.monotonic() - start
            expect(took < 2.5, f"beside a load of /v2: {took:.1f} s")
            said.append(f"beside a load of /v2: 0 after {took:.2f} s")
        finally:
            repository.end()
    return "; ".join(said)


@entry("A6", "the second signal ends a drain delay")
def second_signal():
    said = []
    for first in ("TERM", "INT"):
        for second in ("TERM", "INT"):
            one = Server("--drain-delay", "10s")
            try:
                one.signal(SIGNALS[first])
                time.sleep(0.5)
                start = time.monotonic()
                one.signal(SIGNALS[second])
                one.wait(9)
                took = time.monotonic() - start
                expect(took < 1, f"SIG{first}, SIG{second}: {took:.1f} s")
                expect("did not finish" not in one.log, f"none was open: {one.log[-300:]}")
                said.append(f"{took:.2f}")
            finally:
                one.end()
    one = Server("--shutdown-grace", "300ms")
    try:
        one.make("m", LINEAR)
        clients = [connect(one.port) for _ in range(3)]
        for client in clients:
            client.sendall(head("POST", "/v1/modules/m/call", {"Content-Type": "application/json"}, 100) + b"{")
        time.sleep(0.3)
        one.signal(signal.SIGTERM)
        one.wait(9)
        expect("did not finish" in one.log and "3" in one.log.split("did not finish")[0].splitlines()[-1] + one.log.split("did not finish")[1].splitlines()[0],
               f"no count of 3: {one.log[-300:]}")
        for client in clients:
            client.close()
    finally:
        one.end()
    return f"four orders of two signals: gone after {', '.join(said)} s without that line; with 3 open requests it says 3"


@entry("A7", "SIGUSR1 and SIGUSR2 are ignored")
def user_signals():
    with server("--log-level", "debug") as one:
        one.make("m", LINEAR)
        with connect(one.port) as client:
            client.sendall(head("POST", "/v1/modules/m/call", {"Content-Type": "application/json"}, 23) + b'{"input"')
            for number in (signal.SIGUSR1, signal.SIGUSR2):
                one.signal(number)
            time.sleep(0.3)
            client.sendall(b": [1, 2, 3, 4]}")
            expect(b" 200 " in client.recv(65536), "the open request was not answered")
        expect(one.process.poll() is None, "it ended")
        expect(eventually(lambda: f"signal {int(signal.SIGUSR1)}" in one.log and f"signal {int(signal.SIGUSR2)}" in one.log, 2), f"no debug line: {one.log[-300:]}")
    return "a debug line each, the request that was open answered 200"
