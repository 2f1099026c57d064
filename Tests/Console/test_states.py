"""What the page says when the server refuses, is busy, ends or comes back: never nothing, never an empty pane."""
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import threading

import pytest
from conftest import Page
from server import Server


class Between:
    """A proxy before a server that gives some requests answers of its own: `answers["GET /v1/modules"] = (503, "loading")`."""

    def __init__(self, server):
        self.answers = {}
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                words = f"{self.command} {self.path.split('?')[0]}"
                if words in between.answers:
                    status, detail = between.answers[words]
                    return self.tell(status, "application/problem+json", json.dumps({"status": status, "detail": detail}).encode())
                if self.path.endswith("/events?kind=trace,capture"):
                    return self.tell(404, "application/problem+json", b'{"detail": "not through here"}')
                connection = http.client.HTTPConnection(server.address)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                self.tell(answer.status, answer.headers["Content-Type"] or "", answer.read(), answer.headers["Content-Encoding"])

            def tell(self, status, kind, body, coding=None):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if coding:
                    self.send_header("Content-Encoding", coding)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = pass_on

            def log_message(self, *_):
                pass

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_port}"
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()


@pytest.fixture
def between(server):
    proxy = Between(server)
    yield proxy
    proxy.stop()


@pytest.mark.parametrize("status, words", [(503, "The models are being loaded."), (429, "More than 1 request a second."), (500, "Broken.")])
def test_a_server_that_refuses_the_list_is_asked_again(driver, server, between, example, status, words):
    between.answers["GET /v1/modules"] = (status, words)
    page = Page(driver, between.url).open().wait_for_state("unreachable").wait_for_text("#banner", words)
    page.wait_for_text("#banner", "Trying again in")
    page.shoot(f"refused-{status}")
    del between.answers["GET /v1/modules"]
    page.wait_for_state("ready").wait_for_text("#module-title", "example")
    assert not page.find("#banner").is_displayed()
    between.answers["GET /v1/modules"] = (status, words)
    page.wait_for_state("unreachable").wait_for_text("#banner", "What stands here is of")
    assert page.find("#tree").is_displayed(), "data stay"
    driver.get("about:blank")


@pytest.mark.parametrize("status, words", [(429, "Come back in 2 s."), (503, "The queue is full."), (504, "No answer in time."), (403, "Not with this key.")])
def test_a_call_that_is_refused_says_so_beside_the_button(driver, server, between, example, status, words):
    between.answers["POST /v1/modules/example/trace"] = (status, words)
    page = Page(driver, between.url).open().wait_for_state("ready").click("#call").wait_for_text("#try-problem", words)
    assert page.state == "ready"
    if status == 403:
        page.wait_for_text("#try-problem", "scope")
    del between.answers["POST /v1/modules/example/trace"]
    page.click("#call").wait_for_text("#printed", "tensor([[")
    assert page.text("#try-problem") == ""
    driver.get("about:blank")


def test_a_summary_that_is_refused_says_so_in_its_pane(driver, server, between, example):
    between.answers["GET /v1/modules/example/parameters/0.weight/summary"] = (503, "The queue is full.")
    Page(driver, between.url).open("#module=example&path=0.weight").wait_for_state("ready").wait_for_text("#tensor-view", "The queue is full.")
    driver.get("about:blank")


def test_the_last_stream_of_events_taken_turns_live_off_and_own_calls_still_light(driver):
    server = Server("--max-listeners", "1")
    try:
        server.json("PUT", "/v1/modules/example", {"type": "Sequential", "modules": [{"type": "ReLU"}, {"type": "Tanh"}]})
        with server.request("GET", "/v1/modules/example/events"):
            page = Page(driver, server.url).open("#module=example").wait_for_state("ready")
            page.wait(lambda: page.text("#live") == "Live off" and page.text("#live-problem"), "live off, and the reason")
            page.shoot("live-refused")
            page.click("#call").wait_for_text("#printed", "tensor(")
            assert page.order() == [["1", "0"], ["2", "1"]]
        page.click("#live").wait(lambda: page.text("#live") == "Live on" and not page.text("#live-problem"), "live again")
    finally:
        driver.get("about:blank")
        server.stop()


def test_a_server_that_drains_is_told_before_it_is_gone(driver):
    server = Server("--drain-delay", "3s")
    server.json("PUT", "/v1/modules/example", {"type": "ReLU"})
    page = Page(driver, server.url).open().wait_for_state("ready")
    server.process.send_signal(signal.SIGTERM)
    page.wait_for_text("#status", "draining")
    page.wait_for_state("unreachable").wait_for_text("#banner", "No answer from the server")
    driver.get("about:blank")
    server.process.wait(20)


def test_behind_a_path_prefix_all_is_the_same(driver):
    server = Server("--path-prefix", "/some/models")
    try:
        page = Page(driver, f"{server.url}/some/models").open().wait_for_state("empty")
        page.click("#make-example").wait_for_state("ready").click("#call").wait_for_text("#printed", "tensor([[ 0.7763, -0.4458]])")
        page.click("#as-curl").wait_for_text("#code", "/some/models/v1/modules/example/call")
        assert subprocess.run(page.text("#code"), shell=True, capture_output=True, text=True).stdout == "tensor([[ 0.7763, -0.4458]])\n"
    finally:
        driver.get("about:blank")
        server.stop()


# Scopes

@pytest.fixture
def guarded(tmp_path):
    """A server with a key for each scope, and the keys."""
    keys, lines = {}, []
    for scope in ("infer", "admin"):
        printed = subprocess.run([os.environ["CALLPATH_BINARY"], "key", "--name", scope, "--scope", scope],
                                 capture_output=True, text=True, check=True).stdout
        keys[scope] = re.search(r"cpk_\S+", printed)[0]
        lines.append(re.search(rf"{scope} {scope} \S+", printed)[0])
    (tmp_path / "keys").write_text("\n".join(lines) + "\n")
    server = Server("--keys", str(tmp_path / "keys"))
    yield server, keys
    server.stop()


def show_key(page, key):
    page.wait_for_state("key").find("#key-value").send_keys(key)
    page.click("#key button").wait(lambda: page.state in ("ready", "empty"), "the panes")


def test_a_key_for_calls_calls_and_may_change_nothing(driver, guarded):
    server, keys = guarded
    linear = {"type": "Linear", "in_features": 4, "out_features": 3, "seed": 0}
    with server.request("PUT", "/v1/modules/fc", linear, {"Authorization": f"Bearer {keys['admin']}"}):
        pass
    page = Page(driver, server.url).open()
    show_key(page, keys["infer"])
    page.wait_for_text("#module-title", "fc").click("#call").wait_for_text("#printed", "tensor([[")
    page.add_hook("capture", "the whole module").click("#call").wait_for_text("#captures", "[")
    page.click("#as-curl").wait_for_text("#code", '"Authorization: Bearer $CALLPATH_KEY"')
    environment = {**os.environ, "CALLPATH_KEY": keys["infer"]}
    printed = subprocess.run(page.text("#code"), shell=True, capture_output=True, text=True, env=environment).stdout
    assert printed.strip() == page.text("#printed")
    details = "#operation-createModule"
    page.run(f"document.querySelector('{details}').open = true")
    page.wait(lambda: page.all(f"{details} .body"), "the operation")
    page.click(f"{details} button").wait_for_text(f"{details} [role=status]", "403").wait_for_text(f"{details} [role=status]", "scope")
    driver.get("about:blank")


def test_a_key_for_everything_changes_too(driver, guarded):
    server, keys = guarded
    page = Page(driver, server.url).open()
    show_key(page, keys["admin"])
    page.click("#make-example").wait_for_state("ready").click("#call").wait_for_text("#printed", "tensor([[ 0.7763, -0.4458]])")
    assert keys["admin"] not in page.driver.page_source
    driver.get("about:blank")
