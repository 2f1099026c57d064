"""Where a server started from Python listens: sockets, ports, TLS, prefixes, keys."""
import asyncio
import os
import re
import shutil
import subprocess

import pytest

import callpath

IDENTITY = {"type": "Identity"}


async def names(url, **how):
    async with callpath.aio.Client(url, **how) as client:
        return await client.names()


def answers(server):
    """Whether both clients reach the server, by its own client and by its URL."""
    name = server.client.create(None, IDENTITY).name
    assert server.client[name]([1.0, 2.0]).tolist() == [1, 2]
    assert asyncio.run(names(server.url)) == server.client.names() == [name]
    return True


@pytest.mark.parametrize("name", ["s.sock", "with blank.sock", "with,comma.sock", "ü?#%41.sock"])
@pytest.mark.parametrize("joined", [False, True])
def test_a_socket_is_enough(tmp_path, name, joined):
    path = str(tmp_path / name)
    with callpath.serve(arguments=[f"--unix-socket={path}"] if joined else ["--unix-socket", path]) as server:
        assert server.urls == [server.url] and server.url.startswith("unix:///") and server.port is None
        assert answers(server)


def test_a_socket_of_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with callpath.serve(arguments=["--unix-socket", "s.sock"]) as server:
        monkeypatch.chdir("/")
        assert server.url == f"unix://{tmp_path}/s.sock" and answers(server)


@pytest.mark.parametrize("more", [["--port", "0"], ["--port=0"], ["--host", "127.0.0.1"], ["--host=127.0.0.1,127.0.0.2"]])
def test_a_socket_and_a_port(tmp_path, more):
    with callpath.serve(arguments=["--unix-socket", tmp_path / "s.sock", *more]) as server:
        assert server.url == f"unix://{tmp_path}/s.sock" and answers(server)
        assert len(server.urls) == (3 if "," in more[-1] else 2)
        for url in server.urls[1:]:
            assert f":{server.port}" in url and callpath.Client(url).names() == server.client.names()


@pytest.mark.parametrize("host, shown", [
    ("127.0.0.1,127.0.0.2", r"http://127\.0\.0\.1:\d+"), ("localhost", r"http://(127\.0\.0\.1|\[::1\]):\d+"),
    ("0.0.0.0", r"http://127\.0\.0\.1:\d+"),
])
def test_hosts_are_asked_where_they_can_be(host, shown):
    with callpath.serve(arguments=["--host", host]) as server:
        assert re.fullmatch(shown, server.url) and answers(server)


@pytest.mark.skipif(not os.path.exists("/proc/net/if_inet6"), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
def test_hosts_of_ipv6(host):
    with callpath.serve(arguments=["--host", host]) as server:
        assert re.fullmatch(r"http://\[::1\]:\d+", server.url) and answers(server)


def test_a_second_port_is_a_url_too():
    with callpath.serve(arguments=["--grpc-port", "0"]) as server:
        assert len(server.urls) == 2 and answers(server)


@pytest.mark.parametrize("at_socket", [False, True])
def test_a_prefix_stands_in_the_url(tmp_path, at_socket):
    where = ["--unix-socket", tmp_path / "s.sock"] if at_socket else []
    with callpath.serve(arguments=[*where, "--path-prefix", "/some/prefix"]) as server:
        assert server.url.endswith("/some/prefix") and answers(server)
        listed = subprocess.run([callpath.binary(), "list", "--url", server.url], capture_output=True, text=True, timeout=60)
        assert listed.returncode == 0 and listed.stdout.count("\n") == 1, listed.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_server_behind_tls_and_keys_has_a_client(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )
    made = subprocess.run(
        [callpath.binary(), "key", "--name", "me", "--scope", "admin", "--file", tmp_path / "keys"], capture_output=True, text=True,
        check=True,
    )
    words = ["--tls-certificate", tmp_path / "certificate.pem", "--tls-key", tmp_path / "key.pem", "--keys", tmp_path / "keys"]
    key, verify = made.stdout.strip(), tmp_path / "certificate.pem"
    with callpath.serve(arguments=words, key=key, verify=verify) as server:
        name = server.client.create(None, IDENTITY).name
        assert asyncio.run(names(server.url, key=key, verify=verify)) == [name]
        with pytest.raises(callpath.CallpathError, match="key"):
            server.connect(key="cpk_wrong").names()
        with pytest.raises(OSError, match=re.escape(server.url)):
            server.connect(verify=True).names()


@pytest.mark.parametrize("arguments", ["--port 0", b"--port", "--log-level=debug"])
def test_a_text_is_not_a_list_of_arguments(arguments):
    with pytest.raises(TypeError, match="expected a list of arguments, such as .* got the text"):
        callpath.serve(arguments=arguments)
