"""`priority` and `timeout` of the schedule policy, as tritonclient sends them, act on calls that wait."""
import http.client
import json
import re
import time

import gevent
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from conftest import Server

LAYER = {"type": "Linear", "in_features": 4, "out_features": 3}
LOG = json.dumps([{"kind": "forward", "action": {"type": "log"}}])


class HeldServer(Server):
    """A server whose only compute thread is held by one call, which waits five seconds for company."""

    def __init__(self, log):
        super().__init__("--loops", "1", "--compute-width", "1", "--inline-work", "0", "--batch-delay", "5s", stderr=log)
        self.json("PUT", "/v1/modules/held", LAYER)
        self.json("PUT", "/v1/modules/fc", LAYER)
        self.connection = http.client.HTTPConnection(self.address)
        self.connection.request("POST", "/v1/modules/held/call", '{"input": [[1, 2, 3, 4]]}',
                                {"Content-Type": "application/json"})

    def wait_for_queue(self, count):
        deadline = time.monotonic() + 20
        while f"\ncallpath_queue_calls {count}\n" not in self.request("GET", "/metrics").read().decode():
            assert time.monotonic() < deadline, f"never {count} calls waited: was this machine slower than five seconds?"
            # tritonclient's requests are sent by gevent, which waits for its turn.
            gevent.sleep(0.01)

    def release(self):
        assert self.connection.getresponse().status == 200
        self.connection.close()


@pytest.fixture
def held(tmp_path):
    server = HeldServer(open(tmp_path / "log", "w"))
    yield server
    server.stop()


def tensor(rows):
    tensor = triton.InferInput("input", [rows, 4], "FP32")
    tensor.set_data_from_numpy(np.ones((rows, 4), np.float32))
    return [tensor]


def test_the_urgent_go_first(held, tmp_path):
    with triton.InferenceServerClient(held.address, concurrency=4) as client:
        requests = []
        for index, priority in enumerate([0, 3, 1, 2]):
            requests.append(client.async_infer("fc", tensor(10 + priority), priority=priority, parameters={"hooks": LOG}))
            held.wait_for_queue(index + 1)
        held.release()
        for request in requests:
            request.get_result()
    held.stop()
    assert re.findall(r"shape=\"\[(\d+), 3\]\"", (tmp_path / "log").read_text()) == ["11", "12", "13", "10"]


def test_who_waits_longer_than_his_timeout_is_told(held):
    with triton.InferenceServerClient(held.address) as client:
        with pytest.raises(InferenceServerException, match="the time for this call was over") as error:
            client.infer("fc", tensor(1), timeout=1_000)
        assert error.value.status() == "503"
        held.release()
        client.infer("fc", tensor(1), timeout=60_000_000, parameters={"hooks": LOG})
        stats = client.get_inference_statistics("fc")["model_stats"][-1]["inference_stats"]
        assert (stats["success"]["count"], stats["fail"]["count"]) == (1, 1)
