"""The console in a real browser: what its specification promises, seen on the page that the binary serves."""
import gzip
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import sysconfig

import pytest
from conftest import Page, start_browser
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from server import Server

AXE = (pathlib.Path(sysconfig.get_path("purelib")) / "axe_playwright_python/axe.min.js").read_text()
FILES = ("console", "console/console.css", "console/console.js")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
EXAMPLE_ANSWER = "tensor([[ 0.7763, -0.4458]])"


def test_the_page_is_small(server):
    sizes, coded = [], []
    for file in FILES:
        body = server.request("GET", f"/{file}").read()
        sent = server.request("GET", f"/{file}", headers={"Accept-Encoding": "gzip"}).read()
        assert gzip.decompress(sent) == body
        sizes.append(len(body))
        coded.append(len(sent))
    assert sum(sizes) <= 60_000 and sum(coded) <= 20_000, f"{sum(sizes)} bytes, {sum(coded)} under gzip"


def violations(page):
    """What axe finds, run as the browser's own tools run scripts: past the page's policy."""
    page.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE})
    found = page.driver.execute_async_script("const done = arguments[1]; axe.run({runOnly: arguments[0]}).then(done)", RULES)
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found["violations"]]


# The first minute

def test_the_first_minute_by_mouse(page, tmp_path):
    page.open().wait_for_state("empty").shoot("empty")
    page.click("#make-example").wait_for_state("ready")
    page.wait(lambda: len(page.all("#tree [role=treeitem]")) == 4, "a tree of three below the root")
    page.click("#call").wait_for_text("#printed", EXAMPLE_ANSWER)
    assert page.order() == [["1", "0"], ["2", "1"], ["3", "2"]]
    page.add_hook("capture", "1").click("#call").wait_for_text("#captures", "[0, 1.3005, 0]")
    page.wait_for_text("#tree [data-path='1'] .chips", "forward of this call capture × 1").shoot("captured")
    page.add_hook("mask", "1", '"indices": [1]').click("#call")
    page.wait(lambda: EXAMPLE_ANSWER not in page.text("#printed"), "another answer")
    masked = page.text("#printed")
    page.click("#as-curl").wait_for_text("#code", "curl -s ")
    assert subprocess.run(page.text("#code"), shell=True, capture_output=True, text=True, check=True).stdout.strip() == masked
    page.click("#as-python").wait_for_text("#code", "urllib.request")
    (tmp_path / "call.py").write_text(page.text("#code"))
    printed = subprocess.run([sys.executable, tmp_path / "call.py"], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == masked
    assert page.messages() == []


def test_the_first_minute_by_keyboard_alone(page):
    page.open().wait_for_state("empty")
    press(page, "make-example", Keys.ENTER)
    page.wait_for_state("ready").wait(lambda: focused(page) == "call", "the focus on Call")
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    page.wait_for_text("#printed", EXAMPLE_ANSWER)
    page.wait(lambda: tab_to(page, lambda: focused_path(page) is not None), "the focus in the tree")
    ActionChains(page.driver).send_keys(Keys.HOME, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER).perform()
    assert focused_path(page) == "1"
    assert page.find("#hook-place").get_property("value") == '["1"]'
    press(page, "hook-add", Keys.ENTER)
    press(page, "call", Keys.ENTER)
    page.wait_for_text("#captures", "[0, 1.3005, 0]")
    assert focused(page) == "call", "the focus is lost when data change"


def focused(page):
    return page.run("return document.activeElement.id")


def focused_path(page):
    return page.run("return document.activeElement.dataset.path ?? null")


def tab_to(page, there):
    for _ in range(60):
        if there():
            return True
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
    return False


def press(page, identifier, key):
    page.run("document.activeElement.blur()")
    assert tab_to(page, lambda: focused(page) == identifier), f"no way to {identifier} by keyboard"
    outline = page.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", f"the focus on {identifier} cannot be seen"
    ActionChains(page.driver).send_keys(key).perform()


README = pathlib.Path(__file__).parents[2] / "README.md"
PICTURE = README.parent / "docs/console.png"


def test_the_readme_shows_a_real_run(server):
    """CALLPATH_UPDATE_TRANSCRIPTS=1 puts what this sees into the README."""
    browser = start_browser(width=1280, height=1150)
    page = Page(browser, server.url)
    try:
        page.open().wait_for_state("empty").click("#make-example").wait_for_state("ready")
        page.add_hook("capture", "1").add_hook("mask", "1", '"indices": [1]').click("#call").wait_for_text("#captures", "1.3005")
        for _ in range(40):
            server.json("POST", "/v1/modules/example/call", {"input": [[1, 2, 3, 4]]})
        page.wait(lambda: page.text("#p50") not in ("", "–") and "%" in page.text("#tree [data-path='2'] .share"), "its figures")
        page.run("document.activeElement.blur(); scrollTo(0, 0)")
        picture = browser.get_screenshot_as_png()
    finally:
        browser.quit()
    if os.environ.get("CALLPATH_UPDATE_TRANSCRIPTS"):
        PICTURE.write_bytes(picture)
    for image in (picture, PICTURE.read_bytes()):
        assert image.startswith(b"\x89PNG") and len(image) < 150_000
        assert int.from_bytes(image[16:20], "big") == 1280
    assert "(docs/console.png)" in README.read_text()


# The live call path

def test_calls_of_others_light_the_tree(page, server, example):
    page.open("#module=example").wait_for_state("ready")
    page.wait(lambda: listeners(server) == 1, "the page listening")
    server.json("POST", "/v1/modules/example/call", {"input": [[1, 2, 3, 4]]})
    page.wait(lambda: page.order() == [["1", "0"], ["2", "1"], ["3", "2"]], "the order of a call that somebody else made")


def test_a_persistent_capture_shows_the_tensors_of_others(page, server, example):
    server.json("POST", "/v1/modules/example/hooks", {"kind": "forward", "module": "1", "action": {"type": "capture"}})
    page.open("#module=example").wait_for_state("ready")
    page.wait(lambda: listeners(server) == 1, "the page listening")
    server.json("POST", "/v1/modules/example/call", {"input": [[1, 2, 3, 4]]})
    page.wait_for_text("#captures", "[0, 1.3005, 0]")


def test_nothing_runs_when_live_is_off_or_no_page_is_open(page, server, example):
    page.open("#module=example").wait_for_state("ready")
    page.wait(lambda: listeners(server) == 1, "the page listening")
    page.click("#live").wait(lambda: listeners(server) == 0, "no listener")
    page.driver.get("about:blank")
    requests = asked(server)
    assert asked(server) == requests + 1, "only the question itself"


def metric(server, name):
    text = server.request("GET", "/metrics").read().decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.M))


def listeners(server):
    return metric(server, "callpath_event_listeners")


def asked(server):
    return metric(server, "callpath_http_requests_total")


# Graphs

GRAPH = {
    "type": "GraphModule", "class": "Network", "seed": 0,
    "modules": {"fc1": {"type": "Linear", "in_features": 4, "out_features": 8},
                "out": {"type": "Linear", "in_features": 8, "out_features": 3}},
    "parameters": {"scale": {"shape": [8], "init": "ones"}},
    "graph": [
        {"op": "placeholder", "name": "x"},
        {"op": "call_module", "name": "fc1", "target": "fc1", "args": [{"node": "x"}]},
        {"op": "call_function", "name": "relu", "target": "relu", "args": [{"node": "fc1"}]},
        {"op": "get_attr", "name": "scale", "target": "scale"},
        {"op": "call_function", "name": "mul", "target": "mul", "args": [{"node": "relu"}, {"node": "scale"}]},
        {"op": "call_function", "name": "skip", "target": "add", "args": [{"node": "mul"}, {"node": "fc1"}]},
        {"op": "call_module", "name": "out", "target": "out", "args": [{"node": "skip"}]},
        {"op": "output", "args": [{"node": "out"}]}]}


def test_a_graph_is_drawn_and_a_node_that_calls_a_module_opens_it(page, server):
    server.json("PUT", "/v1/modules/net", GRAPH)
    page.open("#module=net").wait_for_state("ready").click("#show-graph")
    page.wait(lambda: len(page.all("#graph [data-node]")) == 8, "a shape for each node")
    edges = page.run("return [...document.querySelectorAll('#graph [data-from]')].map(e => [e.dataset.from, e.dataset.to])")
    assert ["mul", "skip"] in edges and ["fc1", "skip"] in edges and len(edges) == 9 - 1
    page.click("#graph [data-node=mul]")
    assert page.find("#graph [data-node=mul]").get_attribute("aria-pressed") == "true"
    assert page.run("return new URLSearchParams(location.hash.slice(1)).get('node')") == "mul"
    page.click("#call").wait_for_text("#captures", "forward of node mul").wait_for_text("#captures", "1 × 8")
    page.wait_for_text("#printed", "tensor([[").shoot("graph")
    captured = page.run("return document.querySelector('#captures code').textContent")
    answer = server.json("POST", "/v1/modules/net/call", {"input": json.loads(page.find("#input-0").get_property("value")), "hooks": [
        {"kind": "forward", "module": "", "node": "mul", "action": {"type": "capture"}}]})
    told = answer["captures"][0]["data"][0]
    assert all(math.isclose(shown, value, rel_tol=1e-4) for shown, value in zip(json.loads(captured), told, strict=True))
    page.find("#graph [data-node=mul]").send_keys(Keys.ENTER)
    page.wait_for_text("#hook-list", "None.")
    assert page.find("#graph [data-node=mul]").get_attribute("aria-pressed") == "false"
    page.click("#graph [data-node=out]")
    assert page.find("#tree [data-path=out]").get_attribute("aria-selected") == "true"


# Heat maps

def test_a_weight_is_shown_as_heat_map_histogram_and_numbers(page, server, example):
    page.open("#module=example&path=0.weight").wait_for_state("ready")
    page.wait(lambda: page.all("#tensor-view canvas"), "a heat map")
    assert page.find("#tensor-view canvas").get_attribute("aria-label").startswith("0.weight, 3 by 4, largest magnitudes, from -0.41152 to 0.39644")
    page.find("#tensor-view canvas").send_keys(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    page.wait_for_text("#tensor-view", "row 1, column 1: 0.13408")
    page.click("#tensor-view summary").wait_for_text("#tensor-view table", "0.39644")
    page.choose("#pool", "mean").wait_for_text("#tensor-view", "3 × 4")


# States

def test_a_key_is_asked_for_kept_for_the_tab_and_sent_as_a_field(driver, tmp_path):
    printed = subprocess.run([os.environ["CALLPATH_BINARY"], "key", "--name", "reader", "--scope", "infer"],
                             capture_output=True, text=True, check=True).stdout
    secret = re.search(r"cpk_\S+", printed)[0]
    (tmp_path / "keys").write_text(re.search(r"reader infer \S+", printed)[0] + "\n")
    server = Server("--keys", str(tmp_path / "keys"))
    try:
        page = Page(driver, server.url).open().wait_for_state("key")
        assert not page.find("#panes").is_displayed()
        page.find("#key-value").send_keys("wrong")
        page.click("#key button").wait_for_text("#key-problem", "key")
        page.wait_for_state("key")
        page.find("#key-value").send_keys(secret)
        page.click("#key-keep").click("#key button").wait(lambda: page.state in ("ready", "empty"), "the panes")
        assert secret not in page.driver.current_url
        page.open().wait(lambda: page.state in ("ready", "empty"), "the key of this tab")
        page.click("#make-example").wait_for_text("#example-problem", "scope")
    finally:
        driver.execute_script("sessionStorage.clear()")
        driver.get("about:blank")
        server.stop()


def test_a_restart_under_an_open_page_is_told_and_shown(driver):
    first = Server()
    example = {"type": "Sequential", "seed": 0, "modules": [{"type": "Linear", "in_features": 4, "out_features": 3}]}
    first.json("PUT", "/v1/modules/example", example)
    page = Page(driver, first.url).open("#module=example").wait_for_state("ready")
    page.wait_for_text("#module-title", "example")
    first.stop()
    page.wait_for_state("unreachable").wait_for_text("#banner", "Trying again")
    assert page.text("#module-title") == "example", "what was shown stays"
    second = Server(port=first.port)
    try:
        page.wait_for_state("restarted").wait_for_text("#banner", "started again")
        page.wait_for_text("#module-line", "Below is what it was")
        second.json("PUT", "/v1/modules/example", example)
        page.wait_for_text("#module-line", "version 1").click("#call").wait_for_text("#printed", "tensor(")
    finally:
        driver.get("about:blank")
        second.stop()


def test_a_refused_request_shows_its_words_at_the_control_that_made_it(page, server, example):
    page.open("#module=example").wait_for_state("ready")
    for given, words in [("[[1, 2, 3]]", "mat1 and mat2 shapes cannot be multiplied"), ("[[1, 2], [3]]", "expected sequence"), ("[1,", "is not JSON")]:
        page.run("document.getElementById('input-0').value = arguments[0]", given)
        page.click("#call").wait_for_text("#try-problem", words)
    page.add_hook("mask", "1", '"indices": [9]').click("#fill-ones").click("#call").wait_for_text("#try-problem", "9")


# Hostile names

@pytest.mark.parametrize("hostile", ["<script>document['title']='owned'</script>", "<img src=x onerror=alert(1)>", "' onfocus=x '", "a/b", "%2F"])
def test_names_reach_the_page_as_text_only(page, server, hostile):
    server.json("PUT", "/v1/modules/net", {"type": "Sequential", "input_name": "x", "modules": {hostile: {"type": "Linear", "in_features": 2, "out_features": 2}}})
    page.open("#module=net").wait_for_state("ready").wait_for_text("#tree", hostile)
    page.wait(lambda: page.all("#tensor-view canvas"), "its weight")
    page.add_hook("capture", hostile).click("#call").wait_for_text("#captures", hostile)
    assert page.driver.title == "Callpath"
    assert page.messages() == []


def test_the_policy_refuses_markup_and_code_from_text(page, example):
    page.open().wait_for_state("ready")
    # As a script of the page would: the browser's own tools may evaluate text unless told otherwise.
    refused = page.driver.execute_cdp_cmd("Runtime.evaluate", {
        "returnByValue": True, "allowUnsafeEvalBlockedByCSP": False, "expression": """(() => {
            const refused = action => { try { action(); return false; } catch { return true; } };
            return [refused(() => { document.body.innerHTML = '<b>x</b>'; }), refused(() => (0, eval)('1')), refused(() => new Function('1'))];
        })()"""})
    assert refused["result"]["value"] == [True, True, True]


def test_the_page_asks_nobody_else(page, server, example):
    page.driver.get_log("performance")
    page.open("#module=example").wait_for_state("ready").click("#call").wait_for_text("#printed", EXAMPLE_ANSWER)
    events = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert asked and all(url.startswith((server.url, "data:")) for url in asked), asked


# Many and large

def test_a_thousand_modules_are_listed_as_they_are_scrolled(page, server):
    for index in range(1000):
        server.json("PUT", f"/v1/modules/m{index:04}", {"type": "ReLU"})
    page.open().wait_for_state("ready").wait(lambda: len(page.all("#module-list li")) >= 100, "the first hundred")

    def scrolled():
        page.run("const list = document.getElementById('module-list'); list.scrollTop = list.scrollHeight")
        return len(page.all("#module-list li")) == 1000
    page.wait(scrolled, "all thousand")
    page.find("#filter").send_keys("m0999")
    page.wait(lambda: len(page.all("#module-list li")) == 1, "the one that begins so")


def test_a_tree_of_four_thousand_modules_opens(page, server):
    server.json("PUT", "/v1/modules/wide", {"type": "Sequential", "modules": [{"type": "ReLU"}] * 4000})
    page.open("#module=wide").wait_for_state("ready").wait(lambda: len(page.all("#tree [role=treeitem]")) == 4001, "all of them")
    page.click("#call").wait_for_text("#printed", "tensor([1.])")


# Access

@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 640, 320])
def test_axe_finds_nothing_and_no_page_scrolls_sideways(server, scheme, width):
    # 640 is a window of 1280 at 200%.
    browser = start_browser(width=width, scheme=scheme, still=True, scale=2 if width == 640 else 1)
    page = Page(browser, server.url)
    try:
        page.open().wait_for_state("empty")
        assert violations(page) == []
        page.shoot(f"empty-{scheme}-{width}")
        page.click("#make-example").wait_for_state("ready").add_hook("capture", "1").click("#call").wait_for_text("#captures", "1.3005")
        page.run("document.querySelectorAll('details').forEach(details => { details.open = true; })")
        page.wait(lambda: page.all("#operations .body"), "the reference")
        assert violations(page) == []
        assert page.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.run("document.querySelectorAll('details').forEach(details => { details.open = false; }); scrollTo(0, 0)")
        page.shoot(f"ready-{scheme}-{width}")
        server.json("PUT", "/v1/modules/net", GRAPH)
        # The same document: the state is that of the module before until the other one has come.
        page.open("#module=net").wait_for_text("#module-title", "net").click("#show-graph").wait(lambda: page.all("#graph [data-node]"), "the graph")
        assert violations(page) == []
        page.shoot(f"graph-{scheme}-{width}")
    finally:
        browser.quit()
