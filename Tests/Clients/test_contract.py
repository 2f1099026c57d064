"""schemathesis, which reads `openapi.yaml` and tries to break what it promises."""
import os
import subprocess
import sys

import contract_hooks
from conftest import REPOSITORY, Server

SECONDS = os.environ.get("CONTRACT_SECONDS", "45")
# The same requests each time, so that a change fails for what it changed; another seed looks elsewhere.
SEED = os.environ.get("CONTRACT_SEED", "7")


def test_the_server_keeps_every_promise_of_the_contract():
    server = Server("--log-level", "error")
    contract_hooks.set_up(server.url)
    run = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", "Tests/Clients/schemathesis.toml", "run", "openapi.yaml",
         "--url", server.url, "--checks", "all", "--max-time", SECONDS, "--seed", SEED, "--no-color"],
        cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": "Tests/Clients"}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    assert server.request("GET", "/readyz").status == 200
    server.stop()
