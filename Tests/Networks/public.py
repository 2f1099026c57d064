"""More small networks after the manner of public code, in the words that their authors use: assignments to parts of a tensor, loops over
time, windows that are rolled, a module that stands at two places, straight-through gradients.

They are `Architecture`s like those of `architectures`; importing this adds them.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from architectures import architecture, both, indices, values


# ---- sequences -------------------------------------------------------------------------------------------------------
class AdditiveAttention(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.query, self.key, self.energy = nn.Linear(size, size, bias=False), nn.Linear(size, size, bias=False), nn.Linear(size, 1)

    def forward(self, query, keys):
        scores = self.energy(torch.tanh(self.query(query).unsqueeze(1) + self.key(keys))).squeeze(-1)
        weights = F.softmax(scores, dim=-1)
        return torch.bmm(weights.unsqueeze(1), keys).squeeze(1), weights


@architecture("seq2seq-with-attention", both(indices(11, source=(5,)), indices(11, target=(4,))), ["own forward", "GRU", "assignment"])
class Seq2Seq(nn.Module):
    """Translates with teacher forcing, writing each step into its place."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.encoder = nn.GRU(6, 8, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(16, 8)
        self.keys = nn.Linear(16, 8)
        self.attention = AdditiveAttention(8)
        self.cell = nn.GRUCell(14, 8)
        self.out = nn.Linear(16, 11)

    def forward(self, source, target):
        states, last = self.encoder(self.embedding(source))
        hidden = torch.tanh(self.bridge(torch.cat((last[0], last[1]), dim=1)))
        keys = self.keys(states)
        batch, steps = target.shape
        logits = torch.zeros(batch, steps, 11)
        attended = torch.zeros(batch, steps, keys.size(1))
        for step in range(steps):
            context, weights = self.attention(hidden, keys)
            hidden = self.cell(torch.cat([self.embedding(target[:, step]), context], dim=-1), hidden)
            logits[:, step] = self.out(torch.cat([hidden, context], dim=-1))
            attended[:, step, :] = weights
        return {"logits": logits, "attention": attended}


@architecture("state-space", values(u=(6, 3)), ["own forward", "assignment", "raw parameters"])
class StateSpace(nn.Module):
    """A diagonal linear recurrence, discretised by a learned step."""

    def __init__(self):
        super().__init__()
        self.A_log = nn.Parameter(torch.log(torch.arange(1, 5).float()).repeat(3, 1))
        self.B, self.C = nn.Linear(3, 4, bias=False), nn.Linear(3, 4, bias=False)
        self.dt, self.D = nn.Linear(3, 3), nn.Parameter(torch.ones(3))

    def forward(self, u):
        delta = F.softplus(self.dt(u))
        decay = torch.exp(torch.einsum("bld,dn->bldn", delta, -torch.exp(self.A_log)))
        given = torch.einsum("bld,bln,bld->bldn", delta, self.B(u), u)
        state = torch.zeros(u.shape[0], 3, 4)
        outputs = []
        for step in range(u.shape[1]):
            state = decay[:, step] * state + given[:, step]
            outputs.append(torch.einsum("bdn,bn->bd", state, self.C(u)[:, step, :]))
        return torch.stack(outputs, dim=1) + u * self.D


@architecture("crf", both(values(emissions=(5, 4)), indices(2, mask=(5,))), ["own forward", "loop", "logsumexp"])
class ConditionalRandomField(nn.Module):
    """The log of a partition function, where steps that are masked keep the score."""

    def __init__(self):
        super().__init__()
        self.transitions = nn.Parameter(torch.randn(4, 4))
        self.start, self.end = nn.Parameter(torch.randn(4)), nn.Parameter(torch.randn(4))

    def forward(self, emissions, mask):
        score = self.start + emissions[:, 0]
        for step in range(1, emissions.size(1)):
            following = torch.logsumexp(score.unsqueeze(2) + self.transitions + emissions[:, step].unsqueeze(1), dim=1)
            score = torch.where(mask[:, step].bool().unsqueeze(1), following, score)
        return torch.logsumexp(score + self.end, dim=1)


class Swish(nn.Module):
    def forward(self, x):
        return x * x.sigmoid()


@architecture("conformer-convolution", values(x=(7, 6)), ["1-D convolution", "glu", "a module at two places"])
class ConformerConvolution(nn.Module):
    def __init__(self):
        super().__init__()
        swish = Swish()
        self.norm = nn.LayerNorm(6)
        self.expand = nn.Sequential(nn.Linear(6, 12), swish)
        self.pointwise = nn.Conv1d(6, 12, 1)
        self.depthwise = nn.Conv1d(6, 6, 3, padding=1, groups=6)
        self.batch_norm = nn.BatchNorm1d(6)
        self.activation = swish
        self.project = nn.Linear(12, 6)

    def forward(self, x):
        y = self.norm(x).transpose(1, 2)
        y = F.glu(self.pointwise(y), dim=1)
        y = self.activation(self.batch_norm(self.depthwise(y))).transpose(1, 2)
        return x + 0.5 * self.project(self.expand(y))


class RelativeAttention(nn.Module):
    def __init__(self, size, heads, buckets=8, distance=16):
        super().__init__()
        self.heads, self.buckets, self.distance = heads, buckets, distance
        self.q, self.k, self.v, self.o = (nn.Linear(size, size, bias=False) for _ in range(4))
        self.bias = nn.Embedding(buckets, heads)

    def bucket(self, length):
        positions = torch.arange(length)
        relative = positions[None, :] - positions[:, None]
        half = self.buckets // 2
        found = (relative > 0).to(torch.long) * half
        distance = torch.abs(relative)
        exact = half // 2
        large = exact + (torch.log(distance.float().clamp(min=1) / exact) / math.log(self.distance / exact) * (half - exact)).to(torch.long)
        return found + torch.where(distance < exact, distance, torch.min(large, torch.full_like(large, half - 1)))

    def forward(self, x):
        batch, length, size = x.shape
        split = lambda t: t.view(batch, length, self.heads, size // self.heads).transpose(1, 2)
        scores = split(self.q(x)) @ split(self.k(x)).transpose(-1, -2)
        scores = scores + self.bias(self.bucket(length)).permute(2, 0, 1).unsqueeze(0)
        mixed = torch.softmax(scores.float(), dim=-1).type_as(scores) @ split(self.v(x))
        return self.o(mixed.transpose(1, 2).reshape(batch, length, size))


@architecture("t5-encoder-layer", values(x=(6, 8)), ["attention", "relative positions"])
class T5Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.norm = RelativeAttention(8, 2), nn.RMSNorm(8, eps=1e-6)
        self.wi_0, self.wi_1, self.wo = nn.Linear(8, 16, bias=False), nn.Linear(8, 16, bias=False), nn.Linear(16, 8, bias=False)
        self.final = nn.RMSNorm(8, eps=1e-6)

    def forward(self, x):
        x = x + self.attention(self.norm(x))
        h = self.final(x)
        return x + self.wo(F.gelu(self.wi_0(h), approximate="tanh") * self.wi_1(h))


# ---- images ----------------------------------------------------------------------------------------------------------
class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@architecture("convnext-block", values(x=(4, 6, 6)), ["2-D convolution", "permute", "raw parameters"])
class ConvNeXtBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.dwconv = nn.Conv2d(4, 4, 7, padding=3, groups=4)
        self.norm = nn.LayerNorm(4, eps=1e-6)
        self.pwconv1, self.act, self.pwconv2 = nn.Linear(4, 16), nn.GELU(), nn.Linear(16, 4)
        self.gamma = nn.Parameter(1e-1 * torch.ones(4))

    def forward(self, x):
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.gamma * self.pwconv2(self.act(self.pwconv1(self.norm(y))))
        return x + y.permute(0, 3, 1, 2)


@architecture("shifted-windows", values(x=(6, 6, 8)), ["attention", "roll", "buffers", "assignment"])
class ShiftedWindows(nn.Module):
    """Attention within windows of 3 x 3, moved by one, with a bias for each relative position and a mask at the seams."""

    def __init__(self, size=8, heads=2, window=3, shift=1, resolution=6):
        super().__init__()
        self.heads, self.window, self.shift, self.scale = heads, window, shift, (size // heads) ** -0.5
        self.norm, self.qkv, self.proj = nn.LayerNorm(size), nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads) * 0.1)
        grid = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")).flatten(1)
        relative = (grid[:, :, None] - grid[:, None, :]).permute(1, 2, 0) + window - 1
        self.register_buffer("index", relative[..., 0] * (2 * window - 1) + relative[..., 1])
        regions = torch.zeros(1, resolution, resolution, 1)
        cuts = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
        for count, (rows, columns) in enumerate((rows, columns) for rows in cuts for columns in cuts):
            regions[:, rows, columns, :] = count
        regions = self.partition(regions).view(-1, window * window)
        apart = regions.unsqueeze(1) - regions.unsqueeze(2)
        self.register_buffer("mask", apart.masked_fill(apart != 0, -100.0).masked_fill(apart == 0, 0.0), persistent=False)

    def partition(self, x):
        b, h, w, c = x.shape
        x = x.view(b, h // self.window, self.window, w // self.window, self.window, c)
        return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, self.window * self.window, c)

    def forward(self, x):
        b, h, w, c = x.shape
        shortcut = x
        x = torch.roll(self.norm(x), shifts=(-self.shift, -self.shift), dims=(1, 2))
        windows = self.partition(x)
        n, t = windows.shape[0], windows.shape[1]
        q, k, v = self.qkv(windows).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q * self.scale) @ k.transpose(-2, -1)
        scores = scores + self.table[self.index.view(-1)].view(t, t, -1).permute(2, 0, 1).unsqueeze(0)
        per = self.mask.shape[0]
        scores = scores.view(n // per, per, self.heads, t, t) + self.mask.unsqueeze(1).unsqueeze(0)
        mixed = scores.view(-1, self.heads, t, t).softmax(-1) @ v
        y = self.proj(mixed.transpose(1, 2).reshape(n, t, c))
        y = y.view(b, h // self.window, w // self.window, self.window, self.window, c).permute(0, 1, 3, 2, 4, 5).contiguous().view(b, h, w, c)
        return shortcut + torch.roll(y, shifts=(self.shift, self.shift), dims=(1, 2))


@architecture("pyramid-with-one-head", values(x=(3, 8, 8)), ["several outputs", "interpolate", "a module called several times"])
class Pyramid(nn.Module):
    """Features of two sizes, and one head for both, as detectors have them."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(inplace=True))
        self.down = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.lateral = nn.ModuleList([nn.Conv2d(4, 5, 1), nn.Conv2d(6, 5, 1)])
        self.head = nn.Sequential(nn.Conv2d(5, 5, 3, padding=1), nn.GroupNorm(5, 5), nn.ReLU())
        self.classes, self.boxes = nn.Conv2d(5, 3, 1), nn.Conv2d(5, 4, 1)
        self.scales = nn.Parameter(torch.ones(2))

    def forward(self, x):
        fine = self.stem(x)
        coarse = self.down(fine)
        top = self.lateral[1](coarse)
        levels = [self.lateral[0](fine) + F.interpolate(top, size=fine.shape[-2:], mode="nearest"), top]
        classes, boxes = [], []
        for level, scale in zip(levels, self.scales):
            features = self.head(level)
            classes.append(self.classes(features).flatten(2).permute(0, 2, 1))
            boxes.append(F.relu(self.boxes(features) * scale).flatten(2).transpose(1, 2))
        return {"scores": torch.cat(classes, 1).sigmoid(), "boxes": torch.cat(boxes, 1)}


@architecture("vector-quantizer", values(x=(4, 3, 3)), ["argmin", "embedding", "detach", "several outputs"])
class VectorQuantizer(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Conv2d(4, 3, 1), nn.ConvTranspose2d(3, 2, 2, stride=2)
        self.codebook = nn.Embedding(7, 3)

    def forward(self, x):
        z = self.encoder(x).permute(0, 2, 3, 1).contiguous()
        flat = z.view(-1, 3)
        distances = flat.pow(2).sum(1, keepdim=True) + self.codebook.weight.pow(2).sum(1) - 2 * flat @ self.codebook.weight.t()
        codes = torch.argmin(distances, dim=1)
        quantized = self.codebook(codes).view(z.shape)
        loss = ((quantized.detach() - z) ** 2).mean((1, 2, 3))
        through = z + (quantized - z).detach()
        return self.decoder(through.permute(0, 3, 1, 2)), codes.view(z.shape[:-1]), loss


# ---- graphs, rays, flows, tables -------------------------------------------------------------------------------------
@architecture("graph-attention", both(values(h=(5, 4)), indices(2, adjacency=(5, 5))), ["two inputs", "masks", "broadcasting"])
class GraphAttention(nn.Module):
    """A layer over a dense adjacency, heads side by side."""

    def __init__(self):
        super().__init__()
        self.W = nn.Linear(4, 6, bias=False)
        self.a_source, self.a_target = nn.Parameter(torch.randn(2, 3)), nn.Parameter(torch.randn(2, 3))
        self.leaky = nn.LeakyReLU(0.2)

    def forward(self, h, adjacency):
        batch, nodes = h.shape[:2]
        z = self.W(h).view(batch, nodes, 2, 3)
        source, target = (z * self.a_source).sum(-1), (z * self.a_target).sum(-1)
        e = self.leaky(source.unsqueeze(2) + target.unsqueeze(1))
        linked = adjacency.bool() | torch.eye(nodes, dtype=torch.bool)
        alpha = torch.softmax(e.masked_fill(~linked.unsqueeze(-1), float("-inf")), dim=2)
        return F.elu(torch.einsum("bijh,bjhd->bihd", alpha, z).flatten(2)), alpha


@architecture("radiance-field", values(points=(4, 3), directions=(3,)), ["two inputs", "cumprod", "buffers"])
class RadianceField(nn.Module):
    """Colours along a ray: frequencies of positions, a skip, and what light passes through."""

    def __init__(self):
        super().__init__()
        self.register_buffer("frequencies", 2.0 ** torch.arange(3), persistent=False)
        self.layers = nn.ModuleList([nn.Linear(21, 8), nn.Linear(8, 8), nn.Linear(29, 8)])
        self.density, self.colour = nn.Linear(8, 1), nn.Linear(8 + 21, 3)

    def encode(self, x):
        angles = x[..., None, :] * self.frequencies[:, None]
        return torch.cat([x, torch.sin(angles).flatten(-2), torch.cos(angles).flatten(-2)], dim=-1)

    def forward(self, points, directions):
        encoded = self.encode(points)
        h = encoded
        for index, layer in enumerate(self.layers):
            if index == 2:
                h = torch.cat([h, encoded], -1)
            h = F.relu(layer(h))
        sigma = F.softplus(self.density(h)).squeeze(-1)
        view = self.encode(directions)[:, None].expand(-1, points.shape[1], -1)
        rgb = torch.sigmoid(self.colour(torch.cat((h, view), -1)))
        alpha = 1.0 - torch.exp(-sigma * 0.25)
        passed = torch.cumprod(torch.cat([torch.ones_like(alpha[:, :1]), 1.0 - alpha + 1e-10], -1), -1)[:, :-1]
        weights = alpha * passed
        return (weights[..., None] * rgb).sum(1), weights.sum(-1)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 4))

    def forward(self, x):
        kept, changed = x.chunk(2, dim=-1)
        if self.flip:
            kept, changed = changed, kept
        log_scale, shift = self.net(kept).chunk(2, -1)
        log_scale = torch.tanh(log_scale)
        changed = changed * log_scale.exp() + shift
        return torch.cat([changed, kept] if self.flip else [kept, changed], -1), log_scale.sum(-1)


@architecture("coupling-flow", values(4), ["several outputs", "chunk", "loop"])
class CouplingFlow(nn.Module):
    def __init__(self):
        super().__init__()
        self.flows = nn.ModuleList(Coupling(index % 2 == 1) for index in range(3))

    def forward(self, x):
        log_det = x.new_zeros(x.shape[0])
        for flow in self.flows:
            x, change = flow(x)
            log_det += change
        prior = -0.5 * (x ** 2 + math.log(2 * math.pi)).sum(-1)
        return x, prior + log_det


def sparsemax(z):
    ordered, _ = torch.sort(z, dim=-1, descending=True)
    ranks = torch.arange(1, z.size(-1) + 1, dtype=z.dtype)
    cumulated = ordered.cumsum(-1)
    support = (1 + ranks * ordered) > cumulated
    size = support.sum(-1, keepdim=True)
    threshold = (cumulated.gather(-1, size - 1) - 1) / size.to(z.dtype)
    return torch.clamp(z - threshold, min=0)


@architecture("tabnet-steps", values(6), ["sort", "gather", "several outputs"])
class TabNetSteps(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(6)
        self.shared = nn.Linear(6, 8)
        self.steps = nn.ModuleList(nn.ModuleDict({"mask": nn.Linear(4, 6, bias=False), "own": nn.Linear(8, 16)}) for _ in range(2))
        self.out = nn.Linear(4, 2)

    def forward(self, x):
        x = self.bn(x)
        prior, total, attention = torch.ones_like(x), 0, self.shared(x)[:, 4:]
        masks = []
        for step in self.steps:
            mask = sparsemax(step["mask"](attention) * prior)
            prior = prior * (1.3 - mask)
            h = F.glu(step["own"](self.shared(mask * x)))
            total = total + F.relu(h[:, :4])
            attention = h[:, 4:]
            masks.append(mask)
        return self.out(total), torch.stack(masks, 1)


@architecture("masked-autoencoder", values(x=(6, 4)), ["random draws", "argsort", "gather"], random=True)
class MaskedAutoencoder(nn.Module):
    """Keeps half of the tokens, drawn anew in each call, and fills the rest with a learned one."""

    def __init__(self):
        super().__init__()
        self.embed, self.decode = nn.Linear(4, 5), nn.Linear(5, 4)
        self.mask_token = nn.Parameter(torch.randn(1, 1, 5))
        self.positions = nn.Parameter(torch.randn(1, 6, 5))

    def forward(self, x):
        x = self.embed(x) + self.positions
        batch, length, size = x.shape
        keep = length // 2
        shuffle = torch.argsort(torch.rand(batch, length), dim=1)
        restore = torch.argsort(shuffle, dim=1)
        kept = torch.gather(x, 1, shuffle[:, :keep].unsqueeze(-1).repeat(1, 1, size))
        mask = torch.ones(batch, length)
        mask[:, :keep] = 0
        mask = torch.gather(mask, 1, restore)
        full = torch.cat([kept, self.mask_token.repeat(batch, length - keep, 1)], dim=1)
        full = torch.gather(full, 1, restore.unsqueeze(-1).expand(-1, -1, size))
        return self.decode(full), mask
