"""Walks the classes of torch.nn: each is there, or in this short list of reasons."""
import inspect
import re

from torch import nn

ABSENT = {
    "Module": "the base of all modules", "Container": "removed from PyTorch but for its name",
    "RNNBase": "the base of recurrent networks", "RNNCellBase": "the base of recurrent cells",
    "DataParallel": "for several GPUs", "SyncBatchNorm": "for several GPUs: it refuses tensors on the CPU",
}


def classes():
    """The layers and containers of torch.nn, without losses and lazy modules."""
    found = {name: getattr(nn, name) for name in dir(nn)}
    return {name for name, value in found.items() if inspect.isclass(value) and issubclass(value, nn.Module)
            and not re.search(r"Loss(2d)?$|^Lazy", name)}


def problems(server):
    """Returns what is wrong with the list or with the server, a line each."""
    detail = server.send("POST", "/v1/modules", {"type": "?"}).json["detail"]
    known = set(detail.split("known are ")[1].split(", "))
    return ([f"{name} is neither there nor in the list of reasons" for name in sorted(classes() - known - set(ABSENT))]
            + [f"{name} is there, and in the list of reasons why it is not" for name in sorted(known & set(ABSENT))]
            + [f"{name} is in the list of reasons, but not in torch.nn" for name in sorted(set(ABSENT) - classes())])
