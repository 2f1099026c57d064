"""`callpath` after `pip install callpath`: the binary, but for `callpath export`, which is Python's."""
from __future__ import annotations

import os
import sys
from typing import List, NoReturn, Union

from .errors import ServerError
from .server import binary


def main() -> NoReturn:
    words = sys.argv[1:]
    if words[:1] == ["export"]:
        sys.exit(export(words[1:]))
    try:
        path = binary()
        # Signals and the exit status are the binary's own from here on.
        os.execv(path, [path, *words])
    except (OSError, ServerError) as failure:
        sys.exit(f"callpath: {failure}")


def export(words: List[str]) -> Union[None, int, str]:
    """Runs the exporter where torch is."""
    try:
        from . import exporter
    except ImportError as missing:
        name = (missing.name or "torch").split(".")[0]
        return f"callpath export: needs {name}: pip install torch safetensors"
    sys.argv = ["callpath export", *words]
    return exporter.main()


if __name__ == "__main__":
    main()
