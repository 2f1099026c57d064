"""Networks in the ways that people write them in public code, small, each with an example of its inputs for a number of rows."""
import math
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

NETWORKS = {}


def network(name, inputs, batched=True, random=False):
    """Registers the class or function below; `inputs` makes its example from a number of rows."""
    def register(build):
        NETWORKS[name] = (build, inputs, batched, random)
        return build
    return register


def made(name):
    """Returns a network in evaluation mode, the same each time, with nothing in it at zero or one."""
    build = NETWORKS[name][0]
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(len(name))
        model = build()
        for parameter in model.parameters():
            if parameter.numel() and bool((parameter == parameter.flatten()[0]).all()):
                parameter.add_(0.1 * torch.randn_like(parameter))
        for module in model.modules():
            if getattr(module, "running_mean", None) is not None:
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 1.5)
    return model.eval()


def example(name, rows, seed=1):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return NETWORKS[name][1](rows)


# ---- convolutional ---------------------------------------------------------------------------------------------------
class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)) if stride != 1 else None

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


@network("resnet", lambda rows: (torch.randn(rows, 3, 8, 8),))
class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(4, 4), BasicBlock(4, 8, 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x)), inplace=True))
        return self.fc(torch.flatten(self.avgpool(self.layer1(x)), 1))


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x):
        scale = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(scale))))


@network("mobile-net", lambda rows: (torch.randn(rows, 4, 6, 6),))
class InvertedResidual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(4, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(inplace=True),
                                  nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(8), nn.Hardswish(),
                                  SqueezeExcite(8), nn.Conv2d(8, 4, 1, bias=False))
        self.use_res_connect = True

    def forward(self, x):
        return (x + self.conv(x) if self.use_res_connect else self.conv(x)).mean([2, 3])


@network("dense-net", lambda rows: (torch.randn(rows, 2, 5, 5),))
class DenseBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({f"layer{index}": nn.Sequential(nn.BatchNorm2d(2 + 2 * index), nn.ReLU(), nn.Conv2d(2 + 2 * index, 2, 3, padding=1))
                                     for index in range(3)})

    def forward(self, x):
        features = [x]
        for _, layer in self.layers.items():
            features.append(layer(torch.cat(features, 1)))
        return torch.cat(features, 1)


@network("u-net-with-padding", lambda rows: (torch.randn(rows, 1, 9, 9),))
class Up(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.MaxPool2d(2)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.conv = nn.Conv2d(2, 1, 3, padding=1)

    def forward(self, x):
        x1 = self.up(self.down(x))
        dy, dx = x.size()[2] - x1.size()[2], x.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.conv(torch.cat([x, x1], dim=1))


@network("wave-net", lambda rows: (torch.randn(rows, 2, 12),))
class WaveBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.dilated = nn.ModuleList([nn.Conv1d(2, 4, 2, dilation=2 ** step) for step in range(2)])
        self.skip = nn.ModuleList([nn.Conv1d(2, 3, 1) for _ in range(2)])

    def forward(self, x):
        total = 0
        for dilated, skip in zip(self.dilated, self.skip):
            filtered, gate = torch.chunk(dilated(x), 2, dim=1)
            out = torch.tanh(filtered) * torch.sigmoid(gate)
            x = out + x[:, :, -out.size(2):]
            s = skip(out)
            total = s if isinstance(total, int) else total[..., -s.shape[-1]:] + s
        return total


@network("mlp-mixer", lambda rows: (torch.randn(rows, 3, 8, 8),))
class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 6, 4, 4)
        self.norm = nn.LayerNorm(6)
        self.tokens, self.channels = nn.Linear(4, 4), nn.Linear(6, 6)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.norm(x).transpose(1, 2)).transpose(1, 2)
        x = x + F.gelu(self.channels(self.norm(x)))
        return x.mean(dim=1)


@network("point-net", lambda rows: (torch.randn(rows, 3, 10),))
class PointNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.transform = nn.Sequential(nn.Conv1d(3, 4, 1), nn.ReLU())
        self.fc = nn.Linear(4, 9)
        self.conv = nn.Conv1d(3, 5, 1)

    def forward(self, x):
        batch = x.size()[0]
        t = torch.max(self.transform(x), 2, keepdim=True)[0].view(-1, 4)
        t = self.fc(t) + torch.eye(3, dtype=torch.float32).flatten().view(1, 9).repeat(batch, 1)
        t = t.view(-1, 3, 3)
        x = torch.bmm(x.transpose(2, 1), t).transpose(2, 1)
        return torch.max(self.conv(x), dim=2).values, t


# ---- sequences -------------------------------------------------------------------------------------------------------
@network("lstm-with-zeros", lambda rows: (torch.randn(rows, 5, 3),))
class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_size, self.num_layers = 4, 2
        self.lstm = nn.LSTM(3, 4, 2, batch_first=True)
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        h0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size, device=x.device)
        c0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size).to(x.device)
        out, _ = self.lstm(x, (h0, c0))
        return self.fc(out[:, -1, :])


@network("gru-encoder-decoder", lambda rows: (torch.randint(0, 9, (rows, 4)), torch.randint(0, 9, (rows, 3))))
class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.encoder = nn.GRU(4, 4, batch_first=True)
        self.decoder = nn.GRU(4, 4, batch_first=True)
        self.out = nn.Linear(8, 9)

    def forward(self, src, tgt):
        outputs, hidden = self.encoder(self.embedding(src))
        decoded, _ = self.decoder(self.embedding(tgt), hidden)
        weights = torch.softmax(torch.bmm(decoded, outputs.transpose(1, 2)), dim=-1)
        return self.out(torch.cat((decoded, weights @ outputs), -1)), weights


class BertSelfAttention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.num_attention_heads, self.attention_head_size = heads, size // heads
        self.query, self.key, self.value = nn.Linear(size, size), nn.Linear(size, size), nn.Linear(size, size)
        self.dropout = nn.Dropout(0.1)

    def transpose_for_scores(self, x):
        return x.view(x.size()[:-1] + (self.num_attention_heads, self.attention_head_size)).permute(0, 2, 1, 3)

    def forward(self, hidden_states, attention_mask=None, output_attentions=False):
        q, k, v = (self.transpose_for_scores(layer(hidden_states)) for layer in (self.query, self.key, self.value))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.attention_head_size)
        if attention_mask is not None:
            scores = scores + attention_mask
        probs = self.dropout(nn.functional.softmax(scores, dim=-1))
        context = torch.matmul(probs, v).permute(0, 2, 1, 3).contiguous()
        context = context.view(*context.size()[:-2], -1)
        return (context, probs) if output_attentions else (context,)


class BertLayer(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.attention = BertSelfAttention(size, 2)
        self.LayerNorm = nn.LayerNorm(size, eps=1e-12)
        self.dense = nn.Linear(size, size)
        self.act = nn.GELU()

    def forward(self, hidden_states, attention_mask):
        attended = self.attention(hidden_states, attention_mask=attention_mask)[0]
        return self.LayerNorm(self.act(self.dense(attended)) + hidden_states)


@network("bert", lambda rows: (torch.randint(0, 9, (rows, 5)), torch.ones(rows, 5, dtype=torch.long).tril(1)))
class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = nn.ModuleDict({"word": nn.Embedding(9, 8, padding_idx=0), "position": nn.Embedding(6, 8)})
        self.register_buffer("position_ids", torch.arange(6).expand((1, -1)), persistent=False)
        self.layer = nn.ModuleList([BertLayer(8) for _ in range(2)])
        self.pooler = nn.Linear(8, 8)

    def forward(self, input_ids, attention_mask=None, inputs_embeds=None):
        length = input_ids.shape[1]
        hidden = self.embeddings["word"](input_ids) + self.embeddings["position"](self.position_ids[:, :length])
        mask = attention_mask[:, None, None, :].to(dtype=hidden.dtype)
        mask = (1.0 - mask) * torch.finfo(hidden.dtype).min
        for layer in self.layer:
            hidden = layer(hidden, mask)
        return {"last_hidden_state": hidden, "pooler_output": torch.tanh(self.pooler(hidden[:, 0]))}


class RotaryAttention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(size, size, bias=False) for _ in range(4))
        frequencies = 1.0 / (10_000 ** (torch.arange(0, size // heads, 2).float() / (size // heads)))
        self.register_buffer("inv_freq", frequencies, persistent=False)

    @staticmethod
    def rotate_half(x):
        x1, x2 = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2:]
        return torch.cat((-x2, x1), dim=-1)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = [w(x).view(b, t, self.heads, c // self.heads).transpose(1, 2) for w in (self.wq, self.wk, self.wv)]
        angles = torch.outer(torch.arange(t, device=x.device).type_as(self.inv_freq), self.inv_freq)
        emb = torch.cat((angles, angles), dim=-1)
        cos, sin = emb.cos(), emb.sin()
        q, k = q * cos + self.rotate_half(q) * sin, k * cos + self.rotate_half(k) * sin
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(y.transpose(1, 2).reshape(b, t, c))


class RMSNorm(nn.Module):
    def __init__(self, size, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x.float().mul(torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.eps)).type_as(x) * self.weight


@network("llama", lambda rows: (torch.randint(0, 9, (rows, 5)),))
class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok_embeddings = nn.Embedding(9, 8)
        self.attention_norm, self.attention = RMSNorm(8), RotaryAttention(8, 2)
        self.norm = RMSNorm(8)
        self.output = nn.Linear(8, 9, bias=False)
        self.output.weight = self.tok_embeddings.weight

    def forward(self, tokens):
        h = self.tok_embeddings(tokens)
        h = h + self.attention(self.attention_norm(h))
        return self.output(self.norm(h))


@network("vision-transformer", lambda rows: (torch.randn(rows, 3, 8, 8),))
class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, 8, kernel_size=4, stride=4)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.pos_embed = nn.Parameter(torch.randn(1, 5, 8))
        self.blocks = nn.Sequential(*[nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True, norm_first=True) for _ in range(2)])
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        n, c, h, w = x.shape
        torch._assert(h == 8, f"wrong image height, expected 8 but got {h}")
        x = self.proj(x).reshape(n, 8, -1).permute(0, 2, 1)
        x = torch.cat([self.cls_token.expand(n, -1, -1), x], dim=1)
        x = x + self.pos_embed[:, : x.size(1)]
        return self.head(self.blocks(x)[:, 0])


@network("einsum-attention", lambda rows: (torch.randn(rows, 4, 6),))
class EinsumAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_qkv = nn.Linear(6, 18, bias=False)
        self.scale = 3 ** -0.5

    def forward(self, x):
        b, n, _, h = *x.shape, 2
        q, k, v = map(lambda t: t.reshape(b, n, h, -1).permute(0, 2, 1, 3), self.to_qkv(x).chunk(3, dim=-1))
        dots = torch.einsum("bhid,bhjd->bhij", q, k) * self.scale
        mask = torch.ones(n, n, dtype=torch.bool).triu(1)
        dots.masked_fill_(mask, -torch.finfo(dots.dtype).max)
        out = torch.einsum("b h i j, b h j d -> b h i d", dots.softmax(dim=-1), v)
        return out.permute(0, 2, 1, 3).reshape(b, n, -1)


@network("masked-pooling", lambda rows: (torch.randn(rows, 4, 3), torch.ones(rows, 4, dtype=torch.bool).tril(1)))
class MaskedPooling(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(3, 1)

    def forward(self, x, mask):
        weights = self.score(x).squeeze(-1).masked_fill(~mask, -1e9).softmax(-1)
        attended = (weights.unsqueeze(-1) * x).sum(dim=1)
        mean = (x * mask.unsqueeze(-1).float()).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        return attended, mean, weights.argmax(-1)


@network("multihead-attention", lambda rows: (torch.randn(rows, 4, 6), torch.randn(rows, 3, 6)))
class CrossAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn = nn.MultiheadAttention(6, 2, batch_first=True)
        self.norm = nn.LayerNorm(6)

    def forward(self, query, memory):
        out, weights = self.attn(query, memory, memory, need_weights=True)
        return self.norm(query + out), weights


@network("transformer", lambda rows: (torch.randn(rows, 4, 8), torch.randn(rows, 3, 8)))
class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
        self.out = nn.Linear(8, 5)

    def forward(self, src, tgt):
        return self.out(self.transformer(src, tgt))


# ---- tables, recommenders, policies ----------------------------------------------------------------------------------
@network("dlrm", lambda rows: (torch.randn(rows, 3), torch.randint(0, 5, (rows, 2))))
class DLRM(nn.Module):
    def __init__(self):
        super().__init__()
        self.bottom = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.emb = nn.ModuleList([nn.Embedding(5, 4) for _ in range(2)])
        self.top = nn.Linear(7, 1)

    def forward(self, dense, sparse):
        x = self.bottom(dense)
        vectors = [x] + [emb(sparse[:, index]) for index, emb in enumerate(self.emb)]
        t = torch.stack(vectors, dim=1)
        z = torch.bmm(t, t.transpose(1, 2))
        li = torch.tensor([1, 2, 2])
        lj = torch.tensor([0, 0, 1])
        return torch.sigmoid(self.top(torch.cat([x, z[:, li, lj]], dim=1))).squeeze(-1)


@network("deep-and-cross", lambda rows: (torch.randn(rows, 4),))
class CrossNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernels = nn.ParameterList([nn.Parameter(torch.randn(4, 1)) for _ in range(2)])
        self.bias = nn.ParameterList([nn.Parameter(torch.randn(4, 1)) for _ in range(2)])

    def forward(self, x):
        x0 = x.unsqueeze(2)
        xl = x0
        for kernel, bias in zip(self.kernels, self.bias):
            xl = torch.matmul(x0, torch.tensordot(xl, kernel, dims=([1], [0]))) + bias + xl if False else \
                x0 * (xl.transpose(1, 2) @ kernel) + bias + xl
        return xl.squeeze(2)


@network("dueling-dqn", lambda rows: (torch.randn(rows, 4),))
class Dueling(nn.Module):
    def __init__(self):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        self.advantage, self.value = nn.Linear(8, 3), nn.Linear(8, 1)

    def forward(self, state):
        x = self.feature(state)
        advantage = self.advantage(x)
        return self.value(x) + (advantage - advantage.mean(dim=1, keepdim=True))


@network("gaussian-policy", lambda rows: (torch.randn(rows, 4),), random=True)
class GaussianPolicy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(4, 4)
        self.register_buffer("action_scale", torch.tensor([2.0, 0.5]))

    def forward(self, observation):
        mean, log_std = self.net(observation).chunk(2, dim=-1)
        log_std = torch.tanh(log_std)
        log_std = -5 + 0.5 * (2 - -5) * (log_std + 1)
        noise = torch.randn(mean.shape[0], 2)
        action = torch.tanh(mean + noise * log_std.exp()) * self.action_scale
        return {"action": action, "mean": mean}


@network("highway", lambda rows: (torch.randn(rows, 4),))
class Highway(nn.Module):
    def __init__(self):
        super().__init__()
        self.nonlinear, self.gate = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        for _ in range(2):
            gate = self.gate(x).sigmoid()
            x = gate * F.relu(self.nonlinear(x)) + (1 - gate) * x
        return x


@network("fourier-features", lambda rows: (torch.randn(rows, 3),))
class NeRF(nn.Module):
    def __init__(self):
        super().__init__()
        self.frequencies = 2.0 ** torch.linspace(0, 2, 3)
        self.layers = nn.ModuleList([nn.Linear(21, 8), nn.Linear(29, 8)])
        self.out = nn.Linear(8, 4)

    def forward(self, x):
        encoded = torch.cat([x] + [fn(x * f) for f in self.frequencies for fn in (torch.sin, torch.cos)], -1)
        h = encoded
        for index, layer in enumerate(self.layers):
            h = layer(h if index == 0 else torch.cat([encoded, h], -1)).relu()
        rgb, sigma = torch.split(self.out(h), [3, 1], dim=-1)
        return torch.sigmoid(rgb), F.softplus(sigma)


@network("siamese", lambda rows: (torch.randn(rows, 4), torch.randn(rows, 4)))
class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = Highway()
        self.fc = nn.Linear(4, 1)

    def forward_once(self, x):
        return self.branch(x)

    def forward(self, input1, input2):
        return self.fc(torch.abs(self.forward_once(input1) - self.forward_once(input2))), F.cosine_similarity(input1, input2)


@network("residual-in-place", lambda rows: (torch.randn(rows, 4),))
class InPlace(nn.Module):
    """What is read after it was changed in place is what it was changed to."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        y = self.fc(x)
        kept = y
        y.relu_()
        y += 1
        F.leaky_relu(y, 0.1, inplace=True)
        return kept * 2 + x.clamp(min=0)


@network("adapters", lambda rows: (torch.randn(rows, 4),))
def adapters():
    class Adapter(nn.Linear):
        def forward(self, x):
            return super().forward(x) * 0.5

    class Doubled(nn.Sequential):
        def forward(self, x):
            return super().forward(x) * 2

    return nn.Sequential(OrderedDict(first=Adapter(4, 4), second=Doubled(nn.Linear(4, 4), nn.Tanh()), third=nn.Linear(4, 2)))


@network("weight-norm", lambda rows: (torch.randn(rows, 2, 6),))
class WeightNormed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 3, 3))
        self.old = nn.utils.weight_norm(nn.Conv1d(3, 2, 2))
        self.fc = nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2))

    def forward(self, x):
        return self.fc(self.old(self.conv(x)).mean(-1))


@network("no-grad-target", lambda rows: (torch.randn(rows, 4),))
class Target(nn.Module):
    def __init__(self):
        super().__init__()
        self.online, self.target = nn.Linear(4, 3), nn.Linear(4, 3)

    def forward(self, x):
        with torch.no_grad():
            target = F.normalize(self.target(x), dim=-1)
        return (self.online(x) * target).sum(-1)


@network("optional-arguments", lambda rows: (torch.randn(rows, 4), torch.randn(rows, 4)))
class Optional(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Gate()
        self.steps = 2

    def forward(self, x, context, mask=None, *, scale=1.5):
        assert x.dim() == 2 and x.shape[-1] == 4, "expected rows of 4"
        x = self.inner(x, "sum", context=context, factor=scale)
        return x if mask is None else x * mask


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x, mode, factor, context=None):
        gated = self.fc(x) * factor if mode == "sum" else x
        return gated + context if context is not None else gated


@network("unrolled-cell", lambda rows: (torch.randn(rows, 3, 4),))
class Unrolled(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(4, 5)

    def forward(self, x):
        h, c = x.new_zeros(x.size(0), 5), x.new_zeros(x.size(0), 5)
        outputs = []
        for step in range(x.size(1)):
            h, c = self.cell(x[:, step], (h, c))
            outputs.append(h)
        return torch.stack(outputs, dim=1)


@network("scaled-by-length", lambda rows: (torch.randn(rows, 3, 4),))
class Scaled(nn.Module):
    def forward(self, x):
        q, k = x, x
        return (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
