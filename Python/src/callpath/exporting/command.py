"""`callpath export`: writes a model that a file or a class has as NAME.safetensors.

torch is read when there is something to export: the words and their help need none.
"""
import argparse
import errno
import os
import pathlib
import sys
from typing import Any, NoReturn, Optional, Sequence

from .errors import NotExportable

DESCRIPTION = """Writes a PyTorch model as NAME.safetensors, which `callpath serve --models FOLDER` serves
as NAME: as it is in evaluation mode, whatever mode it was saved in.

    callpath export model.pt models/net.safetensors --example 1,4

exports what torch.save(model, "model.pt") wrote. Or, where the model is:

    import callpath
    callpath.export(model, "models/net.safetensors", example=(x,))"""
#: The status of a command that was used wrongly: the binary's.
USAGE = 64


class Words(argparse.ArgumentParser):
    """The words of the command; what is wrong with them is said as the binary says it."""

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().split())
        self.exit(USAGE, f"Error: {message}\nU{usage[1:]}\n  See '{self.prog} --help' for more information.\n")

    def print_help(self, file: Any = None) -> None:
        if file is None and sys.stdout is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        super().print_help(file)

    def _print_message(self, message: str, file: Any = None) -> None:
        # Help that cannot be written is an error, and not nothing.
        if message:
            (file or sys.stderr).write(message)
            (file or sys.stderr).flush()


def words() -> Words:
    parser = Words(prog="callpath export", description=DESCRIPTION, allow_abbrev=False,
                   formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, nargs="?", help="a module that torch.save wrote; loading it runs its code")
    parser.add_argument("file", type=pathlib.Path, help="NAME.safetensors")
    parser.add_argument("--example", action="append", default=[], metavar="SHAPE[:DTYPE]",
                        help="the shape of an input, one option for each: 1,4 or 1,16:int64")
    parser.add_argument("--class", dest="factory", metavar="MODULE:CLASS",
                        help="the model's class: it is called to make the model, or, with a model that the script of this class saved, "
                             "stands for the class that was in __main__")
    parser.add_argument("--state", type=pathlib.Path,
                        help="the tensors of the model that --class makes: .safetensors, torch.save's, or the .index.json of shards; "
                             "its weights are those that the class makes without it")
    parser.add_argument("--binary", help="the callpath that checks what is written")
    parser.add_argument("--input-name", help="name of the input for the Open Inference Protocol")
    parser.add_argument("--output-name", help="name of the output for the Open Inference Protocol")
    return parser


def main(arguments: Optional[Sequence[str]] = None) -> int:
    parser = words()
    try:
        # Options may stand between the two words.
        given = parser.parse_intermixed_args(arguments)
    except OSError as failure:
        if sys.stdout is not None:
            # What Python still holds goes nowhere: it would fail once more at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(failure, BrokenPipeError):
            return 1
        parser.exit(1, f"Error: cannot write to standard output: {failure.strerror}\n")
    if given.state is not None and given.factory is None and given.model is None:
        parser.error("--state: needs --class, which makes the model")
    if given.model is None and given.factory is None:
        parser.error("the following arguments are required: model, or --class")
    if given.model is not None and given.state is not None:
        parser.error("--state: goes with --class alone; the model's file has its tensors")
    # A script finds the modules beside it, and a command those of the folder that it runs in.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    from . import models
    from .file import export

    try:
        model = models.loaded(given.model, given.factory) if given.model is not None else models.made_by(given.factory, given.state)
        example = [models.shaped(text) for text in given.example] or None
        export(model, given.file, example, input_name=given.input_name, output_name=given.output_name, binary=given.binary)
    except NotExportable as error:
        parser.exit(1, f"{error}\n")
    except OSError as error:
        parser.exit(1, f"{error.filename or given.file}: {error.strerror or error}\n")
    if given.model is None and given.state is None:
        sys.stderr.write(f"{given.file} has the weights that {given.factory} makes: --state FILE gives it those of a training\n")
    return 0
