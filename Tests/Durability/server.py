"""The server under test: started, asked, stopped, or refused."""

import os
import select
import subprocess
import tempfile


class Silent(AssertionError):
    """The server said nothing for too long."""


class Server:
    """The binary, serving on a free port."""

    def __init__(self, binary, *options, before=(), environment=None, patience=60, **process):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*before, binary, "serve", "--port", "0", "--log-level", "warning", *options],
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=os.environ | (environment or {}),
            **process,
        )
        if not select.select([self.process.stdout], [], [], patience)[0]:
            raise Silent(f"the server is not ready after {patience} s: {self.words()}")
        ready = self.process.stdout.readline().decode()
        if not ready:
            self.process.wait()
            raise AssertionError(f"the server did not start: {self.words()}")
        self.port = int(ready.rsplit(":", 1)[1])

    def words(self):
        """What it has logged so far."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()

    def stop(self):
        """Lets it end as it should."""
        self.process.terminate()
        return self.process.wait(30)


def refusal(binary, *options, before=(), **process):
    """Returns the status and the words of a server that must not start."""
    command = [*before, binary, "serve", "--port", "0", "--log-level", "warning", *options]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, **process)
    return result.returncode, result.stderr.strip()
