"""What recurrence's assignment asks: the cases, and the wrong answers it can name."""
import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.recurrence import checks, pytorch, reference

# ------------------------------------------------------------------------------ the GRU

def gru_cases(rng):
    """One step, of several sequences and units."""
    def case(name, N, D, M, kind="values", weight=1.0, *, sizes=1.0, still=False):
        dtype = precision(kind)
        W, U, b, c = (signed(rng, shape, dtype) * dtype(.8)
                      for shape in ((M, 3 * M), (D, 3 * M), (3 * M,), (M,)))
        x, h = signed(rng, (N, D), dtype) * dtype(sizes), signed(rng, (N, M), dtype)
        h = np.tanh(h) * (not still)
        return Case(name, (x, h, reference.GRU(W, U, b, c)), None, weight, kind)

    return [case("two sequences, three units", 2, 2, 3, weight=2),
            case("three sequences, two units", 3, 4, 2, weight=2),
            case("from a state of zeros", 2, 3, 2, still=True),
            case("one sequence, one unit, one input", 1, 1, 1, "edge"),
            case("no sequence at all", 0, 2, 3, "edge"),
            case("gates that are quite open or shut", 2, 2, 3, "edge", sizes=500),
            case("float32 stays float32", 2, 2, 3, "dtype")]


gru = Exercise(reference.gru_cell, cases=gru_cases, points=4,
               given=(reference.GRU, reference.sigmoid), read="recurrence.html#the-gru")
gru.misconception("shares_swapped", {"(1 - z) * n + z * h": "z * n + (1 - z) * h"},
    "The two shares have changed places: z is the share of the old state that is kept, "
    "as in PyTorch, and 1 - z that of the candidate. Some papers name it the other way "
    "round.")
gru.misconception("reset_before_the_product", {
    "r * (n_h + params.c)": "(r * h) @ params.W[:, 2 * h.shape[-1]:] + params.c"},
    "You reset the state and then multiply by W, as in the paper of 2014. PyTorch's "
    "form, asked for here, multiplies first: r ⊙ (h W_n + c).")
gru.misconception("bias_outside_the_reset", {
    "r * (n_h + params.c)": "r * n_h + params.c"},
    "The bias c is reset too: it stands inside the bracket, r ⊙ (h W_n + c).")
gru.misconception("gates_in_another_order", {
    "r, z = (sigmoid(r_x + r_h), sigmoid(z_x + z_h))":
        "z, r = (sigmoid(r_x + r_h), sigmoid(z_x + z_h))"},
    "The blocks stand in the order r, z, n: the first M columns are the reset gate's.")
gru.misconception("no_reset", {"r * (n_h + params.c)": "n_h + params.c"},
    "The reset gate is missing: it multiplies what the state says to the candidate, so "
    "that the candidate can begin anew.")
gru.misconception("candidate_by_sigmoid", {
    "np.tanh(n_x + r * (n_h + params.c))": "sigmoid(n_x + r * (n_h + params.c))"},
    "The candidate is no gate: it goes through tanh, so that a state can be negative.")
gru.misconception("gates_by_tanh", {
    "sigmoid(r_x + r_h)": "np.tanh(r_x + r_h)",
    "sigmoid(z_x + z_h)": "np.tanh(z_x + z_h)"},
    "Your gates go through tanh, which is negative for half of its arguments. A gate "
    "is a share between 0 and 1: a sigmoid.")
gru.misconception("candidate_added", {"(1 - z) * n + z * h": "n + z * h"},
    "The candidate is added in full. The new state is a mean of the two: what z keeps "
    "of the old state is not taken from the candidate.")

# ---------------------------------------------------------------- an LSTM's forget bias

def forget_cases(rng):
    """`torch.nn.LSTM`s of one layer or two, in one direction or two."""
    value, other = uniform(rng, (1, 3), (4, 6))

    def case(name, value, kind="values", weight=1.0, *, D=2, M=3, layers=1,
             bidirectional=False, step=0.0):
        dtype, inputs = precision(kind), D
        shapes = []
        for _ in range(layers):
            one = [(4 * M, inputs), (4 * M, M), (4 * M,), (4 * M,)]
            shapes += one * (1 + bidirectional)
            inputs = M * (1 + bidirectional)
        parameters = [signed(rng, shape, dtype) * dtype(.5) for shape in shapes]
        return Case(name, (signed(rng, (2, 3, D), dtype), parameters, value), None,
                    weight, kind, {"M": M, "layers": layers, "step": step,
                                   "bidirectional": bidirectional})

    return [case("one layer", value, weight=2),
            case("two layers", other, layers=2),
            case("two directions", value, bidirectional=True),
            case("training goes on", other, step=.05),
            case("one unit", value, "edge", M=1),
            case("a bias of 0", 0.0, "edge"),
            case("a gate that forgets", -other, "edge", layers=2, bidirectional=True),
            case("float32 stays float32", value, "dtype")]


forget = Exercise(pytorch.set_forget_bias, cases=forget_cases, points=3,
                  drive=checks.run_forget_bias, pure=False, torch=True,
                  read="recurrence.html#the-lstm")
SET = "p[M:2 * M] = value"
forget.misconception("counted_twice", {"p[M:2 * M] = 0": "p[M:2 * M] = value"},
    "Each of the two biases is the value, and PyTorch adds them: the gate gets twice "
    "as much. Put the value into one of them and 0 into the other.")
forget.misconception("one_bias_forgotten", {"p[M:2 * M] = 0": ""},
    "bias_ih is set, and bias_hh still has its random numbers. The gate sees the sum "
    "of the two.")
forget.misconception("gate_of_the_input", {
    SET: "p[:M] = value", "p[M:2 * M] = 0": "p[:M] = 0"},
    "The first block of M is the input gate's. PyTorch's order is i, f, g, o: the "
    "forget gate is the second.")
forget.misconception("gate_of_the_output", {
    SET: "p[3 * M:] = value", "p[M:2 * M] = 0": "p[3 * M:] = 0"},
    "The last block of M is the output gate's. PyTorch's order is i, f, g, o: the "
    "forget gate is the second.")
forget.misconception("every_gate", {SET: "p[:] = value", "p[M:2 * M] = 0": "p[:] = 0"},
    "All gates got the bias, and the candidate too. Only the second block of M numbers "
    "is the forget gate's.")
forget.misconception("first_layer_only", {
    "name.startswith('bias_ih')": "name.startswith('bias_ih_l0')",
    "name.startswith('bias_hh')": "name.startswith('bias_hh_l0')"},
    "Only the first layer is set: every layer has forget gates of its own.")
forget.misconception("one_direction_only", {
    "name.startswith('bias_ih')":
        "name.startswith('bias_ih') and 'reverse' not in name",
    "name.startswith('bias_hh')":
        "name.startswith('bias_hh') and 'reverse' not in name"},
    "Only the forward direction is set. A bidirectional LSTM has a second set of "
    "parameters, whose names end in _reverse.")
forget.misconception("added_to_what_was_there", {
    SET: "p[M:2 * M] += value", "p[M:2 * M] = 0": ""},
    "The value is added to the biases that were there. What the two come to is to be "
    "the value, whatever they were.")

# ----------------------------------------------------- the gradient's way through time

def norms_cases(rng):
    """States of a tanh layer, and a gradient at the end."""
    def case(name, N, T, M, kind="values", weight=1.0, *, saturated=False):
        dtype = precision(kind)
        hs = np.tanh(signed(rng, (N, T + 1, M), dtype) * dtype(.5))
        if saturated:
            hs[:, 2] = np.sign(hs[:, 2])
        grad, W = signed(rng, (N, M), dtype), signed(rng, (M, M), dtype)
        return Case(name, (hs, grad, W), None, weight, kind)

    return [case("three steps", 2, 3, 3, weight=2),
            case("six steps of two units", 3, 6, 2, weight=2),
            case("one step", 2, 1, 3),
            case("one sequence", 1, 4, 2, "edge"),
            case("one unit", 3, 4, 1, "edge"),
            case("no step at all", 2, 0, 3, "edge"),
            case("a state that is saturated", 2, 4, 3, "edge", saturated=True),
            case("float32 stays float32", 2, 4, 3, "dtype")]


norms = Exercise(reference.norms_through_time, cases=norms_cases, points=3,
                 read="recurrence.html#what-is-left-of-a-gradient")
NORMS = "np.linalg.norm(np.stack(grads[::-1], axis=1), axis=-1)"
norms.misconception("matrix_not_transposed", {"W.T": "W"},
    "The signal goes forward through W, so the gradient comes back through Wᵀ.")
norms.misconception("no_slope", {"grads[-1] * (1 - hs[:, t] ** 2)": "grads[-1]"},
    "The slope of tanh is missing: between a state and its sum the gradient is "
    "multiplied by 1 - h².")
norms.misconception("slope_of_the_state_before", {"hs[:, t]": "hs[:, t - 1]"},
    "You took the slope at h_{t-1}. The gradient of h_t goes back through the tanh "
    "that made h_t: its slope is 1 - h_t².")
norms.misconception("slope_at_the_output", {
    "1 - hs[:, t] ** 2": "1 - np.tanh(hs[:, t]) ** 2"},
    "Your slope is 1 - tanh²(h). The states have been through tanh already, so that "
    "slope is 1 - h².")
norms.misconception("slope_after_the_matrix", {
    "(grads[-1] * (1 - hs[:, t] ** 2)) @ W.T":
        "(grads[-1] @ W.T) * (1 - hs[:, t - 1] ** 2)"},
    "The order is wrong: coming back, tanh is met first and W after it. First "
    "multiply by 1 - h_t², then by Wᵀ.")
norms.misconception("last_first", {"grads[::-1]": "grads"},
    "The norms are right and stand in the order in which they were found: that of h_0 "
    "comes first in the answer.")
norms.misconception("squared", {
    NORMS: "(np.stack(grads[::-1], axis=1)**2).sum(axis=-1)"},
    "These are squared lengths: the root is missing.")
norms.misconception("over_the_batch", {
    NORMS: "np.linalg.norm(np.stack(grads[::-1]), axis=(1, 2))"},
    "You took one norm over all sequences. Each has its own: the answer is "
    "(N, T + 1).")

# ----------------------------------------------------- clipping on the way through time

def clip_cases(rng):
    """Tensors of several shapes; gradients above the bound and below it."""
    bound, = uniform(rng, (.5, 1))

    def case(name, shapes, kind="values", weight=1.0, *, size=1.0, max_norm=bound,
             unseen=(), **options):
        dtype = precision(kind)
        tensors = [signed(rng, shape, dtype) for shape in shapes]
        grads = [None if i in unseen else signed(rng, shape, dtype) * dtype(size)
                 for i, shape in enumerate(shapes)]
        return Case(name, (tensors, grads), None, weight, kind,
                    {"max_norm": max_norm} | options)

    state = [(2, 3), (2, 3)]
    return [case("h and c, a long gradient", state, weight=2),
            case("h and c, a short gradient", state, size=.01),
            case("entries above the bound, some below", [(2, 2), (3,)], max_norm=1.25),
            case("through six steps that treble it", state, steps=6, factor=3.0,
                 weight=2),
            case("through steps that halve it", state, steps=3, factor=.5),
            case("three tensors of three shapes", [(2,), (1, 3), (2, 2, 2)]),
            case("one tensor", [(2, 3)], "edge"),
            case("a tensor that is one number", [(), (2,)], "edge"),
            case("a tensor that the loss does not see", state, "edge", unseen=(1,)),
            case("a gradient of zeros", state, "edge", size=0.0),
            case("float32 stays float32", state, "dtype")]


# PyTorch's own clip_grad_norm_ adds 1e-6 to the norm: an answer that does so is right.
clip = Exercise(pytorch.ClipGradient, cases=clip_cases, points=4,
                drive=checks.run_clipping, methods=("forward", "backward"), pure=False,
                torch=True, tolerance=(1e-4, 1e-6),
                read="recurrence.html#clipping")
SCALED = "tuple(g * (ctx.max_norm / norm) for g in grads)"
clip.misconception("each_tensor_by_itself", {
    SCALED: "[g * (ctx.max_norm / g.norm()).clamp(max=1) for g in grads]"},
    "Each gradient is clipped by its own norm, which turns the direction of the whole. "
    "The norm is that of all of them as one vector.")
clip.misconception("each_entry_by_itself", {
    SCALED: "[g.clamp(-ctx.max_norm, ctx.max_norm) for g in grads]"},
    "You clip each entry. That turns the direction: all entries are to be multiplied "
    "by one factor.")
clip.misconception("always_that_length", {"norm > ctx.max_norm": "norm > 0"},
    "A gradient that is short enough stays as it is. Yours is stretched to the bound.")
clip.misconception("root_forgotten", {
    "torch.cat([g.flatten() for g in grads]).norm()":
        "torch.cat([g.flatten() for g in grads]).square().sum()"},
    "This is the square of the norm: the root is missing.")
clip.misconception("tensors_clipped", {
    "return tensors":
        "norm = torch.cat([one.flatten() for one in tensors]).norm()\n"
        "return tuple(one * (max_norm / norm).clamp(max=1) for one in tensors)"},
    "The tensors themselves are shortened on the way forward. They are to be handed on "
    "as they are: only the gradients are clipped.")
clip.misconception("gradient_thrown_away", {SCALED: "[0 * g for g in grads]"},
    "A gradient that is too long is set to zero. It is to keep its direction, with "
    "the length max_norm.")
clip.misconception("handed_on_unclipped", {SCALED: "list(grads)"},
    "Your backward hands the gradients on as they came: nothing is clipped.")
clip.equivalent({"norm > ctx.max_norm": "norm >= ctx.max_norm"},
    "A gradient just as long as the bound is multiplied by 1.")

# ------------------------------------------------------------------ attention, a module

def attention_cases(rng):
    """Modules with and without a window; M differs from D, and both from T."""
    def case(name, N, T, D, M, kind="values", weight=1.0, *, size=1.0, window=None):
        dtype = precision(kind)
        X = signed(rng, (N, T, D), dtype)
        weights = [signed(rng, (M, D), dtype) * dtype(.7 * s) for s in (size, size, 1)]
        return Case(name, (X, weights, signed(rng, (N, T, M), dtype)), None, weight,
                    kind, {"window": window})

    return [case("five places, no window", 2, 5, 3, 2, weight=2),
            case("six places, a window of three", 2, 6, 3, 2, window=3, weight=2),
            case("queries of four numbers", 1, 4, 2, 4),
            case("a window of two", 1, 5, 3, 2, window=2),
            case("a window of one: a place sees itself", 2, 4, 3, 2, "edge", window=1),
            case("a window longer than the sequence", 2, 4, 3, 2, "edge", window=9),
            case("one place", 2, 1, 3, 2, "edge"),
            case("scores in the thousands", 1, 4, 3, 2, "edge", size=40.0),
            case("float32 stays float32", 2, 5, 3, 2, "dtype")]


attend = Exercise(pytorch.CausalSelfAttention, cases=attention_cases, points=5,
                  drive=checks.run_attention, methods=("forward",), pure=False,
                  torch=True, read="recurrence.html#attention")
ATTEND = "scores.masked_fill(hidden, -torch.inf).softmax(-1) @ V"
attend.misconception("past_hidden", {"t[:, None] - t": "t - t[:, None]"},
    "Your mask is the wrong way round: a place sees what comes after it, and not what "
    "came before. Row t may look at the columns s ≤ t.")
attend.misconception("nothing_hidden", {"age < 0": "age < -len(t)"},
    "Places see later ones. Their scores must be -∞ before the softmax.")
attend.misconception("zeros_for_minus_infinity", {"-torch.inf": "0.0"},
    "Hidden scores are set to 0, and e⁰ = 1: what is hidden still gets weight. Set "
    "them to -∞, so that the softmax gives 0.")
attend.misconception("masked_after_the_softmax", {
    ATTEND: "scores.softmax(-1).masked_fill(hidden, 0.0) @ V"},
    "You mask after the softmax, so the weights of a row no longer add up to 1: hide "
    "the scores first.")
attend.misconception("no_scale", {
    "Q @ K.transpose(1, 2) / Q.shape[-1] ** 0.5": "Q @ K.transpose(1, 2)"},
    "The scores are not divided by √M. A sum of M products has a deviation of √M, "
    "and the softmax would saturate.")
attend.misconception("scaled_without_the_root", {"Q.shape[-1] ** 0.5": "Q.shape[-1]"},
    "You divide by M: it is its root, √M.")
attend.misconception("scaled_by_the_inputs", {
    "Q.shape[-1] ** 0.5": "X.shape[-1] ** 0.5"},
    "You divide by √D, the root of the inputs' number. The products are of queries "
    "and keys, which have M numbers.")
attend.misconception("softmax_over_the_queries", {
    "scores.masked_fill(hidden, -torch.inf).softmax(-1)":
        "scores.masked_fill(hidden, -torch.inf).softmax(1)"},
    "Your softmax runs over the queries. The weights of one place, a row, add up to 1: "
    "take it over the keys, the last axis.")
attend.misconception("window_one_too_long", {
    "age >= self.window": "age > self.window"},
    "Your window has a place too many: it holds the place itself and window - 1 before "
    "it, so t - s < window.")
attend.misconception("window_forgotten", {
    "hidden = hidden | (age >= self.window)": "pass"},
    "The window is not used: with window=3 a place sees itself and the two before it.")
attend.misconception("window_without_the_mask", {
    "hidden | (age >= self.window)": "age >= self.window"},
    "With a window your mask forgets that it is causal: later places are hidden too.")
attend.misconception("keys_for_values", {"self.value(X)": "self.key(X)"},
    "You average the keys. The weights come from queries and keys; what they average "
    "are the values.")
attend.equivalent({"torch.arange(X.shape[1], device=X.device)":
                   "torch.arange(X.shape[1])"},
    "The checks run where tensors live on one device.")
for biased in ("torch.nn.Linear(D, M)", "torch.nn.Linear(D, M, bias=True)"):
    attend.equivalent({
        "self.key = torch.nn.Linear(D, M, bias=False)": f"self.key = {biased}"},
        "A bias of the keys adds one number to all scores of a row, which no softmax "
        "sees.")
