"""Recurrence's functions: twin against twin, both against `torch.nn` and autograd, and their closed forms."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from solutions.gradient_descent.reference import gradient_check
from solutions.recurrence import pytorch, reference
from solutions.recurrence.reference import GRU, LSTMState, Recurrent
from tests.solutions.twins import Twin, plain, twin_checks

SIZES = ((2, 3, 3, 4), (1, 5, 2, 1), (3, 1, 1, 2), (2, 0, 3, 2))      # N, T, D, M
MODULES = pytest.mark.parametrize("module", [reference, pytorch], ids=["numpy", "torch"])
LOOSE = {"float32": {"rtol": 2e-4, "atol": 2e-4}, "float64": {"rtol": 1e-10, "atol": 1e-10}}


# ------------------------------------------------------------------------------------------------- draws and oracles


def layer(rng, D, M, k=1):
    """W, U and b of a layer with k blocks."""
    return Recurrent(*(0.6 * rng.normal(size=shape) for shape in ((M, k * M), (D, k * M), (k * M,))))


def gru_layer(rng, D, M):
    return GRU(*layer(rng, D, M, 3), rng.normal(size=M))


def cell_case(make, state):
    def arguments(rng, sizes):
        N, _, D, M = sizes
        return rng.normal(size=(N, D)), state(rng, N, M), make(rng, D, M)
    return arguments


def one_state(rng, N, M):
    return rng.uniform(-1, 1, (N, M))


def two_states(rng, N, M):
    return LSTMState(rng.uniform(-1, 1, (N, M)), rng.normal(size=(N, M)))


def loaded(made, params, number=""):
    """A cell or layer of `torch.nn` with these parameters; its second bias is zero, but for a GRU's c."""
    found = dict(made.named_parameters())
    M = params.W.shape[0]
    with torch.no_grad():
        found[f"weight_ih{number}"].copy_(params.U.T)
        found[f"weight_hh{number}"].copy_(params.W.T)
        found[f"bias_ih{number}"].copy_(params.b)
        found[f"bias_hh{number}"].zero_()
        if len(params) == 4:
            found[f"bias_hh{number}"][2 * M:] = params.c
    return made


def library_cell(kind):
    def oracle(x, state, params):
        made = loaded(kind(x.shape[1], len(params.W), dtype=x.dtype), params)
        found = made(x, tuple(state) if isinstance(state, tuple) else state)
        return tuple(one.detach() for one in found) if isinstance(found, tuple) else found.detach()
    return oracle


def sequence(rng, sizes):
    N, T, D, M = sizes
    return rng.normal(size=(N, T, D)), one_state(rng, N, M), layer(rng, D, M)


def library_states(X, h, params):
    """h_0 … h_T by `torch.nn.RNN`, which refuses sequences of no step."""
    made = loaded(torch.nn.RNN(X.shape[2], h.shape[1], batch_first=True, dtype=X.dtype), params, "_l0")
    later = [made(X, h[None].contiguous())[0].detach()] if X.shape[1] else []
    return torch.cat([h[:, None], *later], 1)


def backward_case(rng, sizes):
    X, h, params = sequence(rng, sizes)
    hs = reference.rnn_forward(X, h, params)
    return X, hs, rng.normal(size=hs[:, 1:].shape), params


def rnn_by_autograd(X, hs, grads, params):
    h, params = hs[:, 0].clone().requires_grad_(), [p.clone().requires_grad_() for p in params]
    last, E = h, 0 * h.sum() + sum(0 * p.sum() for p in params)
    for t in range(X.shape[1]):
        last = torch.tanh(params[2] + last @ params[0] + X[:, t] @ params[1])
        E = E + (grads[:, t] * last).sum()
    *found, dh = torch.autograd.grad(E, [*params, h])
    return found, dh


def lstm_backward_case(rng, sizes):
    N, T, D, M = sizes
    X, params = rng.normal(size=(N, T, D)), layer(rng, D, M, 4)
    states = reference.unroll(reference.lstm_cell, X, two_states(rng, N, M), params)
    return X, states, rng.normal(size=(N, T, M)), params


def lstm_by_autograd(X, states, grads, params):
    first, params = [s.clone().requires_grad_() for s in states[0]], [p.clone().requires_grad_() for p in params]
    (h, c), E = first, sum(0 * p.sum() for p in [*first, *params])
    M = h.shape[1]
    for t in range(X.shape[1]):
        a = params[2] + h @ params[0] + X[:, t] @ params[1]
        c = a[:, M:2 * M].sigmoid() * c + a[:, :M].sigmoid() * a[:, 2 * M:3 * M].tanh()
        h = a[:, 3 * M:].sigmoid() * c.tanh()
        E = E + (grads[:, t] * h).sum()
    *found, dh, dc = torch.autograd.grad(E, [*params, *first])
    return found, (dh, dc)


def norms_case(rng, sizes):
    X, h, params = sequence(rng, sizes)
    return reference.rnn_forward(X, h, params), rng.normal(size=h.shape), params.W


def norms_by_jacobians(hs, grad, W):
    """One sequence after another, by whole Jacobian matrices."""
    found = []
    for states, g in zip(hs, grad, strict=True):
        norms = [g.norm()]
        for h in states[1:].flip(0):
            g = (W @ torch.diag(1 - h**2)) @ g         # ∂h_t/∂h_{t-1} as a matrix, transposed
            norms.append(g.norm())
        found.append(torch.stack(norms[::-1]))
    return torch.stack(found)


def clip_case(size):
    def arguments(rng, sizes):
        return [size * rng.normal(size=sizes[:i]) for i in range(4)], 1.5
    return arguments


def clip_one_vector(grads, max_norm):
    vector = torch.nn.utils.parameters_to_vector(grads)
    norm = vector.square().sum().sqrt()
    vector = vector * torch.minimum(max_norm / norm, torch.ones_like(norm))
    parts = vector.split([g.numel() for g in grads])
    return [part.view(g.shape) for part, g in zip(parts, grads, strict=True)], norm


def attention_case(rng, sizes):
    N, T, D, M = sizes
    return tuple(rng.normal(size=(N, T + 1, size)) for size in (D, D, M))


def library_attention(Q, K, V, *, causal=False):
    weights = F.scaled_dot_product_attention(Q, K, torch.eye(K.shape[1], dtype=Q.dtype).expand(len(K), -1, -1),
                                             is_causal=causal)
    return F.scaled_dot_product_attention(Q, K, V, is_causal=causal), weights


def stack_case(skips):
    def arguments(rng, sizes):
        N, T, D, M = sizes
        below = M + D if skips else M
        return rng.normal(size=(N, T + 1, D)), [layer(rng, D, M), layer(rng, below, M), layer(rng, below, M)]
    return arguments


def library_stack(X, layers, *, skips):
    outputs, inputs = [], X
    for params in layers:
        made = torch.nn.RNN(inputs.shape[2], len(params.W), batch_first=True, dtype=X.dtype)
        outputs.append(loaded(made, params, "_l0")(inputs)[0].detach())
        inputs = torch.cat([outputs[-1], X], -1) if skips else outputs[-1]
    return torch.cat(outputs, -1) if skips else outputs[-1]


def row(name, arguments, oracle=None, **hyper):
    return Twin(name, arguments, hyper, oracle, shapes=SIZES, tolerance=LOOSE)


TWINS = {
    "sigmoid": row("sigmoid", lambda rng, sizes: (30 * rng.normal(size=sizes[2:]),), torch.special.expit),
    "rnn_cell": row("rnn_cell", cell_case(layer, one_state), library_cell(torch.nn.RNNCell)),
    "lstm_cell": row("lstm_cell", cell_case(lambda *a: layer(*a, 4), two_states), library_cell(torch.nn.LSTMCell)),
    "gru_cell": row("gru_cell", cell_case(gru_layer, one_state), library_cell(torch.nn.GRUCell)),
    "rnn_forward": row("rnn_forward", sequence, library_states),
    "rnn_backward": row("rnn_backward", backward_case, rnn_by_autograd),
    "lstm_backward": row("lstm_backward", lstm_backward_case, lstm_by_autograd),
    "norms_through_time": row("norms_through_time", norms_case, norms_by_jacobians),
    "spectral_radius": row("spectral_radius", lambda rng, sizes: (rng.normal(size=(sizes[3], sizes[3])),)),
    "clipped": row("clip_by_global_norm", clip_case(2.0), clip_one_vector),
    "short enough": row("clip_by_global_norm", clip_case(0.01), clip_one_vector),
    "attention": row("attention", attention_case, library_attention),
    "causal attention": row("attention", attention_case, library_attention, causal=True),
    "skips": row("deep_rnn_forward", stack_case(True), library_stack, skips=True),
    "no skips": row("deep_rnn_forward", stack_case(False), library_stack, skips=False),
}


@twin_checks(reference, pytorch, TWINS)
def test_twins(check):
    check()


# --------------------------------------------------------------------------------------------------- gradient checks


def checked(backward, loss, start):
    """The distance of a backward pass from central differences, over all parameters and the first state."""
    sizes = np.cumsum([part.size for part in start])[:-1]

    def parts(vector):
        return [piece.reshape(one.shape) for piece, one in zip(np.split(vector, sizes), start, strict=True)]

    return gradient_check(lambda vector: loss(*parts(vector)),
                          lambda vector: np.concatenate([g.ravel() for g in backward(*parts(vector))]),
                          np.concatenate([part.ravel() for part in start]))


@pytest.mark.parametrize("sizes", SIZES)
def test_back_propagation_through_time_passes_a_gradient_check(sizes):
    X, hs, grads, params = backward_case(np.random.default_rng(0), sizes)

    def loss(W, U, b, h):
        return (grads * reference.rnn_forward(X, h, Recurrent(W, U, b))[:, 1:]).sum() + (h**2).sum()

    def backward(W, U, b, h):
        params = Recurrent(W, U, b)
        found, dh = reference.rnn_backward(X, reference.rnn_forward(X, h, params), grads, params)
        return [*found, dh + 2 * h]

    assert checked(backward, loss, [*params, hs[:, 0]]) < 1e-8


@pytest.mark.parametrize("sizes", SIZES)
def test_an_lstm_s_back_propagation_passes_a_gradient_check(sizes):
    X, states, grads, params = lstm_backward_case(np.random.default_rng(1), sizes)

    def run(W, U, b, h, c):
        return reference.unroll(reference.lstm_cell, X, LSTMState(h, c), Recurrent(W, U, b))

    def loss(*parts):
        return sum((grads[:, t] * state.h).sum() for t, state in enumerate(run(*parts)[1:])) + (parts[-1]**2).sum()

    def backward(*parts):
        found, (dh, dc) = reference.lstm_backward(X, run(*parts), grads, Recurrent(*parts[:3]))
        return [*found, dh, dc + 2 * parts[-1]]

    assert checked(backward, loss, [*params, *states[0]]) < 1e-8


# ------------------------------------------------------------------------------------------------------ the library


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@MODULES
def test_an_unrolled_cell_is_the_library_s_layer(module, kind):
    rng = np.random.default_rng(2)
    X, D, M = rng.normal(size=(3, 7, 2)), 2, 4
    params = layer(rng, D, M, 4) if kind == "LSTM" else gru_layer(rng, D, M)
    tensors = type(params)(*map(torch.tensor, params))
    made = loaded(getattr(torch.nn, kind)(D, M, batch_first=True, dtype=torch.float64), tensors, "_l0")
    expected = made(torch.tensor(X))[0].detach().numpy()
    zero = np.zeros((3, M))
    X, params, zero = (X, params, zero) if module is reference else (torch.tensor(X), tensors, torch.tensor(zero))
    cell, state = ((module.lstm_cell, module.LSTMState(zero, zero)) if kind == "LSTM" else (module.gru_cell, zero))
    states = module.unroll(cell, X, state, params)
    assert len(states) == 8
    found = [plain(one.h if kind == "LSTM" else one) for one in states[1:]]
    np.testing.assert_allclose(np.stack(found, axis=1), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [0.01, 5.0])
@MODULES
def test_clipping_is_the_library_s_but_for_its_millionth(module, size):
    grads, bound = clip_case(size)(np.random.default_rng(3), (2, 3, 4, 1))
    params = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in grads]
    for p, g in zip(params, grads, strict=True):
        p.grad = torch.tensor(g)
    norm = torch.nn.utils.clip_grad_norm_(params, bound)
    ours, found = module.clip_by_global_norm(grads if module is reference else [*map(torch.tensor, grads)], bound)
    assert np.isclose(float(found), float(norm), rtol=1e-12)
    for p, g in zip(params, ours, strict=True):
        np.testing.assert_allclose(plain(g), p.grad, rtol=2e-6)


@MODULES
def test_a_gradient_of_zeros_stays_one(module):
    zeros = np.zeros(3) if module is reference else torch.zeros(3)
    [found], norm = module.clip_by_global_norm([zeros], 1.0)
    assert not plain(found).any()
    assert float(norm) == 0


# ------------------------------------------------------------------------------------------------------ closed forms


def test_a_rotation_scaled_by_rho_leaves_rho_to_the_length_of_a_gradient():
    rng = np.random.default_rng(4)
    Q, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    for rho in (0.8, 1.0, 1.3):
        norms = reference.norms_through_time(np.zeros((1, 31, 5)), rng.normal(size=(1, 5)), rho * Q)[0]
        np.testing.assert_allclose(norms / norms[-1], rho ** np.arange(30, -1, -1), rtol=1e-10)
        assert np.isclose(reference.spectral_radius(rho * Q), rho, rtol=1e-12)


def test_the_spectral_radius_of_a_triangle_is_on_its_diagonal():
    W = np.triu(np.random.default_rng(5).normal(size=(6, 6)))
    assert np.isclose(reference.spectral_radius(W), np.abs(np.diag(W)).max(), rtol=1e-8)


@MODULES
def test_an_open_forget_gate_and_a_shut_input_gate_keep_the_cell(module):
    M = 3
    params = Recurrent(np.zeros((M, 4 * M)), np.zeros((2, 4 * M)), np.repeat([-50.0, 50.0, 0.0, 0.0], M))
    c = np.random.default_rng(6).normal(size=(2, M))
    X, state = np.ones((2, 20, 2)), LSTMState(np.zeros((2, M)), c)
    if module is pytorch:
        X, params = torch.tensor(X), Recurrent(*map(torch.tensor, params))
        state = LSTMState(*map(torch.tensor, state))
    np.testing.assert_allclose(plain(module.unroll(module.lstm_cell, X, state, params)[-1].c), c, atol=1e-12)


def test_both_masks_are_one():
    for queries, keys in ((1, 1), (4, 4), (3, 5), (5, 3), (0, 2)):
        ours, twin = reference.causal_mask(queries, keys), pytorch.causal_mask(queries, keys)
        np.testing.assert_array_equal(ours, twin.numpy())
        assert ours.shape == (queries, keys)
        assert all(ours[t, s] == (s <= t) for t in range(queries) for s in range(keys))


@MODULES
def test_what_comes_later_changes_nothing_under_a_causal_mask(module):
    rng = np.random.default_rng(7)
    Q, K, V = rng.normal(size=(3, 2, 6, 4))
    lift = (lambda a: a) if module is reference else torch.tensor
    before = plain(module.attention(lift(Q), lift(K), lift(V), causal=True)[0])
    K[:, 4:], V[:, 4:] = rng.normal(size=(2, 2, 2, 4))
    after = plain(module.attention(lift(Q), lift(K), lift(V), causal=True)[0])
    np.testing.assert_array_equal(after[:, :4], before[:, :4])
    assert (after[:, 4:] != before[:, 4:]).all()


def test_large_scores_do_not_overflow():
    Q, K, V = 1e3 * np.random.default_rng(8).normal(size=(3, 1, 4, 2))
    outputs, weights = reference.attention(Q, K, V, causal=True)
    assert np.isfinite(outputs).all()
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-12)


# --------------------------------------------------------------------------------------------- for layers of torch.nn


def test_clipped_gradients_are_those_of_clip_grad_norm():
    rng = torch.Generator().manual_seed(0)
    tensors = [torch.randn(shape, generator=rng, dtype=torch.float64, requires_grad=True) for shape in ((2, 3), (4,))]
    for max_norm in (0.5, 100.0):
        through = pytorch.ClipGradient.apply(max_norm, *tensors)
        assert all(torch.equal(a, b) for a, b in zip(through, tensors, strict=True))
        ours = torch.autograd.grad(sum((one**3).sum() for one in through), tensors)
        for p in tensors:
            p.grad = 3 * p.detach()**2
        torch.nn.utils.clip_grad_norm_(tensors, max_norm)
        for g, p in zip(ours, tensors, strict=True):
            torch.testing.assert_close(g, p.grad, rtol=1e-5, atol=0)


@pytest.mark.parametrize("window", [None, 1, 3, 9])
def test_the_module_is_the_library_s_attention(window):
    torch.manual_seed(0)
    module = pytorch.CausalSelfAttention(3, 4, window=window).double()
    X = torch.randn(2, 6, 3, dtype=torch.float64)
    age = torch.arange(6)[:, None] - torch.arange(6)
    mask = (age >= 0) & (age < (window or 6))
    expected = F.scaled_dot_product_attention(module.query(X), module.key(X), module.value(X), attn_mask=mask)
    torch.testing.assert_close(module(X), expected, rtol=0, atol=1e-12)


def test_a_forget_bias_is_what_the_gate_gets_at_rest():
    torch.manual_seed(1)
    lstm = torch.nn.LSTM(2, 3, 2, bidirectional=True)
    pytorch.set_forget_bias(lstm, 2.5)
    for name, p in lstm.named_parameters():
        if name.startswith("bias_ih"):
            both = p + dict(lstm.named_parameters())[name.replace("_ih", "_hh")]
            assert (both[3:6] == 2.5).all()
            assert (both[:3] != 2.5).all()
