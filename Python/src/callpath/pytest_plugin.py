"""Fixtures for tests against a real server.

    def test_my_model(callpath_client):
        fc = callpath_client.create("fc", {"type": "Linear", "in_features": 4, "out_features": 3})

One server runs for the whole session, with pytest-xdist one for each worker; each test finds an empty registry.
`--callpath-arg=--max-modules=10` gives the server an option, as often as there are options.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator

import pytest

# The client, and numpy with it, is read by the tests that use it: pytest loads this file for all others too.
if TYPE_CHECKING:
    from .client import Client
    from .server import Server


def pytest_addoption(parser: Any) -> None:
    parser.getgroup("callpath").addoption(
        "--callpath-arg", action="append", default=[], metavar="OPTION",
        help="an option of `callpath serve` for the server of the fixtures, as --callpath-arg=--log-level=debug",
    )


@pytest.fixture(scope="session")
def callpath_server(request: Any) -> Iterator[Server]:
    """A server for all tests of the session."""
    from .server import serve

    with serve(arguments=request.config.getoption("--callpath-arg")) as server:
        request.config.stash[SERVER] = server
        yield server


@pytest.fixture
def callpath_client(callpath_server: Server) -> Iterator[Client]:
    """A client of a server on which nothing is registered."""
    from .client import Client

    client = Client(callpath_server.url)
    try:
        _clear(client)
    except OSError:
        pytest.fail("the callpath server is gone; its last lines:\n" + "\n".join(callpath_server.log[-20:]))
    yield client
    client.close()


def _clear(client: Client) -> None:
    """Takes away all hooks and modules; those that others refer to go after them."""
    for hook in client.hooks:
        hook.remove()
    names = client.names()
    while names:
        kept = [name for name in names if not _delete(client, name)]
        if len(kept) == len(names):
            client.delete(kept[0])
        names = kept


def _delete(client: "Client", name: str) -> bool:
    from .errors import CallpathError, CallpathKeyError

    try:
        client.delete(name)
    except CallpathKeyError:
        pass
    except CallpathError as refusal:
        if refusal.status != 409:
            raise
        return False
    return True


SERVER = pytest.StashKey["Server"]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    """Shows the last lines of a server that died in a test that failed."""
    outcome = yield
    report = outcome.get_result()
    server = item.config.stash.get(SERVER, None)
    if report.failed and server is not None and "callpath_server" in item.fixturenames and not server.is_running():
        server.stop()
        report.sections.append(("the callpath server ended; its last lines", "\n".join(server.log[-20:])))
