"""A real browser before the built `callpath`. `script/console` sets CALLPATH_BINARY and CONSOLE_SCREENSHOTS."""
import json
import os
import pathlib
import sys

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Clients"))
from server import Server  # noqa: E402

SCREENSHOTS = pathlib.Path(os.environ.get("CONSOLE_SCREENSHOTS", "screenshots"))
# A busy machine may be slow; what is timed is timed by the page's own clock and reported, not waited for.
PATIENCE = 30


class Page:
    """The console in a browser, by the ids that its specification names."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url

    def open(self, address=""):
        self.driver.get(f"{self.url}/console{address}")
        return self

    def wait(self, until, what):
        return WebDriverWait(self.driver, PATIENCE, 0.02).until(lambda _: until(), what)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    @property
    def state(self):
        return self.find("main").get_attribute("data-state")

    def wait_for_state(self, state):
        self.wait(lambda: self.state == state, f"the state {state}, not {self.state}")
        return self

    def text(self, selector):
        # textContent: what stands there, whether or not it is scrolled into view.
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def wait_for_text(self, selector, text):
        self.wait(lambda: text in self.text(selector), f"{text!r} in {selector}, where {self.text(selector)!r} stands")
        return self

    def click(self, selector):
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        return self

    def choose(self, selector, words):
        Select(self.find(selector)).select_by_visible_text(words)
        return self

    def add_hook(self, action, place, fields=None):
        self.choose("#hook-place", place).choose("#hook-action", action)
        if fields is not None:
            self.find("#hook-fields").clear()
            self.find("#hook-fields").send_keys(fields)
        return self.click("#hook-add")

    def order(self):
        """The paths of the tree in the order in which the last call went through them."""
        return self.run("return [...document.querySelectorAll('#tree [data-order]')].map(i => [i.dataset.order, i.dataset.path])")

    def shoot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def messages(self):
        """What the browser complained of: errors of scripts, refusals by the content security policy."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "Failed to load resource" not in entry["message"]]


def start_browser(width=1280, height=1400, scheme="light", still=False, scale=1, logs=True):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--force-color-profile=srgb", f"--window-size={max(width, 500)},{height}"):
        options.add_argument(argument)
    if logs:
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    if still:
        features.append({"name": "prefers-reduced-motion", "value": "reduce"})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    if width < 500 or scale > 1:
        size = {"width": width, "height": height // scale, "deviceScaleFactor": scale, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    return driver


@pytest.fixture(scope="session")
def driver():
    driver = start_browser()
    yield driver
    driver.quit()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def page(driver, server):
    yield Page(driver, server.url)
    driver.get("about:blank")


@pytest.fixture
def times(capsys):
    """Tells some times in milliseconds and holds the best of them to a goal."""
    def judge(what, measured, goal):
        with capsys.disabled():
            print(f"\n{what}: {', '.join(f'{one:.0f}' for one in sorted(measured))} ms, at most {goal} ms wanted")
        assert min(measured) <= goal, f"{what}: the best of {len(measured)} tries took {min(measured):.0f} ms"
    return judge


@pytest.fixture
def example(server):
    """The network that the page makes itself."""
    def linear(inputs, outputs):
        return {"type": "Linear", "in_features": inputs, "out_features": outputs}
    return server.json("PUT", "/v1/modules/example", {
        "type": "Sequential", "seed": 0, "modules": [linear(4, 3), {"type": "ReLU"}, linear(3, 2)]})


def body(value):
    return json.dumps(value).encode()
