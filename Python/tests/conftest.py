"""The tests run on the installed package, whose plugin brings the fixtures; torch's are left out where it is missing."""
import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")


@pytest.fixture
def fc(callpath_client):
    """The layer of PyTorch's tutorial."""
    state = {"weight": [[1.0, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]], "bias": [0.5, 0.25, -1]}
    description = {"type": "Linear", "in_features": 4, "out_features": 3, "state_dict": state}
    return callpath_client.create("fc", description)


@pytest.fixture
def net(callpath_client):
    """Two layers with a ReLU between them."""
    layers = [
        {"type": "Linear", "in_features": 4, "out_features": 3}, {"type": "ReLU"},
        {"type": "Linear", "in_features": 3, "out_features": 2},
    ]
    return callpath_client.create("net", {"type": "Sequential", "seed": 0, "modules": layers})
