"""perf_analyzer, Triton's load generator, unmodified, and the requests that it sends.

Its own package is empty: `script/clients` takes it from the last tritonclient that brought it, with the CUDA runtime
that it is linked with.
"""
import json
import os
import re
import socket
import subprocess

import pytest

from conftest import REPOSITORY

FOLDER = REPOSITORY / ".build-clients/perf_analyzer"
PROGRAM = FOLDER / "bin/perf_analyzer"
LIBRARIES = {"LD_LIBRARY_PATH": str(FOLDER / "nvidia/cuda_runtime/lib")}


def perf_analyzer(server, *arguments, protocol="http"):
    command = [str(PROGRAM), "-u", server.address, "-i", protocol, "--request-count", "200", *arguments]
    run = subprocess.run(command, env={**os.environ, **LIBRARIES}, capture_output=True, text=True)
    if "error while loading shared libraries" in run.stderr:
        pytest.skip(run.stderr.strip())
    return run


def count(run, what):
    return int(re.search(rf"{what} count: (\d+)", run.stdout)[1])


@pytest.mark.parametrize("arguments", [
    ["-m", "fc"],
    ["-m", "fc", "-x", "1", "-b", "8", "--async", "--concurrency-range", "4"],
    ["-m", "fc", "--input-tensor-format", "json", "--output-tensor-format", "json"],
    ["-m", "fc", "-z", "--request-rate-range", "100"],
    ["-m", "identity", "--shape", "input:4,4"],
])
def test_measures(server, arguments):
    run = perf_analyzer(server, *arguments)
    assert run.returncode == 0, run.stdout + run.stderr
    # The statistics before and behind the window agree with what was sent, but for the first few requests: they may be
    # answered before the statistics are asked for.
    sent, answered = count(run, "Request"), count(run, "Successful request")
    assert 200 <= sent and sent - 8 <= answered <= sent
    batch = int(arguments[arguments.index("-b") + 1]) if "-b" in arguments else 1
    assert count(run, "Inference") == batch * answered


@pytest.mark.parametrize("arguments", [
    ["-m", "fc"],
    ["-m", "fc", "-x", "1", "-b", "8", "--async", "--concurrency-range", "4"],
    ["-m", "fc", "--async", "--streaming"],
    ["-m", "fc", "--async", "--streaming", "-b", "4", "--concurrency-range", "8"],
    ["-m", "identity", "--shape", "input:4,4", "--grpc-compression-algorithm", "gzip"],
])
def test_measures_over_grpc(server, arguments):
    run = perf_analyzer(server, *arguments, protocol="grpc")
    assert run.returncode == 0, run.stdout + run.stderr
    sent = count(run, "Request")
    assert sent >= 200 and "Failed request count" not in run.stdout, run.stdout


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_says_what_is_wrong_in_our_words(server, protocol):
    run = perf_analyzer(server, "-m", "absent", protocol=protocol)
    assert run.returncode != 0
    assert "no module is named 'absent'" in run.stderr + run.stdout


def exchange(server, request):
    """Sends bytes as they are, and returns status, fields and body of the answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb")
        status = int(answer.readline().split()[1])
        fields = {}
        while line := answer.readline().strip().decode():
            name, value = line.split(": ", 1)
            fields[name.lower()] = value
        return status, fields, answer.read(int(fields["content-length"]))


HEAD = "Host: localhost:8080\r\nUser-Agent: libcurl-agent/1.0\r\nAccept: */*\r\n"


@pytest.mark.parametrize("path, member", [
    ("/v2/models/fc", "inputs"), ("/v2/models/fc/config", "max_batch_size"), ("/v2", "extensions"),
    ("/v2/models/fc/stats", "model_stats"), ("/v2/models/fc/versions/1/stats", "model_stats"),
])
def test_what_it_asks_first(server, path, member):
    status, _, body = exchange(server, f"GET {path} HTTP/1.1\r\n{HEAD}\r\n".encode())
    assert status == 200
    assert member in json.loads(body)


def test_what_it_infers(server):
    """As it was recorded from version 2.46.0: an empty id, a batch of two, the output asked for in binary."""
    header = (b'{"id":"","inputs":[{"name":"input","datatype":"FP32","shape":[2,4],"parameters":{"binary_data_size":32}}],'
              b'"outputs":[{"name":"output","parameters":{"binary_data":true}}]}')
    data = bytes.fromhex("0000803f000000400000404000008040" "0000803f000000400000404000008040")
    fields = (f"POST /v2/models/fc/infer HTTP/1.1\r\n{HEAD}Inference-Header-Content-Length: {len(header)}\r\n"
              f"Content-Type: application/octet-stream\r\nContent-Length: {len(header) + len(data)}\r\n\r\n").encode()
    status, fields, body = exchange(server, fields + header + data)
    assert status == 200
    length = int(fields["inference-header-content-length"])
    output = json.loads(body[:length])["outputs"][0]
    assert output["shape"] == [2, 3]
    assert len(body) - length == output["parameters"]["binary_data_size"] == 24
    assert body[length:length + 4].hex() == "0000f041"
