"""Random inputs: of every rank and dtype, empty ones too, most of which a network takes."""
import math

import torch
from torch import nn

import images

OTHER_DTYPES = [torch.float64, torch.float16, torch.int64, torch.int32, torch.uint8, torch.bool]


class Inputs:
    """Draws the tensors to call `module` with, whose first layer takes `size`."""

    def __init__(self, rng, module, size):
        self.rng, self.size = rng, size
        self.first = next((inner for inner in module.modules() if not isinstance(inner, nn.Sequential)), None)
        kinds = {type(inner) for inner in module.modules()}
        # PyTorch lets an empty batch through BatchNorm whatever its channels; Callpath looks at them.
        self.sizes = [1, 2, 2, 3, 5] if nn.BatchNorm1d in kinds else [0, 1, 2, 2, 3, 5]
        # PyTorch's vectorised GELU makes NaN of infinity, its scalar one does not.
        self.special = [math.nan] if nn.GELU in kinds else [math.nan, math.inf, -math.inf]

    def draw(self):
        if isinstance(self.first, nn.Bilinear):
            shape = self.shape(self.rng.randint(0, 2))
            return [self.tensor([*shape, self.first.in1_features]), self.tensor([*shape, self.first.in2_features])]
        if isinstance(self.size, images.Size):
            return [self.tensor([self.rng.randint(1, 3)] * (self.rng.random() < 0.8) + self.size.shape)]
        if isinstance(self.first, nn.Embedding):
            return [self.indices(self.shape(self.rng.randint(0, 3)))]
        if self.rng.random() < 0.05:
            return [self.tensor([])]
        last = self.size if self.rng.random() < 0.9 else self.rng.choice(self.sizes)
        return [self.tensor(self.shape(self.rng.randint(0, 3)) + [last])]

    def shape(self, rank):
        return [self.rng.choice(self.sizes) for _ in range(rank)]

    def indices(self, shape):
        beyond = self.first.num_embeddings + (self.rng.random() < 0.05)
        return torch.tensor([self.rng.randrange(beyond) for _ in range(math.prod(shape))]).long().reshape(shape)

    def tensor(self, shape):
        dtype = next((p.dtype for p in self.first.parameters()), torch.float32) if self.first else torch.float32
        if self.rng.random() < 0.1:
            # PyTorch sums the numbers of a pool as halves.
            halves = [torch.float16] if isinstance(self.size, images.Size) else []
            dtype = self.rng.choice([other for other in OTHER_DTYPES if other not in halves])
        return torch.tensor([self.number(dtype) for _ in range(math.prod(shape))], dtype=dtype).reshape(shape)

    def number(self, dtype):
        if dtype == torch.bool:
            return self.rng.random() < 0.5
        if not dtype.is_floating_point:
            return self.rng.randint(0, 5)
        if self.rng.random() < 0.01:
            return self.rng.choice(self.special)
        return self.rng.choice([self.rng.gauss(0, 1), self.rng.gauss(0, 1), self.rng.randint(-3, 3),
                                self.rng.gauss(0, 30)])


def finite(tensor):
    return tensor.nan_to_num(0.0, 0.0, 0.0) if tensor.is_floating_point() else tensor
