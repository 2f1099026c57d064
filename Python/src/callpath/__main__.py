"""`callpath` after `pip install callpath`: the binary, but for `callpath export`, which is Python's."""
from __future__ import annotations

import os
import signal
import sys
from typing import List, NoReturn, Union

from .errors import ServerError
from .server import binary


def main() -> NoReturn:
    words = sys.argv[1:]
    if words[:1] == ["export"]:
        sys.exit(export(words[1:]))
    if words[:2] == ["help", "export"]:
        sys.exit(export(["--help"]) if len(words) == 2 else refuse_word(words[2]))
    try:
        path = binary()
        # Python ignores it, and what is ignored stays so: `callpath list | head -1` ends as other programs do.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        # Signals and the exit status are the binary's own from here on.
        os.execv(path, [path, *words])
    except (OSError, ServerError) as failure:
        sys.exit(f"callpath: {failure}")


def refuse_word(word: str) -> int:
    sys.stderr.write(f"Error: unexpected word '{word}'\nUsage: callpath help [<subcommand>]\n")
    return 64


def export(words: List[str]) -> Union[None, int, str]:
    """Runs the exporter, which needs torch for all but its own help."""
    from .exporting import command

    try:
        return command.main(words)
    except ImportError as missing:
        name = (missing.name or "torch").split(".")[0]
        return f"callpath export: needs {name}: pip install torch safetensors"


if __name__ == "__main__":
    main()
