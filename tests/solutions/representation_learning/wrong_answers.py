"""Wrong answers to the exercises on representation learning outside the catalogue: each loses points."""
from autograder.authoring.change import changed_each
from solutions.representation_learning import pytorch, reference

DECODES = "F.linear(self.encode(x), self.weight.T, self.out_bias)"
DRAWN = "torch.nn.init.xavier_normal_(self.weight)"
TIED = changed_each(pytorch.TiedAutoencoder, {
    "twice_the_deviation": {DRAWN: "torch.nn.init.xavier_normal_(self.weight, gain=2)"},
    "default_of_linear": {DRAWN: "torch.nn.init.kaiming_uniform_(self.weight, a=5 ** 0.5)"},
    "biases_drawn": {"torch.nn.Parameter(torch.zeros(units))": "torch.nn.Parameter(torch.randn(units))"},
    "tanh": {"torch.sigmoid(F.linear(x, self.weight, self.bias))": "torch.tanh(F.linear(x, self.weight, self.bias))"},
    "input_added": {DECODES: f"x + {DECODES}"},
    "code_returned": {DECODES: "self.encode(x)"},
    "code_without_bias": {"F.linear(x, self.weight, self.bias)": "F.linear(x, self.weight)"},
    "encoded_twice": {DECODES: f"F.linear(self.encode({DECODES}), self.weight.T, self.out_bias)"},
    "transposed_parameter": {"torch.empty(units, inputs)": "torch.empty(inputs, units)",
                             "F.linear(x, self.weight, self.bias)": "F.linear(x, self.weight.T, self.bias)",
                             DECODES: "F.linear(self.encode(x), self.weight, self.out_bias)"},
})
VALUE = "strength * (target * np.log(on) + (1 - target) * np.log(off)).sum()"
SLOPES = "strength * (off - on) / len(H)"
KL = changed_each(reference.kl_sparsity, {
    "both_directions": {VALUE: "strength * ((target - mean) * np.log(on / off)).sum()"},
    "squared_distance": {VALUE: "strength * ((mean - target) ** 2).sum()",
                         SLOPES: "2 * strength * (mean - target) / len(H)"},
    "logarithm_to_two": {VALUE: f"{VALUE} / np.log(2)", SLOPES: f"{SLOPES} / np.log(2)"},
    "summed_over_the_batch": {VALUE: f"len(H) * {VALUE}", SLOPES: "strength * (off - on)"},
    "one_row": {"np.broadcast_to(strength * (off - on) / len(H), H.shape)": SLOPES},
    "with_an_epsilon": {"H.mean(axis=0)": "H.mean(axis=0) + 1e-6"},
    "clipped": {"H.mean(axis=0)": "H.mean(axis=0).clip(0.01, 0.99)"},
    "swapped": {f"(R, np.broadcast_to({SLOPES}, H.shape))": f"(np.broadcast_to({SLOPES}, H.shape), R)"},
    "ratio_turned": {"(target / mean, (1 - target) / (1 - mean))": "(mean / target, (1 - mean) / (1 - target))"},
})
RESULT = "np.where(rank < count, 0, X)"
MASKING = changed_each(reference.masking_noise, {
    "one_too_many": {RESULT: "np.where(rank <= count, 0, X)"},
    "first_places": {"draws.argsort().argsort()": "np.arange(X.shape[1]) + 0 * draws"},
    "along_the_examples": {"draws.argsort().argsort()": "draws.argsort(axis=0).argsort(axis=0)"},
    "noise_for_zero": {RESULT: "np.where(rank < count, draws, X)"},
    "mask_returned": {RESULT: "(rank >= count).astype(X.dtype)"},
    "in_place": {f"return {RESULT}": "X[rank < count] = 0\nreturn X"},
    "double_precision": {RESULT: "np.where(rank < count, 0, X.astype(float))"},
    "rounded_up": {"int(share * X.shape[-1] + 0.5)": "int(np.ceil(share * X.shape[-1]))"},
    "mean_for_zero": {RESULT: "np.where(rank < count, X.mean(), X)"},
})
HANDED = "Z = encode(params, Z)"
STACK = changed_each(reference.train_stacked, {
    "decoder_bias": {"Layer(params.W, params.b)": "Layer(params.W, params.c)"},
    "one_epoch_more": {"range(epochs)": "range(epochs + 1)"},
    "starts_returned": {"Layer(params.W, params.b)": "Layer(starts[len(layers)].W, starts[len(layers)].b)"},
    "noise_on_noise": {"params = train_epoch(params, corrupt(Z), Z)":
                       "params = train_epoch(params, corrupt(corrupt(Z)), Z)"},
    "arguments_swapped": {"train_epoch(params, corrupt(Z), Z)": "train_epoch(params, Z, corrupt(Z))"},
    "last_layer_only": {"return layers": "return layers[-1:]"},
    "whole_parameters": {"Layer(params.W, params.b)": "params"},
})
TUNING = changed_each(pytorch.fine_tune_stack, {
    "adam": {"torch.optim.SGD": "torch.optim.Adam"},
    "twice_the_loss": {"F.cross_entropy(model(X[m]), y[m]).backward()":
                       "(2 * F.cross_entropy(model(X[m]), y[m])).backward()"},
    "last_batch_only": {"optimizer.step()": "optimizer.step() if m is batches[-1] else None"},
    "head_stays": {"{'params': list(last.parameters())}": "{'params': list(last.parameters()), 'lr': 0.0}"},
    "rates_swapped": {"{'params': weights, 'lr': encoder_lr}": "{'params': weights, 'lr': lr}",
                      "{'params': list(last.parameters())}": "{'params': list(last.parameters()), 'lr': encoder_lr}"},
    "biases_left_out": {"[p for layer in layers for p in layer.parameters()]": "[layer.weight for layer in layers]"},
    "without_the_head": {"torch.nn.Sequential(*between, last)": "torch.nn.Sequential(*between, torch.nn.Linear("
                         "last.in_features, last.out_features, dtype=last.weight.dtype))"},
    "detached_codes": {"F.cross_entropy(model(X[m]), y[m]).backward()":
                       "F.cross_entropy(last(model[:-1](X[m]).detach()), y[m]).backward()"},
    "probabilities": {"return model": "return torch.nn.Sequential(model, torch.nn.Softmax(dim=1))"},
    "twice_through_the_batches": {"for m in batches:\n    optimizer.zero_grad()\n    "
                                  "F.cross_entropy(model(X[m]), y[m]).backward()\n    optimizer.step()":
                                  "for m in [*batches, *batches]:\n    optimizer.zero_grad()\n    "
                                  "F.cross_entropy(model(X[m]), y[m]).backward()\n    optimizer.step()"},
})
RIGHT = "np.arctan2(sine, cosine)"
ANGLE = changed_each(reference.subspace_angle, {
    "arguments_of_arctan_swapped": {RIGHT: "np.arctan2(cosine, sine)"},
    "sum_of_angles": {RIGHT: "np.arccos(np.linalg.svd(shared, compute_uv=False).clip(0, 1)).sum() + 0 * sine * cosine"},
    "by_the_determinant": {RIGHT: "np.arccos(min(abs(np.linalg.det(shared)), 1))"},
    "first_columns": {RIGHT: "np.arctan2(np.linalg.norm(P[:, 0] - Q @ shared[:, 0]), "
                             "np.linalg.norm(shared[:, 0]))"},
    "doubled": {RIGHT: f"2 * {RIGHT}"},
    "in_units_of_a_right_angle": {RIGHT: f"{RIGHT} / (np.pi / 2)"},
    "not_a_thin_qr": {"np.linalg.qr(A)": "np.linalg.qr(A, mode='complete')"},
    "rounded": {RIGHT: f"np.round({RIGHT}, 6)"},
})

WRONG = {"TiedAutoencoder": TIED, "kl_sparsity": KL, "masking_noise": MASKING, "train_stacked": STACK,
         "fine_tune_stack": TUNING, "subspace_angle": ANGLE}
UNTELLABLE: dict = {}
