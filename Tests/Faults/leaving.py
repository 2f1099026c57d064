"""The server's own end."""

import signal
import threading
import time

from clients import call, connect, post, read_answer
from report import expect, fault
from server import Server

BODY = b'{"input": [1, 2, 3, 4]}'


class Caller(threading.Thread):
    """Calls a module, one request after another, until the server says that it closes."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.answered, self.lost, self.said_close = port, 0, 0, False
        self.client = connect(port)

    def run(self):
        with self.client:
            while not self.said_close:
                try:
                    self.client.sendall(post(b"/v1/modules/fc/call", len(BODY)) + BODY)
                    answer = read_answer(self.client)
                except OSError:
                    answer = None
                if answer is None or answer[0] != 200:
                    self.lost += 1
                    return
                self.answered += 1
                self.said_close = answer[2].get(b"connection") == b"close"


@fault
def sigterm_under_load(scene):
    """SIGTERM under load: every request is answered, each connection is told, the exit is clean"""
    for _ in range(scene.size(long=5, short=2)):
        with Server(scene.binary) as server:
            layer = {"name": "fc", "type": "Linear", "in_features": 4, "out_features": 3}
            expect(call(server.port, "POST", "/v1/modules", layer)[0] == 201, "a module can be made")
            callers = [Caller(server.port) for _ in range(32)]
            for caller in callers:
                caller.start()
            time.sleep(scene.size(long=1, short=0.4))
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            for caller in callers:
                caller.join(10)
            code = server.process.wait(10)
            lost, answered = sum(c.lost for c in callers), sum(c.answered for c in callers)
            told = sum(c.said_close for c in callers)
            scene.note(f"{answered} answered, {lost} lost, gone after {1000 * (time.monotonic() - start):.0f} ms")
            expect(lost == 0 and told == len(callers), f"{lost} lost, {told} of {len(callers)} told to close")
            expect(code == 0, f"exit status {code}")
