"""What the network and servers do to a client."""
import asyncio
import socket
import threading

import numpy as np
import pytest

import callpath


class Fake:
    """A server that answers each connection with the next of its answers, then closes it."""

    def __init__(self, *answers):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.requests = []
        threading.Thread(target=self.run, args=(answers,), daemon=True).start()

    def run(self, answers):
        for answer in answers:
            connection, _ = self.listener.accept()
            for part in answer:
                data = b""
                while b"\r\n\r\n" not in data:
                    received = connection.recv(65536)
                    if not received:
                        break
                    data += received
                self.requests.append(data)
                connection.sendall(part)
            connection.close()
        self.listener.close()


def version(text="1"):
    body = f'{{"version": "{text}"}}'.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def both(url):
    """The same request by each client."""
    yield callpath.Client(url, timeout=5).server_version
    yield asyncio.run(read(callpath.aio.Client(url, timeout=5)))


async def read(client):
    return await client.server_version


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n{"ver\r\nA\r\nsion":"1"}\r\n0\r\nA: b\r\n\r\n',
        b'HTTP/1.0 200 OK\r\n\r\n{"version": "1"}',
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + version(),
        b'HTTP/1.1 200 OK\nContent-Length: 16\n\n{"version": "1"}',
    ],
)
def test_reads_answers_of_any_framing(answer):
    assert list(both(Fake([answer], [answer]).url)) == ["1", "1"]


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"HTTP/1.1", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
def test_half_an_answer_is_a_connection_error(answer):
    fake = Fake([answer], [answer])
    with pytest.raises(ConnectionError):
        callpath.Client(fake.url, timeout=5).server_version
    with pytest.raises(ConnectionError):
        asyncio.run(read(callpath.aio.Client(fake.url, timeout=5)))


def test_a_dead_connection_is_opened_again():
    fake = Fake([version("1")], [version("2")])
    client = callpath.Client(fake.url, timeout=5)
    assert [client.server_version, client.server_version] == ["1", "2"]


def test_a_change_that_may_have_arrived_is_not_sent_twice():
    fake = Fake([version(), b""], [version()])
    client = callpath.Client(fake.url, timeout=5)
    assert client.server_version == "1"
    with pytest.raises(ConnectionError):
        client.delete("fc")
    assert len([request for request in fake.requests if request.startswith(b"DELETE")]) == 1


def test_a_timeout_is_an_oserror():
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(OSError):
        callpath.Client(url, timeout=0.05).server_version
    with pytest.raises(OSError):
        asyncio.run(read(callpath.aio.Client(url, timeout=0.05)))


@pytest.mark.parametrize("answer, words", [
    (None, "no answer within 0.3 s"), (b"", "closed the connection before its answer was whole"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "closed the connection"), (b"SSH-2.0-x\r\n\r\n", "expected an answer in HTTP/1.1"),
])
def test_what_goes_wrong_is_said_with_its_place(answer, words):
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://user:secret@127.0.0.1:{listener.getsockname()[1]}/prefix"
    fake = Fake([answer], [answer]) if answer is not None else None
    if fake:
        url = fake.url.replace("//", "//user:secret@")
    for ask in (lambda: callpath.Client(url, timeout=0.3).server_version,
                lambda: asyncio.run(read(callpath.aio.Client(url, timeout=0.3)))):
        with pytest.raises(OSError) as failure:
            ask()
        assert words in str(failure.value) and "\n" not in str(failure.value)
        assert url.replace("user:secret", "...") in str(failure.value) and "secret" not in str(failure.value)


@pytest.mark.parametrize("make", [callpath.Client, callpath.aio.Client])
def test_a_password_is_never_shown(make):
    client = make("http://user:se/cret@127.0.0.1:1".replace("/c", "c"))
    assert "secret" not in repr(client) and "127.0.0.1:1" in repr(client)
    for url in ("http://user:secret@", "ftp://user:secret@host", "http://user:secret@host:port", "unix://user:secret@/x"):
        with pytest.raises(ValueError) as refused:
            make(url)
        assert "secret" not in str(refused.value)
    with pytest.raises(OSError) as failure:
        callpath.Client("http://user:secret@127.0.0.1:1").names()
    assert "secret" not in str(failure.value) and "no server answers at http://...@127.0.0.1:1" in str(failure.value)


def test_an_unknown_host_is_named():
    for ask in (lambda: callpath.Client("http://nosuch.invalid").names(),
                lambda: asyncio.run(read(callpath.aio.Client("http://nosuch.invalid")))):
        with pytest.raises(OSError, match="http://nosuch.invalid"):
            ask()


@pytest.mark.parametrize("argument", ["verify", "certificate"])
@pytest.mark.parametrize("content", [None, "no PEM"])
def test_files_of_tls_are_named(argument, content, tmp_path):
    file = tmp_path / "file.pem"
    if content:
        file.write_text(content)
    for given in (file, str(file)):
        with pytest.raises(OSError, match=f"{argument}: cannot use '{file}': ") as failure:
            callpath.Client("https://localhost", **{argument: given})
        assert "\n" not in str(failure.value)
    with pytest.raises(TypeError, match="verify: expected True, False or a file of authorities, got int"):
        callpath.Client("https://localhost", verify=3)


@pytest.mark.parametrize("given, variable", [("", None), (None, ""), (None, "a b")])
def test_a_key_that_is_none_is_told(given, variable, monkeypatch):
    monkeypatch.delenv("CALLPATH_KEY", raising=False)
    if variable is not None:
        monkeypatch.setenv("CALLPATH_KEY", variable)
    with pytest.raises(ValueError, match="CALLPATH_KEY is set and empty" if variable == "" else "expected a key"):
        callpath.Client("http://localhost", key=given)


def test_a_refused_connection_is_an_oserror():
    with pytest.raises(OSError):
        callpath.Client("http://127.0.0.1:1").server_version


def test_what_a_proxy_says_is_an_error_too():
    fake = Fake([b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 10\r\n\r\n<h1>502</h"])
    with pytest.raises(callpath.CallpathError, match="status 502: <h1>502</h"):
        callpath.Client(fake.url).server_version


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://x", "http://", ""])
def test_a_url_that_is_none_is_refused(url, monkeypatch):
    monkeypatch.setenv("CALLPATH_URL", url)
    with pytest.raises(ValueError, match="expected a URL"):
        callpath.Client(url or None)


@pytest.mark.parametrize("key", ["a b", "a\r\nX: y", "schlüssel"])
def test_a_key_is_never_more_than_a_key(key):
    with pytest.raises(ValueError, match="expected a key"):
        callpath.Client("http://localhost", key=key)


def test_sends_key_host_and_prefix():
    fake = Fake([version()])
    url = fake.url + "/some/prefix/"
    assert callpath.Client(url, key="cpk_1").server_version == "1"
    head = fake.requests[0].decode()
    assert head.startswith("GET /some/prefix/version HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "\r\nAuthorization: Bearer cpk_1\r\n" in head


def test_names_are_one_segment_of_a_path():
    fake = Fake([version()])
    callpath.Client(fake.url).delete("a/b?c d")
    assert fake.requests[0].startswith(b"DELETE /v1/modules/a%2Fb%3Fc%20d HTTP/1.1\r\n")


def test_a_unix_socket_is_a_server_too(tmp_path):
    path = str(tmp_path / "s.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def answer():
        for _ in range(2):
            connection, _ = listener.accept()
            connection.recv(65536)
            connection.sendall(version())
            connection.close()

    threading.Thread(target=answer, daemon=True).start()
    assert list(both(f"unix://{path}")) == ["1", "1"]


def test_threads_share_a_client(fc):
    outputs = []
    threads = [threading.Thread(target=lambda: outputs.append(fc([1.0, 2, 3, 4]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(output, [30.5, 40.25, 49]) for output in outputs) and len(outputs) == 8
