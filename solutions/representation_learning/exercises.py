"""What representation learning's assignment asks: cases, and answers it can name."""
from itertools import pairwise

import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.common.cases import precision
from solutions.common.draws import signed, uniform
from solutions.representation_learning import checks, pytorch, reference
from solutions.representation_learning.reference import Layer, Tied, encode, sigmoid

# ------------------------------------------------------ an autoencoder with one matrix

def tied_cases(rng):
    """Modules whose two shares of the gradient are both large."""
    def case(name, shape, inputs, units, kind="values", weight=1.0, **options):
        dtype = precision(kind)
        params = {"weight": signed(rng, (units, inputs), dtype),
                  "bias": signed(rng, (units,), dtype),
                  "out_bias": signed(rng, (inputs,), dtype)}
        x, target = (signed(rng, (*shape, inputs), dtype) for _ in range(2))
        return Case(name, (params, x, target), None, weight, kind, options)

    return [case("a few examples", (4,), 3, 2, weight=2),
            case("as many units as inputs", (3,), 3, 3),
            case("more units than inputs", (5,), 2, 4),
            case("as it starts", (1,), 2, 3, start=True, sizes=(120, 80)),
            case("one example, without an axis for it", (), 3, 2, "edge"),
            case("two axes of examples", (2, 3), 3, 2, "edge"),
            case("one unit", (3,), 2, 1, "edge"),
            case("float32 stays float32", (3,), 3, 2, "dtype")]


tied = Exercise(pytorch.TiedAutoencoder, cases=tied_cases, points=4, pure=False,
                torch=True, drive=checks.run_tied,
                methods=("__init__", "encode", "forward"),
                read="representation_learning.html#one-matrix-for-both-ways")
DECODES = "F.linear(self.encode(x), self.weight.T, self.out_bias)"
CODE = "torch.sigmoid(F.linear(x, self.weight, self.bias))"
DRAWN = "torch.nn.init.xavier_normal_(self.weight)"
tied.misconception("decoder_detached", {
    DECODES: "F.linear(self.encode(x), self.weight.detach().T, self.out_bias)"},
    "Your decoder uses a copy of the matrix that autograd does not see. The outputs "
    "are right, but the weight gets its gradient as encoder only; it is to get both "
    "shares.")
tied.misconception("encoder_detached", {
    CODE: "torch.sigmoid(F.linear(x, self.weight.detach(), self.bias))"},
    "Your encoder uses a copy of the matrix that autograd does not see, so the weight "
    "gets its gradient as decoder only. It is to get both shares.")
tied.misconception("matrix_of_its_own", {
    DRAWN: f"{DRAWN}\nself.out_weight = torch.nn.Parameter("
           "self.weight.detach().clone().T)",
    DECODES: "F.linear(self.encode(x), self.out_weight, self.out_bias)"},
    "Your decoder has a matrix of its own that is only equal at the start. Tied means "
    "one parameter, used twice.")
tied.misconception("pseudo_inverse", {
    DECODES: "F.linear(self.encode(x), torch.linalg.pinv(self.weight), "
             "self.out_bias)"},
    "You decode with the pseudo-inverse of the weight. The decoder's matrix is the "
    "transpose.")
tied.misconception("code_without_sigmoid", {
    CODE: "F.linear(x, self.weight, self.bias)"},
    "Your code has no sigmoid: as it stands, the autoencoder is linear.")
tied.misconception("sigmoid_at_the_output", {DECODES: f"torch.sigmoid({DECODES})"},
    "Your reconstruction goes through a sigmoid. Here the output is affine, so that it "
    "can be any number.")
tied.misconception("without_output_bias", {
    DECODES: "F.linear(self.encode(x), self.weight.T)"},
    "The reconstruction lacks `out_bias`. Without it the mean of the data has to come "
    "from the code.")
tied.misconception("code_subtracts_output_bias", {
    CODE: "torch.sigmoid(F.linear(x - self.out_bias, self.weight, self.bias))"},
    "Your encoder subtracts `out_bias` from x first. Some papers have it so; this "
    "contract has not.")

# -------------------------------------------------------------- the divergence of coins

def kl_cases(rng):
    """Codes whose means lie well away from the target, on either side."""
    strength, target = uniform(rng, (.3, .8), (.12, .18))

    def case(name, N, M, kind="values", weight=1.0, *, low=.05, high=.9, **changed):
        while True:
            H = rng.uniform(low, high, (N, M)).round(4).astype(precision(kind))
            rho = changed.get("target", target)
            if abs(H.mean(axis=0) - rho).min(initial=1) > .03 * min(rho, high):
                break
        hyper = {"strength": strength, "target": target} | changed
        return Case(name, (H,), None, weight, kind, hyper)

    return [case("four examples, three units", 4, 3, weight=2),
            case("as many examples as units", 3, 3),
            case("units that are too quiet", 5, 2, low=.01, high=.1,
                 target=uniform(rng, (.3, .4))[0]),
            case("a target above one half", 4, 2, target=uniform(rng, (.7, .8))[0]),
            case("one example", 1, 3, "edge"),
            case("one unit", 4, 1, "edge"),
            case("units that are almost off", 3, 2, "edge", low=.0005, high=.002),
            case("float32 stays float32", 4, 3, "dtype")]


kl = Exercise(reference.kl_sparsity, cases=kl_cases, points=3,
              read="representation_learning.html#a-price-on-activity")
RATIOS = "(target / mean, (1 - target) / (1 - mean))"
VALUE = "strength * (target * np.log(on) + (1 - target) * np.log(off)).sum()"
SLOPES = "strength * (off - on) / len(H)"
kl.misconception("other_direction", {
    VALUE: "strength * (-mean * np.log(on) - (1 - mean) * np.log(off)).sum()",
    SLOPES: "strength * (np.log(off) - np.log(on)) / len(H)"},
    "This is KL(ρ̂ ‖ ρ). The two directions differ: here the target stands first, ρ "
    "log(ρ/ρ̂), which grows without bound as a unit falls silent.")
kl.misconception("of_each_example", {
    "H.mean(axis=0)": "H", VALUE: "strength * (target * np.log(on) + (1 - target) * "
                                  "np.log(off)).sum() / len(H)"},
    "You compare each single code with ρ. It is the mean of a unit over the batch that "
    "should be ρ: a unit may well be fully on for a few examples.")
kl.misconception("mean_of_the_example", {
    "H.mean(axis=0)": "H.mean(axis=1, keepdims=True)",
    SLOPES: "strength * (off - on) / H.shape[1]"},
    "You average over the units of an example. ρ̂_j is the mean of one unit over the "
    "examples: axis 0.")
kl.misconception("first_term_only", {
    VALUE: "strength * (target * np.log(on)).sum()", SLOPES: "strength * -on / len(H)"},
    "You left out the second term, (1-ρ) log((1-ρ)/(1-ρ̂)). Without it nothing keeps a "
    "unit from being on all the time.")
kl.misconception("gradient_not_divided", {SLOPES: "strength * (off - on)"},
    "Your gradient lacks 1/N. ρ̂ is a mean over N examples, so each of them moves it "
    "by a share of 1/N.")
kl.misconception("gradient_by_the_sums", {
    SLOPES: "strength * (off - on) / len(H) * H * (1 - H)"},
    "You multiplied by h(1-h), the slope of the sigmoid. The gradient by H itself is "
    "asked for; the layer's backward pass has the slope.")
kl.misconception("gradient_turned", {SLOPES: "strength * (on - off) / len(H)"},
    "The sign of your gradient is turned: a unit that is too active would become more "
    "active still.")
kl.misconception("mean_over_units", {VALUE: f"{VALUE} / H.shape[1]",
                                     SLOPES: f"{SLOPES} / H.shape[1]"},
    "You take the mean over the units. The penalty is their sum.")
kl.misconception("strength_left_out", {
    VALUE: "(target * np.log(on) + (1 - target) * np.log(off)).sum()",
    SLOPES: "(off - on) / len(H)"},
    "λ is missing.")

# --------------------------------------------------------------------- noise that masks

def masking_cases(rng):
    """Shares whose counts differ from those of neighbouring rules."""
    def case(name, N, D, share, kind="values", weight=1.0, **options):
        X = signed(rng, (N, D), precision(kind))
        while True:                 # neither in order, nor the same for two examples
            ranks = rng.permuted(np.tile(np.arange(D), (N, 1)), axis=1)
            count = int(share * D + .5)
            wrong = ranks.argsort(axis=1)
            lowest = ranks < count
            enough = N == 1 or len(np.unique(lowest, axis=0)) > 1
            if not 0 < count < D or ((lowest != (wrong < count)).any() and enough):
                break
        draws = ((ranks + rng.uniform(.2, .8, (N, D))) / D).astype(X.dtype)
        if 0 < count < D:           # a coin for each would hit another number
            draws[0] = draws[0] * .5 * share
        return Case(name, (X, draws), None, weight, kind,
                    {"share": share} | options)

    return [case("two of seven", 4, 7, .28, weight=2),
            case("four of six", 3, 6, .7),
            case("as many examples as inputs", 5, 5, .4),
            case("two and a half of five make three", 3, 5, .5),
            case("two of six, nearly three", 3, 6, .41),
            case("X and the draws stay as they are", 3, 4, .5, watched=True),
            case("nothing", 2, 4, 0.0, "edge"),
            case("everything", 2, 4, 1.0, "edge"),
            case("one example", 1, 6, .35, "edge"),
            case("a share that is less than half an input", 3, 4, .1, "edge"),
            case("float32 stays float32", 3, 6, .35, "dtype")]


masking = Exercise(reference.masking_noise, cases=masking_cases, points=3,
                   drive=checks.run_masking,
                   read="representation_learning.html#noise-at-the-input")
COUNT = "int(share * X.shape[-1] + 0.5)"
RANK = "draws.argsort().argsort()"
RESULT = "np.where(rank < count, 0, X)"
masking.misconception("scaled_as_in_dropout", {
    RESULT: "np.where(rank < count, 0, X / (1 - min(share, 0.999))).astype(X.dtype)"},
    "You divide what is left by 1-ν, as inverted dropout does. Masking noise leaves "
    "the other inputs as they are; to make up for what is lost is what the autoencoder "
    "is to learn.")
masking.misconception("a_coin_for_each", {RESULT: "np.where(draws < share, 0, X)"},
    "You throw a coin for each input, so some examples lose more than others. Here "
    "each loses the same number.")
masking.misconception("order_for_rank", {RANK: "draws.argsort()"},
    "argsort says which input stands at each rank. You need the reverse, the rank of "
    "each input: sort once more, or set the inputs at the first places to zero.")
masking.misconception("largest", {RANK: "(-draws).argsort().argsort()"},
    "You set the inputs with the largest draws to zero. The smallest are to go.")
masking.misconception("one_mask_for_all", {RANK: "draws[:1].argsort().argsort()"},
    "All examples lose the same inputs. Each has a row of draws of its own.")
masking.misconception("over_the_batch", {
    COUNT: "int(share * X.size + 0.5)",
    RANK: "draws.ravel().argsort().argsort().reshape(X.shape)"},
    "You take the smallest draws of the whole batch. Each example is to lose the same "
    "number of inputs: look at one row at a time.")
masking.misconception("share_that_is_kept", {
    COUNT: "int((1 - share) * X.shape[-1] + 0.5)"},
    "You keep the share ν and drop the rest. ν is what becomes zero.")
masking.misconception("rounded_down", {COUNT: "int(share * X.shape[-1])"},
    "You round νD down. The count is ⌊νD + ½⌋, the nearest whole number.")
masking.misconception("half_to_even", {COUNT: "round(share * X.shape[-1])"},
    "Python's round takes a half to the even neighbour: 2.5 becomes 2. The contract's "
    "⌊νD + ½⌋ makes it 3.")

masking.equivalent({COUNT: "int(share * X.shape[1] + 0.5)"}, "X has two axes.")
masking.equivalent({
    f"count = {COUNT}": f"draws = draws.astype('float64')\ncount = {COUNT}"},
    "Draws are only compared with each other.")

# --------------------------------------------------------------- one layer on the other

def stack_cases(rng):
    """Two or three layers, some of them as wide as what they read."""
    def case(name, widths, epochs, kind="values", weight=1.0, *, n=4):
        dtype = precision(kind)
        starts = [Tied(signed(rng, (D, M), dtype), signed(rng, (M,), dtype),
                       signed(rng, (D,), dtype))
                  for D, M in pairwise(widths)]
        X = signed(rng, (n, widths[0]), dtype)
        noises = signed(rng, (epochs * len(starts) + 3, n, max(widths)), dtype) / 2
        return Case(name, (starts, X, noises), None, weight, kind, {"epochs": epochs})

    return [case("two layers", [3, 3, 3], 2, weight=2),
            case("three layers", [2, 2, 2, 2], 3),
            case("layers that narrow", [4, 3, 2], 2),
            case("one layer", [3, 2], 2, "edge"),
            case("one epoch", [2, 2, 3], 1, "edge"),
            case("no epoch: the starts come back", [3, 2, 2], 0, "edge"),
            case("one example", [3, 2], 2, "edge", n=1),
            case("no layer", [3], 2, "edge"),
            case("float32 stays float32", [3, 3, 2], 2, "dtype")]


stack = Exercise(reference.train_stacked, cases=stack_cases, points=4,
                 drive=checks.run_stack, given=(Layer, Tied, sigmoid, encode),
                 read="representation_learning.html#one-layer-on-the-other")
HANDED = "Z = encode(params, Z)"
TRAINED = "params = train_epoch(params, corrupt(Z), Z)"
stack.misconception("raw_inputs", {HANDED: ""},
    "Every layer learns to reconstruct X itself. Each but the first reads the codes of "
    "the layer below, so that is what it has to reconstruct.")
stack.misconception("noisy_codes", {HANDED: "Z = encode(params, corrupt(Z))"},
    "You hand the codes of corrupted inputs to the next layer. Noise is for training a "
    "layer; what goes up is the code of the clean input.")
stack.misconception("codes_of_the_start", {
    HANDED: "Z = encode(starts[len(layers) - 1], Z)"},
    "The codes that you hand on are those of the layer's start. Train it first, then "
    "encode with what it has become.")
stack.misconception("reconstructions", {HANDED: "Z = encode(params, Z) @ params.W.T "
                                                "+ params.c"},
    "You hand the reconstructions on. The next layer reads the codes; the decoder is "
    "not needed any more.")
stack.misconception("sums_handed_on", {HANDED: "Z = Z @ params.W + params.b"},
    "You hand on the sums, without the sigmoid. The code is σ(zW + b), as it will be "
    "in the network.")
stack.misconception("noise_as_target", {
    TRAINED: "Z_tilde = corrupt(Z)\nparams = train_epoch(params, Z_tilde, Z_tilde)"},
    "The target is corrupted too, so the layer learns to reproduce the noise. Only "
    "what the encoder sees is corrupted.")
stack.misconception("without_noise", {TRAINED: "params = train_epoch(params, Z, Z)"},
    "Nothing is corrupted in your training. Each epoch gets corrupt(Z) as input.")
stack.misconception("one_epoch", {"range(epochs)": "range(min(epochs, 1))"},
    "Each layer is trained for one epoch only.")


@stack.misconception("You draw the noise once and use it in every epoch. Then the "
                     "layer can learn it by heart: call corrupt anew in each epoch.")
def noise_drawn_once(starts, X, train_epoch, *, corrupt, epochs):
    layers, Z = [], X
    for params in starts:
        Z_tilde = corrupt(Z)
        for _ in range(epochs):
            params = train_epoch(params, Z_tilde, Z)
        layers.append(Layer(params.W, params.b))
        Z = encode(params, Z)
    return layers


@stack.misconception("You train all layers in turn, an epoch each. Layer by layer "
                     "means that a layer is finished before the next one begins.")
def layers_in_turn(starts, X, train_epoch, *, corrupt, epochs):
    now = list(starts)
    for _ in range(epochs):
        Z = X
        for j in range(len(now)):
            now[j] = train_epoch(now[j], corrupt(Z), Z)
            Z = encode(now[j], Z)
    return [Layer(params.W, params.b) for params in now]


# -------------------------------------------------- fine-tuning with two rates, PyTorch

def tuning_cases(rng):
    """Stacks of one to three encoders, and a few steps."""
    lr, slow = uniform(rng, (.4, .6), (.1, .2))

    def case(name, widths, steps, kind="values", weight=1.0, *, n=6, batch=3, K=3,
             **changed):
        dtype = precision(kind)
        pairs = [(signed(rng, (D, M), dtype), signed(rng, (M,), dtype))
                 for D, M in zip(widths, [*widths[1:], K], strict=True)]
        X, y = signed(rng, (n, widths[0]), dtype), rng.permutation(np.arange(n) % K)
        batches = [rng.choice(n, batch, replace=False) for _ in range(steps)]
        arguments = (pairs[:-1], pairs[-1], X, y, batches)
        hyper = {"lr": lr, "encoder_lr": slow} | changed
        return Case(name, arguments, None, weight, kind, hyper)

    return [case("two encoders, three steps", [3, 4, 2], 3, weight=2),
            case("three encoders, two steps", [2, 3, 3, 2], 2),
            case("what was handed over", [3, 2], 3, watched=True),
            case("encoders that stay as they are", [3, 4, 2], 3, encoder_lr=0.0),
            case("one rate for all", [3, 3], 3, encoder_lr=lr),
            case("no encoder", [3], 2, "edge"),
            case("no step", [3, 2], 0, "edge"),
            case("batches of one example", [3, 2], 3, "edge", batch=1),
            case("float32 stays float32", [3, 4, 2], 2, "dtype")]


tuning = Exercise(pytorch.fine_tune_stack, cases=tuning_cases, points=4, pure=False,
                  torch=True, drive=checks.run_tuning,
                  read="representation_learning.html#stack-then-fine-tune")
STEP = "F.cross_entropy(model(X[m]), y[m]).backward()"
SLOWLY = "{'params': weights, 'lr': encoder_lr}"
tuning.misconception("head_alone", {SLOWLY: "{'params': weights, 'lr': 0.0}"},
    "Your encoders never move: this is a classifier on fixed codes. Fine-tuning trains "
    "them too, at encoder_lr.")
tuning.misconception("one_rate", {SLOWLY: "{'params': weights, 'lr': lr}"},
    "The encoders move at the head's rate. They have one of their own: put them in a "
    "parameter group with lr=encoder_lr.")
tuning.misconception("encoders_in_place", {
    "copy.deepcopy(encoder)": "encoder"},
    "Your model is made of the very encoders that were handed over, so training "
    "changes them. Make it of copies.")
tuning.misconception("head_in_place", {"copy.deepcopy(head)": "head"},
    "The head that was handed over is trained itself. Make a copy.")
tuning.misconception("without_sigmoids", {"(layer, torch.nn.Sigmoid())": "(layer,)"},
    "There are no sigmoids between your layers: the stack is one linear map, and not "
    "what was pre-trained.")
tuning.misconception("relu_for_sigmoid", {"torch.nn.Sigmoid()": "torch.nn.ReLU()"},
    "Your encoders end in a ReLU. They were trained with a sigmoid, and their weights "
    "fit that.")
tuning.misconception("sigmoid_on_the_logits", {
    "torch.nn.Sequential(*between, last)":
        "torch.nn.Sequential(*between, last, torch.nn.Sigmoid())"},
    "A sigmoid stands behind the head. Logits may be any numbers.")
tuning.misconception("softmax_twice", {
    STEP: "F.cross_entropy(model(X[m]).softmax(dim=1), y[m]).backward()"},
    "You take the softmax before cross_entropy, which takes it too: hand it the "
    "logits.")
tuning.misconception("gradients_add_up", {"optimizer.zero_grad()": ""},
    "The gradients of earlier batches are still there at each step. Set them to zero "
    "before each backward pass.")
tuning.misconception("all_examples", {
    STEP: "F.cross_entropy(model(X), y).backward()"},
    "Each of your steps takes all examples. It is to take those of its batch.")
tuning.misconception("sum_over_the_batch", {
    STEP: "F.cross_entropy(model(X[m]), y[m], reduction='sum').backward()"},
    "Your loss is the sum over the batch. The mean is asked for.")

# ----------------------------------------------------------- the angle of two subspaces

def angle_cases(rng):
    """Two spaces at chosen angles, in bases that are neither orthogonal nor short."""
    def case(name, D, angles, kind="values", weight=1.0, *, right=(1e-6, 0.0)):
        k = len(angles)
        turn = np.linalg.qr(rng.normal(size=(D, D)))[0]
        A, rest = turn[:, :k], turn[:, k:2 * k]
        B = A * np.cos(angles)
        B[:, :rest.shape[1]] += (rest * np.sin(angles)[:rest.shape[1]])
        pair = []
        for one in (A, B):          # columns that are not orthonormal, and independent
            mix = rng.uniform(.3, .6, (k, k)) + np.diag(rng.uniform(1.5, 4, k))
            pair.append((one @ mix).astype(precision(kind)))
        return Case(name, tuple(pair), right, weight, kind)

    first, second = uniform(rng, (.3, .6), (.9, 1.2))
    return [case("two planes", 5, [first, second], weight=2),
            case("three directions, one angle large", 7, [.2, second, first]),
            case("planes that share a line", 4, [0.0, first]),
            case("lines", 3, [second]),
            case("one direction at a right angle", 6, [first, np.pi / 2]),
            case("an angle of 1e-9", 5, [3e-10, 1e-9], right=(.05, 0.0)),
            case("an angle of 1e-6", 4, [1e-6], "edge", right=(1e-6, 0.0)),
            case("one space in two bases", 5, [0.0, 0.0], "edge", right=(0.0, 1e-6)),
            case("everything there is", 2, [0.0, 0.0], "edge", right=(0.0, 1e-6)),
            case("float32 stays float32", 5, [first, second], "dtype",
                 right=(1e-4, 0.0))]


angle = Exercise(reference.subspace_angle, cases=angle_cases, points=4,
                 judge=checks.same_angle,
                 read="representation_learning.html#the-subspace-of-pca")
ORTHONORMAL = "(np.linalg.qr(A), np.linalg.qr(B))"
COSINE = "np.linalg.svd(shared, compute_uv=False).min()"
RIGHT = "np.arctan2(sine, cosine)"
angle.misconception("bases_as_they_are", {
    ORTHONORMAL: "((A / np.linalg.norm(A, axis=0), 0), "
                 "(B / np.linalg.norm(B, axis=0), 0))"},
    "Your columns have length 1 and are not orthogonal. Cosines of angles between "
    "spaces are the singular values of QᵀP for orthonormal bases: take a QR first.")
angle.misconception("smallest_angle", {
    COSINE: "np.linalg.svd(shared, compute_uv=False).max()",
    "np.linalg.norm(P - Q @ shared, 2)":
        "np.linalg.svd(P - Q @ shared, compute_uv=False).min()"},
    "This is the smallest principal angle. Planes that share a line have one of 0 and "
    "are still different; the largest is asked for.")
angle.misconception("by_arccos", {RIGHT: "np.arccos(np.minimum(cosine, 1))"},
    "arccos loses small angles: near 0 the cosine is 1 - θ²/2, and for θ = 1e-9 that "
    "is 1 in floating point. Get the sine as well, from what is left of P.")
angle.misconception("degrees", {RIGHT: f"np.degrees({RIGHT})"},
    "Your angle is in degrees. Radians are asked for.")
angle.misconception("cosine_returned", {RIGHT: "cosine"},
    "This is the cosine of the angle.")
angle.misconception("sine_returned", {RIGHT: "sine"},
    "This is the sine of the angle: the distance of the two projections.")
angle.misconception("column_by_column", {
    COSINE: "np.abs(np.diag(shared)).min()",
    "np.linalg.norm(P - Q @ shared, 2)":
        "np.sqrt(1 - np.minimum(np.abs(np.diag(shared)).min() ** 2, 1))"},
    "You compare the first column with the first, the second with the second. A space "
    "has many bases: two planes may be equal and no column of one be one of the other.")
angle.misconception("frobenius", {"np.linalg.norm(P - Q @ shared, 2)":
                                  "np.linalg.norm(P - Q @ shared)"},
    "The Frobenius norm adds the sines of all angles up. The largest one is the "
    "spectral norm.")
