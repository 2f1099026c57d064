"""Trains a 64-32-10 network on scikit-learn's digits with PyTorch and writes the fixtures beside this file.

    pip install torch scikit-learn safetensors
    python generate.py

network.json       the state_dict, as nested lists that read back to the same float32
test.json          the 360 test images (0..1), their labels, PyTorch's logits for the whole batch
train.safetensors  the 1,437 training images (uint8, 0..16) and labels (uint8), for the training example
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

HERE = pathlib.Path(__file__).parent


def main():
    digits = load_digits()
    train_images, test_images, train_labels, test_labels = train_test_split(
        digits.data, digits.target, test_size=360, random_state=0, stratify=digits.target)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    inputs = torch.tensor(train_images / 16, dtype=torch.float32)
    targets = torch.tensor(train_labels)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(inputs), targets).backward()
        optimizer.step()
    network.eval()
    tests = torch.tensor(test_images / 16, dtype=torch.float32)
    with torch.inference_mode():
        logits = network(tests)
    accuracy = (logits.argmax(1) == torch.tensor(test_labels)).float().mean().item()
    assert accuracy > 0.95, accuracy

    write("network.json", {name: tensor.tolist() for name, tensor in network.state_dict().items()})
    write("test.json", {"torch": torch.__version__, "accuracy": accuracy, "labels": test_labels.tolist(),
                        "images": tests.tolist(), "logits": logits.tolist()})
    save_file({"images": torch.tensor(train_images, dtype=torch.uint8), "labels": targets.to(torch.uint8)},
              HERE / "train.safetensors")


def write(name, value):
    (HERE / name).write_text(json.dumps(value, separators=(",", ":"), default=float) + "\n")


if __name__ == "__main__":
    main()
