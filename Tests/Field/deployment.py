"""B. What a deployment needs."""

import http.client
import os
import pathlib
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time

from support import (LINEAR, REPOSITORY, Missing, Server, UnixConnection, certificate, command, connect, entry, equal, eventually,
                     expect, folder, free_port, head, holds, linear_file, program, run, server)

JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
HEALTH = ("/livez", "/readyz", "/metrics", "/version", "/openapi.yaml", "/ping", "/")


@entry("B1", "Accept with parameters")
def accept():
    with server() as one:
        one.make("m", LINEAR)
        for value in ("application/json; charset=utf-8", JAVA, "*;q=.2", "*", "application/json;q=.2", 'application/json; a="b, c"', "*/*;q=0.5;x=y"):
            for method, path, body in (("GET", "/v1/modules", None), ("HEAD", "/v1/modules/m", None), ("GET", "/v1/modules/m/weight", None),
                                       ("GET", "/v2/models/m", None), ("POST", "/v1/modules/m/call", {"input": [1, 2, 3, 4]}),
                                       ("PUT", "/v1/modules/m/bias", {"data": [0, 0, 0]}), ("GET", "/v1/modules/m/hooks", None)):
                one.ask(method, path, body, {"Accept": value}).must(200)
        for value, kind in (("application/octet-stream; v=1", "application/octet-stream"), ("text/plain; charset=utf-8", "text/plain"),
                            ("application/safetensors; x=y", "safetensors"), ("text/plain; format=flowed; q=.9, application/json; q=.1", "text/plain")):
            holds(one.ask("POST", "/v1/modules/m/call", {"input": [1, 2, 3, 4]}, {"Accept": value}).must(200).field("content-type"), kind)
        for path in HEALTH:
            for value in ("text/html", "image/png", "nonsense", "application/json;q=0"):
                status = one.ask("GET", path, None, {"Accept": value}).status
                expect(status in ((200, 303) if path == "/" else (200,)), f"{path} with Accept {value}: {status}")
        one.ask("GET", "/v1/modules", None, {"Accept": "text/html"}).must(406)
    return "parameters ignored on 7 routes, .2 is 0.2, * is */*; 7 operations never 406; text/html alone on /v1 406"


NGINX = """
daemon off; pid {place}/pid; error_log {place}/error.log; worker_processes 1; {user}
events {{}}
http {{ access_log off; {paths}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{behind}; {more} }} }} }}
"""


class Nginx:
    def __init__(self, place, behind, more=""):
        paths = " ".join(f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.port = free_port()
        os.chmod(place, 0o755)
        user = "user root;" if os.getuid() == 0 else ""
        (place / "nginx.conf").write_text(NGINX.format(place=place, port=self.port, behind=behind, more=more, paths=paths, user=user))
        self.process = subprocess.Popen([program("nginx"), "-c", place / "nginx.conf", "-p", place], stderr=subprocess.DEVNULL)

    def __enter__(self):
        def answers():
            try:
                connect(self.port).close()
                return True
            except OSError:
                return False

        expect(eventually(answers, 5), "nginx did not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


@entry("B2", "events pass nginx")
def events_pass_nginx():
    with folder() as place, server("--heartbeat", "1s") as one:
        one.make("m", LINEAR)
        for coding in (None, "gzip"):
            with connect(one.port) as client:
                client.sendall(head("GET", "/v1/modules/m/events", {"Accept-Encoding": coding} if coding else {}))
                holds(client.recv(65536).decode("latin1").lower(), "x-accel-buffering: no")
        with Nginx(place, one.port) as nginx, connect(nginx.port) as client:
            client.sendall(head("GET", "/v1/modules/m/events"))
            client.settimeout(5)
            octets = b""
            end = time.monotonic() + 5
            time.sleep(0.5)
            one.call("m", [1, 2, 3, 4]).must(200)
            while b"event: call" not in octets and time.monotonic() < end:
                octets += client.recv(65536)
        holds(octets.decode("latin1"), "event: call")
    return f"proxy_pass alone: {len(octets)} octets came, the call's event among them; X-Accel-Buffering: no with gzip too"


@entry("B3", "health checks with a query")
def queries():
    with server("--default-model", "m") as one:
        one.make("m", LINEAR)
        queries = ("verbose", "a=1&a=2", "%zz", "a[]=1", "=", "&&", "a=%", "?")
        for query in queries:
            for path in ("/livez", "/readyz", "/metrics", "/version", "/openapi.yaml", "/ping", "/"):
                for method in ("GET", "HEAD"):
                    one.ask(method, f"{path}?{query}").must(200)
            one.ask("POST", f"/invocations?{query}", {"inputs": [[1, 2, 3, 4]]}).must(200)
        one.ask("GET", "/v1/modules?verbose").must(400)
    return f"{len(queries)} queries on 7 resources by GET and HEAD and on /invocations: 200; /v1 400"


@entry("B4", "GET /")
def root():
    with folder() as place:
        keys = place / "keys"
        run("key", "--name", "n", "--file", keys).must_pass()
        with server("--keys", keys, "--drain-delay", "3s") as one:
            for fields in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "image/png"}):
                answer = one.ask("GET", "/?x", None, fields).must(200)
                equal((answer.json["name"], answer.json["status"]), ("callpath", "ready"))
                expect(answer.json["version"] and answer.json["links"]["ready"] == "/readyz", f"{answer.json}")
            equal(one.ask("HEAD", "/").must(200).body, b"")
            page = one.ask("GET", "/", None, {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}).must(303)
            equal(page.field("location"), "/console")
            holds(one.ask("OPTIONS", "/").must(204).field("allow"), "GET", "HEAD")
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                one.ask(method, "/").must(405)
            one.signal(signal.SIGTERM)
            time.sleep(0.3)
            equal(one.ask("GET", "/").must(503).json["status"], "draining")
    return "200 ready without a key, 303 for a browser, OPTIONS 204, others 405; 503 draining"


def secure_ask(port, place, authority, path="/livez", identity=None, key=None):
    context = ssl.create_default_context(cafile=str(place / authority))
    if identity:
        context.load_cert_chain(place / f"{identity}.crt", place / f"{identity}.key")
    client = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    client.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        return client.getresponse().status
    finally:
        client.close()


@entry("B5", "certificates and keys change under it")
def watched_files():
    with folder() as place:
        for name in ("one", "two"):
            certificate(place, name)
            (place / f"v_{name}").mkdir()
            for kind in ("crt", "key"):
                (place / f"v_{name}" / f"tls.{kind}").write_bytes((place / f"{name}.{kind}").read_bytes())
            key = run("key", "--name", name).out
            (place / f"v_{name}" / "keys").write_text(key.split("line:")[1].strip() + "\n")
            (place / f"{name}.secret").write_text(key.split("key:")[1].split()[0])
        os.symlink("v_one", place / "..data")
        for file in ("tls.crt", "tls.key", "keys"):
            os.symlink(f"..data/{file}", place / file)
        arguments = ["--tls-certificate", place / "tls.crt", "--tls-key", place / "tls.key", "--keys", place / "keys"]
        with server(*arguments) as one:
            one.port = int(one.ready_line.rsplit(":", 1)[1].split()[0].rstrip("/"))
            secrets = {name: (place / f"{name}.secret").read_text() for name in ("one", "two")}
            equal(secure_ask(one.port, place, "one.crt", "/v1/modules", key=secrets["one"]), 200)
            os.symlink("v_two", place / "..new")
            os.rename(place / "..new", place / "..data")
            start = time.monotonic()

            def changed():
                try:
                    return secure_ask(one.port, place, "two.crt", "/v1/modules", key=secrets["two"]) == 200
                except ssl.SSLError:
                    return False

            expect(eventually(changed, 11), "after 11 s the old pair or keys")
            took = time.monotonic() - start
            equal(secure_ask(one.port, place, "two.crt", "/v1/modules", key=secrets["one"]), 401, "the old key")
            lines = one.log.count("\n")
            (place / "v_two" / "tls.key").write_bytes((place / "one.key").read_bytes())
            expect(eventually(lambda: "tls.key" in one.log or "tls-key" in one.log, 11), f"no line about a pair that does not fit: {one.log[-400:]}")
            time.sleep(6)
            said = [line for line in one.log.splitlines()[lines:] if "tls" in line and "level=info" not in line and "info" not in line.split()[1:2]]
            equal(secure_ask(one.port, place, "two.crt"), 200)
            (place / "v_two" / "tls.key").unlink()
            time.sleep(6)
            equal(secure_ask(one.port, place, "two.crt"), 200, "a missing file")
    return f"..data swapped: pair and keys taken after {took:.1f} s; a pair that does not fit and a missing file keep the old one ({len(said)} line)"


@entry("B6", "clients behind a proxy")
def proxies():
    def peers(arguments, requests):
        with server("--trusted-proxies", *arguments) as one:
            for fields in requests:
                one.ask("GET", "/v1/modules", None, fields)
            eventually(lambda: one.log.count("/v1/modules") == len(requests), 5)
            time.sleep(0.2)
            return [line for line in one.log.splitlines() if "/v1/modules" in line]

    rows = [
        ([("X-Forwarded-For", "9.9.9.9")], "9.9.9.9"), ([("X-Forwarded-For", "1.1.1.1, 9.9.9.9, 10.1.2.3")], "9.9.9.9"),
        ([("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "9.9.9.9")], "9.9.9.9"), ([("X-Forwarded-For", "1.1.1.1, unknown, 10.0.0.1")], "10.0.0.1"),
        ([("X-Forwarded-For", "9.9.9.9:1234")], "9.9.9.9"), ([("X-Forwarded-For", "[2001:DB8:0::1]:80")], "2001:db8::1"),
        ([("X-Forwarded-For", "::ffff:1.2.3.4")], "1.2.3.4"), ([("Forwarded", "for=8.8.8.8")], "127.0.0.1"),
    ]
    for (fields, must), line in zip(rows, peers(["127.0.0.1,10.0.0.0/8"], [fields for fields, _ in rows])):
        holds(line + " ", f"peer={must} ")
    rows = [([("Forwarded", 'for="[2001:db8::1]:80";proto=https')], "2001:db8::1"), ([("Forwarded", "for=9.9.9.9, for=10.0.0.3")], "9.9.9.9"),
            ([("Forwarded", "for=_x")], "127.0.0.1"), ([("X-Forwarded-For", "8.8.8.8")], "127.0.0.1"), ([("Forwarded", 'for="9.9\\.9.9"')], "9.9.9.9")]
    for (fields, must), line in zip(rows, peers(["127.0.0.1,10.0.0.0/8", "--forwarded-field", "forwarded"], [fields for fields, _ in rows])):
        holds(line + " ", f"peer={must} ")
    lines = peers(["10.0.0.0/8"], [[("X-Forwarded-For", "9.9.9.9")]])
    holds(lines[0] + " ", "peer=127.0.0.1 ")
    with server("--trusted-proxies", "127.0.0.1", "--rate-limit", "1", "--rate-burst", "2") as one:
        def statuses(address):
            return [one.ask("GET", "/v1/modules", None, {"X-Forwarded-For": address}).status for _ in range(4)]

        expect(429 in statuses("9.9.9.9"), "no limit")
        equal(statuses("7.7.7.7")[0], 200, "another client")
    return "13 spellings gave the client that the walk names; an untrusted peer's fields nothing; limits by client"


@entry("B7", "probes and the access log")
def probes():
    with server("--operations-port", "0") as one:
        operations = int(re.findall(r":(\d+)", one.ready_line + one.log)[-1])
    with server() as one:
        one.make("m", LINEAR)
        paths = ["/", "/livez", "/readyz", "/metrics", "/ping", "/v2/health/live", "/v2/health/ready", "/v2/models/m/ready", "/v2/models/m/versions/1/ready"]
        for path in paths:
            for method in ("GET", "HEAD"):
                one.ask(method, path).must(200)
        one.ask("GET", "/v2/models/none/ready").status
        one.ask("GET", "/v1/modules").must(200)
        expect(eventually(lambda: "/v1/modules " in one.log + " " and "models/none/ready" in one.log, 3), f"lines are missing: {one.log[-400:]}")
        lines = one.log
    for path in paths[1:]:
        expect(f"{path} " not in lines.replace("none", ""), f"{path} is logged")
    with server("--log-level", "debug") as one:
        one.ask("GET", "/livez")
        expect(eventually(lambda: "/livez" in one.log, 3), "not even at debug")
    return f"{len(paths)} probes by GET and HEAD: no line at info, one at debug; a 404 probe and others are logged"


@entry("B8", "probes and scrapes under mutual TLS")
def operations():
    with folder() as place:
        certificate(place, "ca", "authority")
        certificate(place, "server")
        certificate(place, "client", "someone", signer="ca")
        with server("--tls-certificate", place / "server.crt", "--tls-key", place / "server.key", "--tls-client-auth", "required",
                    "--tls-client-ca", place / "ca.crt", "--operations-port", "0", "--operations-port-file", place / "port") as one:
            port = int((place / "port").read_text().split()[0])
            main = int(re.search(r"https://[^ ]*?:(\d+)", one.ready_line)[1])
            for path in ("/", "/livez", "/readyz", "/metrics", "/version"):
                one.ask("GET", path, port=port).must(200)
            for path in ("/v1/modules", "/openapi.yaml", "/console", "/v2", "/ping"):
                one.ask("GET", path, port=port).must(404)
            equal(secure_ask(main, place, "server.crt", "/metrics", "client"), 404)
            for path in ("/livez", "/readyz", "/version"):
                equal(secure_ask(main, place, "server.crt", path, "client"), 200, path)
            run("health", "--operations-port", port).must_pass()
            run("health", variables={"CALLPATH_OPERATIONS_PORT": str(port), "CALLPATH_PORT": "1"}).must_pass()
    return "exactly 5 paths on it, plain, without key; /metrics 404 on the main port; health asks it"


@entry("B9", "Unix socket")
def unix_socket():
    with folder() as place:
        path = place / "s"
        with server("--unix-socket", path, port=False) as one:
            equal(stat.S_IMODE(os.stat(path).st_mode), 0o660, "mode")
            one.ask("GET", "/v1/modules", connection=UnixConnection(str(path))).must(200)
            expect("127.0.0.1" not in one.ready_line, f"another listener: {one.ready_line}")
            expect(eventually(lambda: "peer=unix" in one.log, 3), "peer is not unix")
            run("serve", "--unix-socket", path, timeout=10).must_fail()
            expect(path.exists(), "the served socket's file is gone")
            run("health", variables={"CALLPATH_UNIX_SOCKET": str(path)}).must_pass()
            one.signal(signal.SIGTERM)
            equal(one.wait(), 0)
            expect(not path.exists(), "the file is left")
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(path))
        stale.close()
        with server("--unix-socket", path, "--unix-socket-mode", "0600", port=False):
            equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
        (place / "file").write_text("x")
        run("serve", "--unix-socket", place / "file", timeout=10).must_fail()
        equal((place / "file").read_text(), "x")
        with server("--unix-socket", place / "t") as one:
            one.ask("GET", "/v1/modules").must(200)
            one.ask("GET", "/v1/modules", connection=UnixConnection(str(place / "t"))).must(200)
    return "0660, only listener, stale file replaced, served one and a plain file refused and kept, removed at the end"


@entry("B10", "several addresses")
def addresses():
    for arguments, variables in ((["--host", "127.0.0.1", "--host", "127.0.0.2"], {}), (["--host", "127.0.0.1,127.0.0.2"], {}),
                                 ([], {"CALLPATH_HOST": "127.0.0.1,127.0.0.2"})):
        with server(*arguments, variables=variables) as one:
            holds(one.ready_line, "127.0.0.1:", "127.0.0.2:")
            for host in ("127.0.0.1", "127.0.0.2"):
                one.ask("GET", "/livez", connection=http.client.HTTPConnection(host, one.port, timeout=5)).must(200)
    said = "two flags, commas, a variable: both answer on one port"
    if pathlib.Path("/proc/net/if_inet6").exists() and pathlib.Path("/proc/net/if_inet6").read_text():
        with server("--host", "[::1]") as one:
            port = int(re.search(r"\]:(\d+)", one.ready_line)[1])
            one.ask("GET", "/livez", connection=http.client.HTTPConnection("::1", port, timeout=5)).must(200)
        said += "; [::1] is taken"
    else:
        said += "; no IPv6 here"
    run("serve", "--port", "0", "--host", "127.0.0.1", "--host", "203.0.113.1", timeout=10).must_fail("203.0.113.1")
    with socket.socket() as held:
        held.bind(("127.0.0.2", 0))
        held.listen()
        run("serve", "--port", held.getsockname()[1], "--host", "127.0.0.1,127.0.0.2", timeout=10).must_fail("127.0.0.2")
    return said + "; one that cannot be bound ends the start"


@entry("B11", "URL prefix")
def prefix():
    with server("--path-prefix", "/x/y") as one:
        for base in ("", "/x/y"):
            for path in ("/livez", "/v1/modules", "/v2", "/openapi.yaml", "/console", "/metrics"):
                one.ask("GET", base + path).must(200)
            made = one.ask("POST", base + "/v1/modules", {**LINEAR, "name": f"m{len(base)}"}).must(201)
            expect(made.field("location").startswith("/x/y/v1/modules/"), f"Location: {made.field('location')}")
            holds(one.ask("GET", base + "/openapi.yaml").text.split("paths:")[0], "/x/y")
        one.ask("GET", "/x/yy/livez").must(404)
        one.ask("GET", "/x/y/x/y/livez").must(404)
    bad = ("x", "/x/", "/", "/x y", "/a//b", "/x?y", "/../x")
    for value in bad:
        run("serve", "--port", "0", "--path-prefix", value, timeout=10).must_fail("--path-prefix")
    return f"with it and without; Location and servers carry it; {len(bad)} malformed ones end the start"


@entry("B12", "log lines lost and misplaced")
def lost_lines():
    def dropped(log):
        one = Server(log=log)
        try:
            for _ in range(20):
                one.ask("GET", "/v1/modules").must(200)
            expect(eventually(lambda: one.metric("callpath_log_lines_dropped_total") >= 20, 4),
                   f"{one.metric('callpath_log_lines_dropped_total'):.0f} counted")
            return int(one.metric("callpath_log_lines_dropped_total"))
        finally:
            one.end()

    read, write = os.pipe()
    os.close(read)
    counts = [dropped(write), dropped(open("/dev/full", "wb"))]
    os.close(write)
    shell = f"exec '{os.environ['CALLPATH_BINARY']}' serve --port 0 --port-file \"$1\" 0<&- 1>&- 2>&-"
    with folder() as place:
        process = subprocess.Popen(["sh", "-c", shell, "sh", place / "port"])
        try:
            expect(eventually(lambda: (place / "port").exists() and (place / "port").read_text().strip(), 5), "does not serve without 0, 1, 2")
            links = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)]
            equal(links, ["/dev/null"] * 3)
        finally:
            process.terminate()
            process.wait(10)
    return f"pipe without reader {counts[0]}, /dev/full {counts[1]} lines counted; closed 0, 1, 2 are /dev/null"


@entry("B13", "the cost of the access log")
def log_cost():
    wrk = program("wrk")
    done = command(sys.executable, REPOSITORY / "Benchmarks/log.py", "--callpath", os.environ["CALLPATH_BINARY"], "--seconds", "1",
                   "--rounds", os.environ.get("FIELD_LOG_ROUNDS", "5"), timeout=600).must_pass()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.out.splitlines() if line.startswith(("| text", "| json"))]
    expect(len(rows) == 2, f"{wrk}: {done.said[:400]}")
    said = []
    for kind, _, slower, _, dearer, missing, _ in rows:
        said.append(f"{kind} {1 / float(slower):.2f} of the rate without, {float(dearer):.2f} times the processor time, {missing} lines missing")
        expect(1 / float(slower) >= 0.85 and float(dearer) <= 1.25 and missing == "0", "; ".join(said))
    return "; ".join(said)


@entry("B14", "health of a server that wants certificates")
def wanted_certificates():
    with folder() as place:
        certificate(place, "ca", "authority")
        certificate(place, "server")
        certificate(place, "client", signer="ca")
        certificate(place, "stranger")
        with server("--tls-certificate", place / "server.crt", "--tls-key", place / "server.key", "--tls-client-auth", "required",
                    "--tls-client-ca", place / "ca.crt") as one:
            port = re.search(r":(\d+)", one.ready_line.split("https://")[1])[1]
            run("health", "--port", port).must_fail("the server asks for a client certificate (--client-certificate)")
            for name in ("client", "stranger"):
                (place / f"{name}.pem").write_text((place / f"{name}.crt").read_text() + (place / f"{name}.key").read_text())
            run("health", "--port", port, "--client-certificate", place / "client.pem").must_pass()
            run("health", "--port", port, "--client-certificate", place / "stranger.pem").must_fail()
            expect(eventually(lambda: one.log.count("refused a TLS handshake") >= 2, 3), f"{one.log[-500:]}")
            lines = [line for line in one.log.splitlines() if "refused a TLS handshake" in line]
            reasons = [line.split("reason=")[1] for line in lines]
            expect(len(set(reasons)) >= 2, f"{reasons}")
    return f"said so; the log: {'; '.join(sorted(set(reasons)))}"


@entry("B15", "health asks the right port")
def right_port():
    done = run("health", variables={"CALLPATH_PORT": "tcp://10.0.0.1:80"}).must_fail("CALLPATH_PORT", "tcp://10.0.0.1:80")
    for value in ("65536", "99999999999999999999", "-1", "x"):
        run("health", variables={"CALLPATH_PORT": value}).must_fail("CALLPATH_PORT")
    run("serve", variables={"CALLPATH_PORT": "tcp://10.0.0.1:80"}, timeout=10).must_fail("CALLPATH_PORT")
    said = done.error.strip().splitlines()[0]
    if os.getuid() != 0 or command("unshare", "--fork", "--pid", "--mount-proc", "true").status:
        return said + "; process 1 not tried: no unshare here"
    # A container's worth of processes: the server is process 1, health runs beside it; it looks for one that is called callpath.
    binary = os.environ["CALLPATH_BINARY"]
    with folder() as place:
        for more in ("", "--host 127.0.0.2", f"--operations-port {free_port()}"):
            port = free_port()
            host = more if more.startswith("--host") else ""
            # Process 1 of the namespace is what the shell becomes; health runs beside it once the port answers.
            wait = f"for try in $(seq 100); do '{binary}' health --port {port} {host} && break; sleep 0.1; done > /dev/null 2>&1"
            ask = f"'{binary}' health > '{place}/said' 2>&1; echo $? >> '{place}/said'; kill -TERM 1"
            script = f"({wait}; {ask}) & exec '{binary}' serve --port {port} {more} > /dev/null 2>&1"
            command("unshare", "--fork", "--pid", "--mount-proc", "sh", "-c", script, timeout=60)
            text = (place / "said").read_text()
            expect(text.split()[-1] == "0", f"process 1 with --port {port} {more}: {text}")
    return said + "; process 1's --port, --host and --operations-port are found"


@entry("B16", "keys")
def keys():
    with folder() as place:
        file = place / "keys"
        key = run("key", "--name", "n", "--scope", "admin", "--file", file).must_pass().out.strip()
        equal(stat.S_IMODE(os.stat(file).st_mode), 0o600, "mode")
        expect(re.fullmatch(r"\S+", key), f"not the key alone: {key!r}")
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
        with server("--keys", file) as one:
            for value in (f"Bearer {key}", f"Bearer  {key}", f"Bearer   {key}  ", f"bearer {key}"):
                one.ask("GET", "/v1/modules", None, {"Authorization": value}).must(200)
            one.ask("GET", "/v1/modules").must(401)
        with server("--keys", file, "--anonymous-scope", "infer") as one:
            one.ask("GET", "/v1/modules").must(200)
            expect(one.ask("POST", "/v1/modules", LINEAR).status in (401, 403), "anybody may create")
            one.ask("GET", "/v1/modules", None, {"Authorization": "Bearer cpk_wrong"}).must(401)
        for line in (f"key:  {key}\n", "line: n infer 00\n"):
            (place / "bad").write_text(line)
            run("serve", "--port", "0", "--keys", place / "bad", timeout=10).must_fail("callpath key", "--file")
    holds((REPOSITORY / "README.md").read_text(), "Authorization: Bearer")
    return "blanks, mark and CRLF are skipped; --file 0600 prints the key alone; --anonymous-scope infer; key:/line: named"


@entry("B17", "ETag after a restart")
def restarts():
    with folder() as place:
        tags = []
        for weight in ((1,) * 12, (2,) * 12):
            linear_file(place / "m.safetensors", weight)
            with server("--models", place) as one:
                for path in ("/v1/modules/m/weight", "/v1/modules/m/state_dict", "/v1/modules/m"):
                    answer = one.ask("GET", path).must(200)
                    tag = answer.field("etag")
                    expect(re.fullmatch(r'"1-[0-9A-Za-z_-]{6,}"', tag), f"{path}: {tag}")
                    for old in (['"1"'] if not tags else ['"1"', tags[0]]):
                        one.ask("GET", path, None, {"If-None-Match": old}).must(200)
                    one.ask("GET", path, None, {"If-None-Match": tag}).must(304)
                one.ask("PUT", "/v1/modules/m/bias", {"data": [0, 0, 0]}, {"If-Match": '"1"'}).must(412)
                answer = one.ask("PUT", "/v1/modules/m/bias", {"data": [0, 0, 0]}, {"If-Match": tag}).must(200)
                expect(answer.field("etag").startswith('"2-'), answer.field("etag"))
                tags.append(tag)
        expect(tags[0] != tags[1], f"{tags}")
        with server() as one:
            one.make("m", {"type": "Linear", "in_features": 64, "out_features": 64})
            coded = one.ask("GET", "/v1/modules/m/weight", None, {"Accept-Encoding": "gzip"})
            expect(coded.field("etag").endswith('-gzip"'), f"{coded.field('etag')}")
    return f"{tags[0]}, after a restart {tags[1]}; the old ones 200 and 412; coded {coded.field('etag')}"


@entry("B18", "tritonclient.http.aio and gzip")
def triton_gzip():
    with server() as one:
        for index in range(5):
            one.make(f"model-with-a-long-name-{index}", {"type": "Sequential", "modules": [LINEAR] + [{"type": "ReLU"}] * 30})
        for method, path, body in (("GET", "/v2", None), ("GET", "/v2/models/stats", None), ("GET", "/v2/models/model-with-a-long-name-0", None),
                                   ("GET", "/v2/models/model-with-a-long-name-0/config", None), ("POST", "/v2/repository/index", {}),
                                   ("GET", "/v2/models/none" + "x" * 1500, None)):
            answer = one.ask(method, path, body, {"Accept-Encoding": "gzip, deflate"})
            expect(answer.field("content-encoding") is None, f"{path} is coded")
        one.make("wide", {"type": "Linear", "in_features": 4, "out_features": 999})
        infer = {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
        coded = one.ask("POST", "/v2/models/wide/infer", infer, {"Accept-Encoding": "gzip"}).must(200)
        equal(coded.field("content-encoding"), "gzip", "infer")
        equal(one.ask("GET", "/v1/modules/wide", None, {"Accept-Encoding": "gzip"}).field("content-encoding") or "gzip", "gzip")
        said = "metadata, config, stats, index, errors plain, infer coded"
        for python in (os.environ.get("FIELD_TORCH"), sys.executable):
            script = ("import asyncio, tritonclient.http.aio as t\nasync def main():\n c = t.InferenceServerClient('127.0.0.1:%d')\n"
                      " print(len((await c.get_inference_statistics())['model_stats']))\n await c.close()\nasyncio.run(main())" % one.port)
            if python and command(python, "-c", "import tritonclient.http.aio").status == 0:
                equal(command(python, "-c", script).must_pass().out.strip(), "6")
                return said + "; tritonclient.http.aio reads the statistics of 6 models"
    return said + "; tritonclient is not here"


@entry("B19", "cgroup v1")
def cgroup_v1():
    """A group of half a processor below one without a bound, where this host has version 1's controller."""
    root = next((path for path in map(pathlib.Path, ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct")) if (path / "cpu.cfs_quota_us").exists()), None)
    own = next((line.split(":", 2)[2] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
                if "cpu" in line.split(":")[1].split(",")), None)
    if root is None or own is None or not os.access(root, os.W_OK):
        raise Missing("needs a host with cgroup v1's cpu controller, and root; ProcessorQuotaTests hold the reading to made-up trees")
    parent = root / own.lstrip("/") / f"field-{os.getpid()}"
    child = parent / "inner"
    loops = {}
    try:
        child.mkdir(parents=True)
        for name, (outer, inner) in {"0.5 of its own": (-1, 50_000), "0.5 of its parent's": (50_000, -1), "no bound": (-1, -1)}.items():
            (child / "cpu.cfs_quota_us").write_text("-1")
            (parent / "cpu.cfs_quota_us").write_text(str(outer))
            (child / "cpu.cfs_quota_us").write_text(str(inner))
            shell = f"echo $$ > '{child}/tasks'; exec '{os.environ['CALLPATH_BINARY']}' serve --port 0"
            process = subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            process.stdout.readline()
            time.sleep(0.2)
            # Each loop has an epoll descriptor; Dispatch has one of its own.
            links = [os.readlink(f"/proc/{process.pid}/fd/{number}") for number in os.listdir(f"/proc/{process.pid}/fd")]
            loops[name] = sum("eventpoll" in link for link in links) - 1
            process.terminate()
            process.communicate(timeout=20)
    finally:
        for path in (child, parent):
            if path.exists():
                path.rmdir()
    cores = len(os.sched_getaffinity(0))
    equal(loops, {"0.5 of its own": 1, "0.5 of its parent's": 1, "no bound": cores}, "loops")
    return f"loops: {loops} of {cores} cores"
