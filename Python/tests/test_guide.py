"""docs/guide.md, followed word for word: its files are written, its commands run, its answers compared."""
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading

import pytest

GUIDE = pathlib.Path(__file__).parents[2] / "docs/guide.md"


class Shell:
    """One bash for the whole page, so that `$!` means what it means to a reader."""

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(
            ["bash"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )

    def run(self, command):
        """What a command prints, within two minutes; JSON ends without a line's end, so that the mark begins with one."""
        self.process.stdin.write(f"{command}\nprintf '\\nend-of-command\\n'\n")
        self.process.stdin.flush()
        watchdog = threading.Timer(120, self.process.kill)
        watchdog.start()
        lines = []
        for line in self.process.stdout:
            if line == "end-of-command\n":
                watchdog.cancel()
                return "".join(lines)[:-1]
            lines.append(line)
        raise AssertionError(f"bash ended in {command!r}, or it took two minutes")

    def close(self):
        self.process.stdin.write("kill $(jobs -p) 2>/dev/null; exit\n")
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


def test_the_guide_holds(tmp_path):
    for name in ("torch", "safetensors", "requests", "tritonclient.http"):
        pytest.importorskip(name, reason="the guide installs it: this runs where it is installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = GUIDE.read_text().replace("localhost:8080", f"localhost:{port}")
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), "/usr/bin", "/bin"])
    shell = Shell(tmp_path, {"PATH": path, "HOME": str(tmp_path), "CALLPATH_PORT": str(port)})
    commands = 0
    try:
        for kind, text in re.findall(r"^```(python|console)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
            if kind == "python":
                (tmp_path / re.match(r"# (\S+)\n", text).group(1)).write_text(text)
                continue
            for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                commands += 1
                output = shell.run(command)
                # The server's own first line comes when it comes.
                output = "".join(line for line in output.splitlines(True) if "callpath is ready" not in line)
                assert output.rstrip("\n") == shown.rstrip("\n"), command
    finally:
        shell.close()
    assert commands > 12
