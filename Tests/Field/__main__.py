"""Asks the release binary every entry of the field cases: what others ran into with servers such as this one.

    python3 Tests/Field BINARY [ENTRY...] [--without ENTRY]...     ENTRY: A4, B, D9 ...

Prints a line an entry: its number, yes or no, what came. What needs PyTorch uses the Python that FIELD_TORCH names.
"""

import argparse
import os
import re
import sys
import time
import traceback

import answers  # noqa: F401  (each adds its entries)
import deployment  # noqa: F401
import doors  # noqa: F401
import exporting  # noqa: F401
import folders  # noqa: F401
import repository  # noqa: F401
from support import ENTRIES, Missing, No


def order(row):
    letter, number = re.fullmatch(r"([A-F])(\d+)", row[0]).groups()
    return letter, int(number)


def names(entries, row):
    """Whether one of `entries`, by its letter and number or its letter alone, is that of `row`."""
    return row[0] in entries or row[0][0] in entries


def ask(name, title, function):
    """Asks one entry, prints its row, and returns yes, no or left out."""
    start = time.monotonic()
    try:
        verdict, said = "yes", function()
    except Missing as missing:
        verdict, said = "left out", str(missing)
    except No as no:
        verdict, said = "NO", str(no)
    except Exception as error:  # A server that is gone in the middle is an answer too.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = next((f"{f.name}:{f.lineno}" for f in reversed(traceback.extract_tb(error.__traceback__)) if "Field" in f.filename and "support" not in f.filename), frame.name)
        verdict, said = "NO", f"{type(error).__name__}: {error} ({where})"
    print(f"{name:4} {verdict:8} {title} [{time.monotonic() - start:.1f} s]: {said}", flush=True)
    return verdict


def main():
    parser = argparse.ArgumentParser(prog="field", description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("entry", nargs="*", help="only these")
    parser.add_argument("--without", action="append", default=[], help="all but this")
    arguments = parser.parse_args()
    os.environ["CALLPATH_BINARY"] = os.path.abspath(arguments.binary)
    rows = sorted((row for row in ENTRIES if names(arguments.entry or "ABCDEF", row) and not names(arguments.without, row)), key=order)
    verdicts = [ask(*row) for row in rows]
    entries = sorted({row[0] for row in rows}, key=lambda name: order((name,)))
    no = [row[0] for row, verdict in zip(rows, verdicts) if verdict == "NO"]
    out = [row[0] for row, verdict in zip(rows, verdicts) if verdict == "left out"]
    print(f"{len(entries)} entries in {len(rows)} parts: {verdicts.count('yes')} yes, {len(no)} no{' (' + ', '.join(no) + ')' if no else ''}, "
          f"{len(out)} left out{' (' + ', '.join(out) + ')' if out else ''}")
    return 1 if no else 0


if __name__ == "__main__":
    sys.exit(main())
