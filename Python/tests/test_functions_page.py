"""`docs/functions.md` lists what each function is exported from.

`CALLPATH_UPDATE_TRANSCRIPTS=1 pytest Python/tests/test_functions_page.py` writes the table into the page.
"""
import os
import pathlib
import re
import sys

import pytest

pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "Python/src"))

import torch  # noqa: E402

from callpath.exporting import aten, functions  # noqa: E402

BEGIN, END = "<!-- functions -->\n", "\n<!-- end of functions -->"


def table():
    operators = aten.exported_from()
    names = {}
    for other, name in functions.ALIASES.items():
        names.setdefault(name, []).append(other)
    rows = ["| function | other names of it | operators of ATen |", "|---|---|---|"]
    for name in sorted(functions.NAMES):
        shown = lambda words: " ".join(f"`{word}`" for word in sorted(words))
        rows.append(f"| `{name}` | {shown(names.get(name, []))} | {shown(operators.get(name, []))} |")
    return "\n".join(rows)


def test_the_page_lists_what_each_function_is_exported_from():
    page = ROOT / "docs/functions.md"
    text = page.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    if os.environ.get("CALLPATH_UPDATE_TRANSCRIPTS"):
        page.write_text(text[:start] + table() + text[end:])
    else:
        assert text[start:end] == table()


def test_the_exporter_knows_the_functions_that_the_server_has():
    text = (ROOT / "docs/layers.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)\(", text[text.index("<!-- functions -->"):], re.MULTILINE))
    assert listed == functions.NAMES


def test_every_operator_is_one_of_atens():
    for name in aten.RULES:
        packet, overload = name.split(".")
        operator = getattr(getattr(torch.ops.aten, packet), overload)
        assert operator._schema.name == f"aten::{packet}"
