"""What `--data` promises, held against the binary: it is killed, its disk fails, fills and rots.

    python3 Tests/Durability [--short] [--place FOLDER] BINARY [TEST...]
"""

import argparse
import sys

import killing  # noqa: F401  (each adds its tests, in this order)
import backups  # noqa: F401
import folders  # noqa: F401
import filling  # noqa: F401
import failing  # noqa: F401
import sentences  # noqa: F401
import rotting  # noqa: F401
from report import ROWS, Scene, run


def main():
    parser = argparse.ArgumentParser(prog="durability", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="fewer kills, faults and flips, for CI")
    parser.add_argument("--place", help="where the folders are made: a disk that is worth it")
    parser.add_argument("binary")
    parser.add_argument("test", nargs="*", help="only these: " + ", ".join(f.__name__ for f in ROWS))
    arguments = parser.parse_args()
    wanted = [f for f in ROWS if not arguments.test or f.__name__ in arguments.test]
    scene = Scene(arguments.binary, arguments.short, arguments.place)
    passed = [run(function, scene) for function in wanted]
    print(f"{sum(passed)} of {len(wanted)} tests passed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
