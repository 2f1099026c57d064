"""What a test is given, and how it says what it found."""

import contextlib
import shutil
import tempfile
import time

ROWS = []


def row(function):
    """Adds `function` to the run; its docstring is what it says."""
    ROWS.append(function)
    return function


class Broken(Exception):
    """A promise that was not kept."""


class LeftOut(Exception):
    """Why a test cannot run on this machine."""


def expect(condition, what):
    if not condition:
        raise Broken(what)


class Scene:
    """The binary, the size of the run, and the figures that a test finds."""

    def __init__(self, binary, is_short, place):
        self.binary, self.is_short, self.place = binary, is_short, place
        self.figures, self.cleanup = [], contextlib.ExitStack()

    def size(self, long, short):
        return short if self.is_short else long

    def note(self, text):
        self.figures.append(text)

    def folder(self):
        """A folder that goes after the test."""
        path = tempfile.mkdtemp(prefix="callpath-durability-", dir=self.place)
        self.cleanup.callback(shutil.rmtree, path, ignore_errors=True)
        return path

    def expect_nothing_wrong(self, writers):
        wrong = [text for writer in writers for text in writer.wrong]
        expect(not wrong, f"{len(wrong)} wrong: {'; '.join(wrong[:3])}")


def run(function, scene):
    """Runs one test and prints its row; returns whether it passed."""
    start, problem, mark = time.monotonic(), None, "ok  "
    scene.figures.clear()
    try:
        with scene.cleanup:
            function(scene)
    except LeftOut as reason:
        mark, problem = "left", str(reason)
    except Broken as broken:
        mark, problem = "FAIL", str(broken)
    except Exception as error:  # noqa: BLE001  (whatever it is, the others go on)
        mark, problem = "FAIL", f"{type(error).__name__}: {error}"
    text = "; ".join(scene.figures + ([problem] if problem else []))
    print(f"{mark} {function.__doc__.strip()} [{time.monotonic() - start:.1f} s]: {text}", flush=True)
    return mark != "FAIL"
