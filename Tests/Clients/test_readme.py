"""The README's session with tritonclient prints what the README shows."""
import contextlib
import io
import re

from conftest import REPOSITORY


def test_tritonclient_session(server):
    page = (REPOSITORY / "README.md").read_text()
    code, shown = re.search(r"```python\n(import numpy.*?)```\n\n```\n(.*?)```", page, re.DOTALL).groups()
    assert 10 <= len([line for line in code.splitlines() if line]) and "tritonclient" in code
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code.replace("localhost:8080", server.address), {})
    assert printed.getvalue() == shown
