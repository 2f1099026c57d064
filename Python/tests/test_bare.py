"""Layers of PyTorch's that are exported by themselves, and take more than one tensor."""
import inspect

import pytest

import callpath

torch = pytest.importorskip("torch", reason="torch takes gigabytes: this runs where it is installed")
nn = torch.nn


def numbers(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape) + sum(shape)))


def causal(size):
    return torch.ones(size, size, dtype=torch.bool).triu(1)


def attention():
    return nn.MultiheadAttention(8, 2, batch_first=True)


def transformer():
    return nn.Transformer(8, 2, 1, 1, 16, batch_first=True)


def encoder():
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)


def decoder():
    return nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)


def bag(**options):
    return nn.EmbeddingBag(10, 3, **options)


X, Y, MASK = numbers(2, 3, 8), numbers(2, 4, 8), causal(3)
WORDS, STARTS = torch.tensor([1, 2, 4, 5]), torch.tensor([0, 2])
PADDING = torch.tensor([[False, False, True], [False, True, True]])
IMAGE, PLACES = nn.MaxPool2d(2, return_indices=True)(numbers(1, 1, 4, 4))

#: A layer, and its inputs by position or by name.
LAYERS = {
    "attention": (attention, (X, X, X)),
    "attention with a padding": (attention, (X, X, X, PADDING)),
    "attention without weights": (attention, (X, X, X, None, False)),
    "attention with a mask by name": (attention, {"query": X, "key": X, "value": X, "attn_mask": MASK}),
    "attention over another": (attention, {"query": X, "key": Y, "value": Y, "average_attn_weights": False}),
    "bilinear": (lambda: nn.Bilinear(3, 4, 5), (numbers(2, 3), numbers(2, 4))),
    "bilinear by name": (lambda: nn.Bilinear(3, 4, 5), {"input2": numbers(2, 4), "input1": numbers(2, 3)}),
    "cosine": (nn.CosineSimilarity, (numbers(2, 3), numbers(2, 3) + 1)),
    "distance": (lambda: nn.PairwiseDistance(1.5, keepdim=True), (numbers(2, 3), numbers(2, 3) + 1)),
    "transformer": (transformer, (X, Y)),
    "transformer with a mask": (transformer, {"src": X, "tgt": Y, "tgt_mask": causal(4)}),
    "transformer with masks of floats": (
        transformer, {"src": X, "tgt": Y, "tgt_mask": nn.Transformer.generate_square_subsequent_mask(4)}),
    "encoder layer with a mask": (encoder, {"src": X, "src_mask": MASK}),
    "encoder": (lambda: nn.TransformerEncoder(encoder(), 2), (X,)),
    "encoder with a mask": (lambda: nn.TransformerEncoder(encoder(), 2), {"src": X, "mask": MASK}),
    "decoder layer": (decoder, (X, Y)),
    "decoder": (lambda: nn.TransformerDecoder(decoder(), 2), {"tgt": X, "memory": Y, "tgt_mask": MASK}),
    "bag of rows": (bag, (WORDS.reshape(2, 2),)),
    "bag with starts": (bag, (WORDS, STARTS)),
    "bag with starts of each": (bag, (WORDS, torch.arange(4))),
    "bag with weights": (lambda: bag(mode="sum"), (WORDS, STARTS, numbers(4))),
    "bag with weights by name": (lambda: bag(mode="sum"), {"input": WORDS.reshape(2, 2), "per_sample_weights": numbers(2, 2)}),
    "gru": (lambda: nn.GRU(3, 4, batch_first=True), (numbers(2, 5, 3), numbers(1, 2, 4))),
    "rnn": (lambda: nn.RNN(3, 4), {"input": numbers(5, 2, 3), "hx": numbers(1, 2, 4)}),
    "gru cell": (lambda: nn.GRUCell(3, 4), (numbers(2, 3), numbers(2, 4))),
    "unpooling": (lambda: nn.MaxUnpool2d(2), (IMAGE, PLACES)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_several_inputs_answers_as_pytorch_does(name, callpath_client):
    make, inputs = LAYERS[name]
    torch.manual_seed(0)
    layer = make().eval()
    served = callpath_client.create(None, layer, example=inputs)
    given = inputs if isinstance(inputs, dict) else inspect.signature(layer.forward).bind(*inputs).arguments
    named = {name: value for name, value in given.items() if value is not None}
    with torch.no_grad():
        wanted = layer(**named)
    given = served(**named) if len(named) > 1 else served(*named.values())
    given = list(given.values()) if isinstance(given, dict) else [given]
    wanted = [value for value in wanted if value is not None] if isinstance(wanted, tuple) else [wanted]
    assert len(given) == len(wanted)
    for got, due in zip(given, wanted):
        torch.testing.assert_close(got, due, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("make, shape, states", [
    (lambda: nn.LSTM(3, 4, batch_first=True), (2, 5, 3), (1, 2, 4)), (lambda: nn.LSTMCell(3, 4), (2, 3), (2, 4)),
    (lambda: nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2), (5, 2, 3), None),
])
def test_the_two_states_of_an_lstm_are_inputs(make, shape, states, callpath_client):
    layer, x = make().eval(), numbers(*shape)
    h, c = (numbers(4, 2, 2), numbers(4, 2, 4)) if states is None else (numbers(*states), numbers(*states) + 1)
    for example in ((x, (h, c)), {"hx": (h, c), "input": x}):
        served = callpath_client.create(None, layer, example=example)
        given = served(input=x, h_0=h, c_0=c)
        with torch.no_grad():
            wanted = torch.utils._pytree.tree_leaves(layer(x, (h, c)))
        for got, due in zip(given.values(), wanted):
            torch.testing.assert_close(got, due, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("make, example, words", [
    (lambda: nn.Linear(3, 4), (numbers(2, 3), numbers(2, 3)), "the model does not take the example"),
    (lambda: nn.Linear(3, 4), {"x": numbers(2, 3)}, "forward takes no x"),
    (lambda: nn.ConvTranspose2d(2, 3, 3, stride=2), (numbers(1, 2, 4, 4), [10, 10]), "output_size"),
    (lambda: nn.Sequential(nn.Bilinear(3, 4, 5)), (numbers(2, 3), numbers(2, 4)), "cannot stand in a Sequential"),
])
def test_what_no_server_can_be_given_is_one_line(make, example, words, tmp_path):
    with pytest.raises(callpath.ExportError, match=words) as refused:
        callpath.export(make(), tmp_path / "x.safetensors", example=example)
    assert "\n" not in str(refused.value) and not list(tmp_path.iterdir())


def test_a_forward_with_a_gap_in_its_example(callpath_client):
    class Gap(nn.Module):
        def forward(self, x, mask=None, scale=None):
            return x * scale if mask is None else x * mask

    served = callpath_client.create("gap", Gap(), example={"x": X, "scale": X + 1})
    torch.testing.assert_close(served(x=X, scale=X + 1), X * (X + 1))
    served = callpath_client.create("middle", Gap(), example=(X, None, X + 1))
    torch.testing.assert_close(served(x=X, scale=X + 1), X * (X + 1))
