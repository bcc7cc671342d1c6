"""What the adaptive optimizers' assignment asks: the cases, and the wrong answers that it knows by name."""
import numpy as np
import torch

from autograder.exercise import Case, Exercise
from solutions.adaptive_optimizers import pytorch, reference
from solutions.adaptive_optimizers.reference import AdadeltaState, AdamaxState, AdamState, NAdamState
from solutions.common.checks import run_clipped, run_optimizer, run_steps
from solutions.common.draws import signed, uniform
from solutions.common.wrong_optimizer import Coasting, Forgetful, WrongOptimizer

# ------------------------------------------------------------------------------------------------- Adam, to be mended


def adam_cases(rng):
    """Paths of a few steps. ε is large enough to be seen, so that its place counts.

    Where the gradients are zero β₂ is below ½: a rounding error beside a v of 0 is then rounded away.
    """
    lr, beta1, beta2, eps = uniform(rng, (.05, .2), (.8, .95), (.6, .9), (.2, .5))

    def case(name, shape, steps, kind="values", weight=1.0, *, dtype=np.float64, moving=False, zeros=0, **changed):
        params, grads = signed(rng, shape, dtype), signed(rng, (steps, *shape), dtype)
        m, v = signed(rng, shape, dtype), signed(rng, shape, dtype)**2
        state = AdamState(m, v, 4) if moving else AdamState(np.zeros_like(m), np.zeros_like(v), 0)
        grads[:zeros] = 0
        return Case(name, (params, grads, state), None, weight, kind,
                    {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps} | changed)

    return [case("one step from rest", (3,), 1),
            case("four steps from rest", (2,), 4, weight=2),
            case("three steps, in motion at the start", (2, 2), 3, weight=2, moving=True),
            case("gradients that are zero at first", (3,), 4, "edge", zeros=2, eps=1e-8, beta2=.4),
            case("without momentum", (3,), 3, "edge", beta1=0.0),
            case("a parameter that is one number", (), 3, "edge"),
            case("no parameters at all", (0,), 2, "edge"),
            case("float32 stays float32", (3,), 3, "dtype", dtype=np.float32)]


def slide_adam_step(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state.t + 1
    m = beta1 * state.m - (1 - beta1) * grads
    m = m / (1 - beta1)
    v = beta2 * state.v + (1 - beta2) * grads * grads
    v = v / (1 - beta2)
    return params - lr * m / (np.sqrt(v) + eps), AdamState(m, v, t)


adam = Exercise(reference.adam_step, cases=adam_cases, points=4, drive=run_steps, starter=slide_adam_step,
                given=(reference.AdamState, reference.adam_init), read="adaptive_optimizers.html#adam")


@adam.misconception("This is the slide as it was printed, with its three errors: the gradient's sign is turned twice, "
                    "the corrected means are kept in place of the plain ones, and every step is corrected as the "
                    "first.")
def as_on_the_slide(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return slide_adam_step(params, grads, state, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


@adam.misconception("The sign is turned twice, once in m and once in the step, so you climb: average the gradient as "
                    "it is, and subtract once.")
def sign_turned_twice(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, beta2)
    return params + lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), AdamState(m, v, t)


@adam.misconception("You store the corrected means, so that they are corrected again at every later step, and grow "
                    "without end. m̂ and v̂ are used once: the state keeps m and v.")
def correction_overwrites_state(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, beta2)
    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
    return params - lr * m / (np.sqrt(v) + eps), AdamState(m, v, t)


@adam.misconception("Every step is corrected as if it were the first: t is not counted. The bias 1 - βᵗ fades with the "
                    "steps, and so must its correction.")
def steps_not_counted(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, beta2)
    return params - lr * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + eps), AdamState(m, v, t)


@adam.misconception("Two errors of the slide are left: the sign is mended, but the corrected means are kept in place "
                    "of the plain ones, and every step is corrected as the first. Such a run soon stands still.")
def only_the_sign_mended(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, beta2)
    m, v = m / (1 - beta1), v / (1 - beta2)
    return params - lr * m / (np.sqrt(v) + eps), AdamState(m, v, t)


@adam.misconception("Both means start at zero, so the first ones are too small, v more than m, and the first steps "
                    "come out wrong until each is divided by its 1 - βᵗ.")
def no_bias_correction(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, beta2)
    return params - lr * m / (np.sqrt(v) + eps), AdamState(m, v, t)


@adam.misconception("ε stands inside the root, where it acts as if it were √ε: 1e-8 there weighs as much as 1e-4 "
                    "outside. Adam adds it to the root.")
def eps_inside_root(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, beta2)
    return params - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), AdamState(m, v, t)


@adam.misconception("There is no ε. A parameter whose gradients were all zero is then moved by 0/0, which is NaN, and "
                    "is lost for good.")
def without_eps(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, beta2)
    return params - lr * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t)), AdamState(m, v, t)


@adam.misconception("You add the squares up, as AdaGrad does (and one slide that is headed RMSProp): v is a running "
                    "mean, so the new square enters it with the weight 1 - β₂ and the old ones fade.")
def squares_summed(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, _, t = _moments(grads, state, beta1, beta2)
    v = state.v + grads**2
    return params - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), AdamState(m, v, t)


@adam.misconception("Your v forgets as with β₂ = .999 whatever β₂ is, and you divide by its bare root, without a "
                    "correction or ε, as one lecture writes RMSProp. The constants are arguments: use them.")
def constants_of_a_lecture(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, t = _moments(grads, state, beta1, .999)
    return params - lr * m / (1 - beta1**t) / np.sqrt(v), AdamState(m, v, t)


def _moments(grads, state, beta1, beta2):
    return beta1 * state.m + (1 - beta1) * grads, beta2 * state.v + (1 - beta2) * grads**2, state.t + 1


# --------------------------------------------------------------------------------------------------------------- AdaMax


def adamax_cases(rng):
    """Gradients that shrink, so that the old maximum still counts, and grow, so that it does not."""
    lr, beta1, beta2, eps = uniform(rng, (.05, .2), (.8, .95), (.6, .9), (.2, .5))

    def case(name, shape, steps, kind="values", weight=1.0, *, dtype=np.float64, moving=False, sizes=1.0, zeros=0,
             **changed):
        params, grads = signed(rng, shape, dtype), signed(rng, (steps, *shape), dtype)
        grads *= np.array(sizes, dtype).reshape(-1, *[1] * len(shape))
        grads[:zeros] = 0
        m, u = signed(rng, shape, dtype), np.abs(signed(rng, shape, dtype))
        state = AdamaxState(m, u, 4) if moving else AdamaxState(np.zeros_like(m), np.zeros_like(u), 0)
        return Case(name, (params, grads, state), None, weight, kind,
                    {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps} | changed)

    return [case("one step from rest", (3,), 1),
            case("gradients that shrink", (3,), 4, weight=2, sizes=[8.0, 4.0, 2.0, 1.0]),
            case("gradients that grow", (2,), 3, sizes=[1.0, 4.0, 16.0]),
            case("three steps, in motion at the start", (2, 2), 3, weight=2, moving=True),
            case("gradients that are zero at first", (3,), 4, "edge", zeros=2, eps=1e-8),
            case("a maximum that never fades", (3,), 4, "edge", beta2=1.0),
            case("a parameter that is one number", (), 3, "edge"),
            case("float32 stays float32", (3,), 3, "dtype", dtype=np.float32)]


adamax = Exercise(reference.adamax_step, cases=adamax_cases, points=3, drive=run_steps,
                  given=(reference.AdamaxState, reference.adamax_init), read="adaptive_optimizers.html#adamax")


@adamax.misconception("This is Adam's root of a mean of squares. AdaMax takes the larger of two numbers: the old "
                      "maximum, a little faded, and the size of the new gradient.")
def root_of_mean_square(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    u = np.sqrt(beta2 * state.u**2 + (1 - beta2) * grads**2) + eps
    return _adamax_move(params, grads, state, u, lr, beta1)


@adamax.misconception("Your maximum never fades: one large gradient would slow the parameter for ever. The old maximum "
                      "is multiplied by β₂ before the two are compared.")
def maximum_that_never_fades(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return _adamax_move(params, grads, state, np.maximum(state.u, np.abs(grads) + eps), lr, beta1)


@adamax.misconception("The new gradient enters the maximum with the weight 1 - β₂, as into a mean. A maximum has no "
                      "weights: in the limit of high powers the factor's root goes to 1.")
def maximum_weighted(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    u = np.maximum(beta2 * state.u, (1 - beta2) * (np.abs(grads) + eps))
    return _adamax_move(params, grads, state, u, lr, beta1)


@adamax.misconception("A negative gradient never counts in your maximum, however large it is: compare its size |g|.")
def sign_kept(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return _adamax_move(params, grads, state, np.maximum(beta2 * state.u, grads + eps), lr, beta1)


@adamax.misconception("u is divided by 1 - β₂ᵗ. It has no bias: after one step it is |g_1| already, not a small part "
                      "of it. Only m is corrected.")
def maximum_corrected(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    u, t = _fading_maximum(grads, state, beta2, eps), state.t + 1
    m = beta1 * state.m + (1 - beta1) * grads
    return params - lr * m / (1 - beta1**t) / (u / (1 - beta2**t)), AdamaxState(m, u, t)


@adamax.misconception("m starts at zero and is not corrected: the first step is 1 - β₁ of what it should be. Divide m "
                      "by 1 - β₁ᵗ.")
def mean_not_corrected(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    u, m = _fading_maximum(grads, state, beta2, eps), beta1 * state.m + (1 - beta1) * grads
    return params - lr * m / u, AdamaxState(m, u, state.t + 1)


@adamax.misconception("ε is added to the maximum at the end. That is how Adam does it; here it belongs inside, to |g|, "
                      "so that it fades with the gradient that it came with.")
def eps_behind_the_maximum(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    u, t = _fading_maximum(grads, state, beta2, 0), state.t + 1
    m = beta1 * state.m + (1 - beta1) * grads
    return params - lr * m / (1 - beta1**t) / (u + eps), AdamaxState(m, u, t)


@adamax.misconception("There is no ε, as in the paper. A parameter whose gradients were all zero is then moved by 0/0, "
                      "which is NaN: add ε to |g| inside the maximum.")
def maximum_without_eps(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    return _adamax_move(params, grads, state, _fading_maximum(grads, state, beta2, 0), lr, beta1)


def _fading_maximum(grads, state, beta2, eps):
    return np.maximum(beta2 * state.u, np.abs(grads) + eps)


def _adamax_move(params, grads, state, u, lr, beta1):
    t, m = state.t + 1, beta1 * state.m + (1 - beta1) * grads
    return params - lr * m / (1 - beta1**t) / u, AdamaxState(m, u, t)


# ---------------------------------------------------------------------------------------------------------------- NAdam


def nadam_cases(rng):
    """A momentum that warms up fast enough to be seen in a few steps; β₂ as in `adam_cases`."""
    lr, beta1, beta2, eps, decay = uniform(rng, (.05, .2), (.8, .95), (.6, .9), (.2, .5), (3.0, 9.0))

    def case(name, shape, steps, kind="values", weight=1.0, *, dtype=np.float64, moving=False, zeros=0, **changed):
        params, grads = signed(rng, shape, dtype), signed(rng, (steps, *shape), dtype)
        grads[:zeros] = 0
        m, v = signed(rng, shape, dtype), signed(rng, shape, dtype)**2
        state = (NAdamState(m, v, 3, round(float(rng.uniform(.2, .4)), 2)) if moving
                 else NAdamState(np.zeros_like(m), np.zeros_like(v), 0, 1.0))
        hyper = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "momentum_decay": decay}
        return Case(name, (params, grads, state), None, weight, kind, hyper | changed)

    return [case("one step from rest", (3,), 1),
            case("four steps from rest", (2,), 4, weight=2),
            case("three steps, in motion at the start", (2, 2), 3, weight=2, moving=True),
            case("a momentum that does not warm up", (3,), 3, "edge", momentum_decay=0.0),
            case("gradients that are zero at first", (3,), 4, "edge", zeros=2, eps=1e-8, beta2=.4),
            case("a parameter that is one number", (), 3, "edge"),
            case("float32 stays float32", (3,), 3, "dtype", dtype=np.float32)]


nadam = Exercise(reference.nadam_step, cases=nadam_cases, points=4, drive=run_steps,
                 given=(reference.NAdamState, reference.nadam_init), read="adaptive_optimizers.html#nadam")


@nadam.misconception("This is Adam: the step uses m̂_t, the momentum that is past. NAdam takes the momentum of the next "
                     "step, μ_{t+1} m_t, and the share 1 - μ_t of the fresh gradient.")
def adam_without_looking_ahead(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    _, _, product, m, v, t = _nadam_parts(grads, state, beta1, beta2, momentum_decay)
    root = np.sqrt(v / (1 - beta2**t)) + eps
    return params - lr * m / (1 - beta1**t) / root, NAdamState(m, v, t, product)


@nadam.misconception("The momentum does not warm up in your step: μ_t grows from about β₁/2 towards β₁, by the factor "
                     "1 - ½·.96^(tψ).")
def momentum_constant(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    _, _, _, m, v, t = _nadam_parts(grads, state, beta1, beta2, momentum_decay)
    product = state.product * beta1
    step = beta1 / (1 - product * beta1) * m + (1 - beta1) / (1 - product) * grads
    return params - lr * step / (np.sqrt(v / (1 - beta2**t)) + eps), NAdamState(m, v, t, product)


@nadam.misconception("Your m is kept with μ_t, as in Dozat's paper. PyTorch, which is followed here, keeps m with β₁ "
                     "at every step, and uses μ only to mix m and g.")
def mean_kept_with_mu(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    mu, mu_next, product, _, v, t = _nadam_parts(grads, state, beta1, beta2, momentum_decay)
    m = mu * state.m + (1 - mu) * grads
    step = mu_next / (1 - product * mu_next) * m + (1 - mu) / (1 - product) * grads
    return params - lr * step / (np.sqrt(v / (1 - beta2**t)) + eps), NAdamState(m, v, t, product)


@nadam.misconception("Both terms are divided by one bias. The one with m looks a step further, so its product has one "
                     "momentum more, μ_{t+1}.")
def one_correction_for_both(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    mu, mu_next, product, m, v, t = _nadam_parts(grads, state, beta1, beta2, momentum_decay)
    step = (mu_next * m + (1 - mu) * grads) / (1 - product)
    return params - lr * step / (np.sqrt(v / (1 - beta2**t)) + eps), NAdamState(m, v, t, product)


@nadam.misconception("You correct by a power, 1 - μ_tᵗ. The momenta differ from step to step, so the bias is their "
                     "product, which the state carries along.")
def power_for_product(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    mu, mu_next, product, m, v, t = _nadam_parts(grads, state, beta1, beta2, momentum_decay)
    step = mu_next / (1 - mu_next**(t + 1)) * m + (1 - mu) / (1 - mu**t) * grads
    return params - lr * step / (np.sqrt(v / (1 - beta2**t)) + eps), NAdamState(m, v, t, product)


@nadam.misconception("Your step mixes m with this step's μ_t. Nesterov's idea is to apply the momentum that comes "
                     "next: μ_{t+1} for m, and μ_t only in the share of the gradient.")
def momentum_of_this_step(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    mu, _, product, m, v, t = _nadam_parts(grads, state, beta1, beta2, momentum_decay)
    step = (mu * m + (1 - mu) * grads) / (1 - product)
    return params - lr * step / (np.sqrt(v / (1 - beta2**t)) + eps), NAdamState(m, v, t, product)


@nadam.misconception("ε stands inside the root. As in Adam it is added to the root, where it is compared with the size "
                     "of a gradient and not with its square.")
def nadam_eps_inside_root(params, grads, state, *, lr=2e-3, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=4e-3):
    mu, mu_next, product, m, v, t = _nadam_parts(grads, state, beta1, beta2, momentum_decay)
    step = mu_next / (1 - product * mu_next) * m + (1 - mu) / (1 - product) * grads
    return params - lr * step / np.sqrt(v / (1 - beta2**t) + eps), NAdamState(m, v, t, product)


def _nadam_parts(grads, state, beta1, beta2, momentum_decay):
    t = state.t + 1
    mu, mu_next = (beta1 * (1 - 0.5 * 0.96**(i * momentum_decay)) for i in (t, t + 1))
    m, v = beta1 * state.m + (1 - beta1) * grads, beta2 * state.v + (1 - beta2) * grads**2
    return mu, mu_next, state.product * mu, m, v, t


# ------------------------------------------------------------------------------------------- Adadelta in other units


def units_cases(rng):
    """Units that are several times larger or smaller, and an ε that is seen."""
    lr, rho, eps, many = uniform(rng, (.5, .8), (.6, .9), (.05, .2), (3.0, 6.0))
    few = round(1 / many, 2)

    def case(name, shape, steps, scale, kind="values", weight=1.0, *, dtype=np.float64, moving=False, **changed):
        old = np.asarray(scale, dtype)
        params, grads = signed(rng, shape, dtype) * old, signed(rng, (steps, *shape), dtype) / old
        v, u = signed(rng, shape, dtype)**2 / old**2, signed(rng, shape, dtype)**2 / 9 * old**2
        state = AdadeltaState(v, u) if moving else AdadeltaState(np.zeros_like(v), np.zeros_like(u))
        given = old if old.ndim else scale
        return Case(name, (params, grads, state), None, weight, kind,
                    {"scale": given, "lr": lr, "rho": rho, "eps": eps} | changed)

    return [case("one step from rest, smaller units", (3,), 1, many),
            case("one step from rest, larger units", (3,), 1, few),
            case("four steps from rest", (2,), 4, many, weight=2),
            case("three steps, in motion at the start", (2, 2), 3, few, weight=2, moving=True),
            case("each parameter in units of its own", (2,), 3, [many, few]),
            case("the old units", (3,), 3, 1.0, "edge"),
            case("units of the other direction", (3,), 3, -many, "edge"),
            case("a parameter that is one number", (), 3, few, "edge"),
            case("float32 stays float32", (3,), 3, many, "dtype", dtype=np.float32)]


units = Exercise(reference.adadelta_rescaled_step, cases=units_cases, points=3, drive=run_steps,
                 given=(reference.AdadeltaState, reference.adadelta_init, reference.adadelta_step),
                 read="adaptive_optimizers.html#adadelta")


@units.misconception("This is Adadelta as it stands: both roots have the ε of the old units. The ratio of the roots "
                     "does carry the units, but each ε is added to a square and has the units of that square.")
def units_of_eps_ignored(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    return _adadelta_move(params, grads, state, lr, rho, eps, eps)


@units.misconception("The two changes are the wrong way round. A parameter in smaller units has a larger number and a "
                     "smaller gradient: under the gradient's root ε shrinks with 1/s², under the step's it grows with "
                     "s².")
def eps_the_wrong_way_round(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    return _adadelta_move(params, grads, state, lr, rho, eps * scale**2, eps / scale**2)


@units.misconception("ε is multiplied by s and 1/s. It stands beside squares, inside the roots: it takes s² and 1/s².")
def eps_scaled_once(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    size = np.abs(scale)
    return _adadelta_move(params, grads, state, lr, rho, eps / size, eps * size)


@units.misconception("One ε is right, the other not yet: it is the step's root, above, where ε is in units of θ² and "
                     "so takes s².")
def only_the_gradients_eps(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    return _adadelta_move(params, grads, state, lr, rho, eps / scale**2, eps)


@units.misconception("One ε is right, the other not yet: it is the gradient's root, below, where ε is in units of 1/θ² "
                     "and so takes 1/s².")
def only_the_steps_eps(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    return _adadelta_move(params, grads, state, lr, rho, eps, eps * scale**2)


@units.misconception("You scale the whole step by s. Adadelta's factor has no unit, unlike other methods' rate: the "
                     "step has its unit from the last steps, and only the two ε have to be mended.")
def rate_scaled(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    return _adadelta_move(params, grads, state, lr * scale, rho, eps, eps)


@units.misconception("There is no ε. Without it nothing ever moves from rest: the root of the squared steps starts at "
                     "0 and multiplies every step. A lecture's formula leaves it out; RMS[x] is √(E[x²] + ε).")
def adadelta_without_eps(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    return _adadelta_move(params, grads, state, lr, rho, 0.0, 0.0)


@units.misconception("You add the squares up. RMS is the root of a running mean: the old mean is multiplied by ρ and "
                     "the new square by 1 - ρ.")
def adadelta_without_rho(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    v = state.v + grads**2
    delta = np.sqrt(state.u + eps * scale**2) / np.sqrt(v + eps / scale**2) * grads
    return params - lr * delta, AdadeltaState(v, state.u + delta**2)


@units.misconception("The factor η has got into the mean of the squared steps. u is the mean of Δ² itself; η is "
                     "applied once, when the parameters are moved.")
def rate_in_memory(params, grads, state, *, scale, lr=1.0, rho=0.9, eps=1e-6):
    params, new = _adadelta_move(params, grads, state, lr, rho, eps / scale**2, eps * scale**2)
    return params, AdadeltaState(new.v, rho * state.u + lr**2 * (new.u - rho * state.u))


def _adadelta_move(params, grads, state, lr, rho, eps_gradient, eps_step):
    v = rho * state.v + (1 - rho) * grads**2
    above, below = state.u + eps_step, v + eps_gradient
    delta = np.sqrt(above) / np.sqrt(np.where(below > 0, below, 1)).astype(grads.dtype) * grads
    return params - lr * delta, AdadeltaState(v, rho * state.u + (1 - rho) * delta**2)


# --------------------------------------------------------------------------------------------------------------- QHAdam


def qhadam_cases(rng):
    """Paths of an optimizer over two parameters, each in a group with a rate of its own."""
    first, second, beta1, beta2, nu1, nu2, eps = uniform(rng, (.05, .1), (.2, .4), (.8, .95), (.6, .9), (.55, .75),
                                                        (.7, .9), (.2, .5))
    shapes = [(3,), (2, 2)]

    def case(name, steps, kind="values", weight=1.0, *, shapes=shapes, dtype=np.float64, missing=(), **changed):
        grads = [[None if (t, i) in missing else signed(rng, shape, dtype) for i, shape in enumerate(shapes)]
                 for t in range(steps)]
        options = {"lrs": [first, second][:len(shapes)], "betas": (beta1, beta2), "nus": (nu1, nu2), "eps": eps}
        return Case(name, ([signed(rng, shape, dtype) for shape in shapes], grads), None, weight, kind,
                    options | changed)

    return [case("one step", 1, shapes=[(3,)]),
            case("four steps, two groups", 4, weight=2),
            case("the rate drops half way", 4, drop=(2, .1)),
            case("a parameter without a gradient for a while", 4, missing={(0, 1), (2, 0)}),
            case("saved and loaded half way", 4, reload_at=2),
            case("ν₁ = ν₂ = 1 is Adam", 3, "edge", nus=(1.0, 1.0)),
            case("ν₁ = ν₂ = 0 leaves no mean in the step", 3, "edge", nus=(0.0, 0.0)),
            case("a closure makes the gradients", 3, "edge", closure=True),
            case("float32 stays float32", 3, "dtype", dtype=np.float32)]


qhadam = Exercise(pytorch.QHAdam, cases=qhadam_cases, points=5, drive=run_optimizer, methods=("step",), pure=False,
                  torch=True, read="adaptive_optimizers.html#qhadam")


class _WrongQHAdam(WrongOptimizer, pytorch.QHAdam):
    """A QHAdam of which the wrong ones change one thing each."""

    def move(self, p, group):
        if p.grad is not None:
            memory = self.memory(p)
            memory["t"] = memory.get("t", 0) + 1
            p.data -= group["lr"] * self.quotient(p.grad, memory, group)

    def quotient(self, g, memory, group):
        m, v = self.means(g, memory, group["betas"])
        above, below = self.mixed(g, m, group["nus"][0]), self.mixed(g**2, v, group["nus"][1])
        return above / (below.sqrt() + group["eps"])

    def means(self, g, memory, betas):
        found = []
        for name, beta, new in (("m", betas[0], g), ("v", betas[1], g**2)):
            memory[name] = beta * memory.get(name, 0) + (1 - beta) * new
            found.append(memory[name] / self.bias(beta, memory["t"]))
        return found

    def bias(self, beta, t):
        return 1 - beta**t

    def mixed(self, fresh, mean, nu):
        return (1 - nu) * fresh + nu * mean


@qhadam.misconception("The shares have changed places: ν belongs to the mean and 1 - ν to what is fresh, above and "
                      "below. With ν = 1 you must get Adam.")
class SharesSwapped(_WrongQHAdam):
    def mixed(self, fresh, mean, nu):
        return nu * fresh + (1 - nu) * mean


@qhadam.misconception("The means are mixed in without their correction, so that the first steps hang on where they "
                      "started, at zero: divide m by 1 - β₁ᵗ and v by 1 - β₂ᵗ first.")
class MeansNotCorrected(_WrongQHAdam):
    def bias(self, beta, t):
        return 1


@qhadam.misconception("Below the line stands Adam's v̂ alone. ν₂ does there what ν₁ does above: the share 1 - ν₂ "
                      "belongs to the newest square.")
class OnlyTheGradientMixed(_WrongQHAdam):
    def quotient(self, g, memory, group):
        m, v = self.means(g, memory, group["betas"])
        return self.mixed(g, m, group["nus"][0]) / (v.sqrt() + group["eps"])


@qhadam.misconception("Below the line you square the mixture of the gradients. The squares are mixed by themselves: "
                      "(1-ν₂) g² + ν₂ v̂.")
class MixtureSquared(_WrongQHAdam):
    def quotient(self, g, memory, group):
        m, v = self.means(g, memory, group["betas"])
        below = self.mixed(g, v.sqrt(), group["nus"][1])
        return self.mixed(g, m, group["nus"][0]) / (below.abs() + group["eps"])


@qhadam.misconception("You mix first and correct the mixture. Only the mean has a bias: the fresh gradient's share "
                      "must not be divided by 1 - βᵗ.")
class MixtureCorrected(_WrongQHAdam):
    def quotient(self, g, memory, group):
        self.means(g, memory, group["betas"])
        above = self.mixed(g, memory["m"], group["nus"][0]) / self.bias(group["betas"][0], memory["t"])
        below = self.mixed(g**2, memory["v"], group["nus"][1]) / self.bias(group["betas"][1], memory["t"])
        return above / (below.sqrt() + group["eps"])


@qhadam.misconception("ε stands inside the root: 1e-8 there weighs as much as 1e-4 outside. QHAdam adds it to the "
                      "root, as Adam does.")
class EpsInsideRoot(_WrongQHAdam):
    def quotient(self, g, memory, group):
        m, v = self.means(g, memory, group["betas"])
        above, below = self.mixed(g, m, group["nus"][0]), self.mixed(g**2, v, group["nus"][1])
        return above / (below + group["eps"]).sqrt()


@qhadam.misconception("All parameters share your count of steps. One that had no gradient for a while has taken fewer: "
                      "its own t belongs in self.state[p].")
class OneCountForAll(_WrongQHAdam):
    def step(self, closure=None):
        first = self.state[self.param_groups[0]["params"][0]]
        first["all"] = first.get("all", 0) + 1
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["t"] = first["all"] - 1
        return super().step(closure)


@qhadam.misconception("A parameter whose .grad is None is not taking part in this step: it stays where it is and its "
                      "means wait. Yours coasts on as if its gradient were zero.")
class CoastsWithoutGradient(Coasting, _WrongQHAdam):
    pass


@qhadam.misconception("After saving and loading, your means start again from zero: keep them in self.state[p], which "
                      "state_dict() saves, and not in an attribute of your own.")
class MemoryNotSaved(Forgetful, _WrongQHAdam):
    pass


# ------------------------------------------------------------------------------------ clip before or after the moments


def clip_cases(rng):
    """Optimizers with two parameters; the gradient of one step is an outlier where nothing else is said."""
    slow, fast = uniform(rng, (.05, .1), (.2, .4))
    shapes = [(3,), (2, 2)]

    def case(name, optimizer, where, max_norm, kind="values", weight=1.0, *, dtype=np.float64, steps=4, outlier=20.0,
             missing=(), lrs=None, **options):
        grads = [[None if (t, i) in missing else signed(rng, shape, dtype) for i, shape in enumerate(shapes)]
                 for t in range(steps)]
        grads[1] = [None if g is None else (g * outlier).astype(dtype) for g in grads[1]]
        options = {"optimizer": optimizer, "lrs": lrs or [slow, fast], "max_norm": max_norm, "where": where} | options
        return Case(name, ([signed(rng, shape, dtype) for shape in shapes], grads), None, weight, kind, options)

    return [case("the gradient, under SGD", "SGD", "gradient", 1.5),
            case("the step, under SGD", "SGD", "step", .3),
            case("the gradient, under Adam", "Adam", "gradient", 6.0, weight=2),
            case("the step, under Adam", "Adam", "step", .2, weight=2),
            case("the gradient, under SGD with momentum", "SGD", "gradient", 6.0, momentum=.9),
            case("a parameter without a gradient for a while", "Adam", "step", .2, "edge", missing={(0, 1), (2, 0)}),
            case("a gradient that is short enough", "Adam", "gradient", 1e4, "edge"),
            case("a step that is short enough", "Adam", "step", 1e4, "edge"),
            case("float32 stays float32", "Adam", "gradient", 1.5, "dtype", dtype=np.float32)]


# PyTorch's own clip_grad_norm_ adds 1e-6 to the norm: an answer that uses it is right.
clip = Exercise(pytorch.clipped_step, cases=clip_cases, points=4, drive=run_clipped, pure=False, torch=True,
                tolerance=(1e-4, 1e-5), read="adaptive_optimizers.html#what-adam-forgets")


@clip.misconception("Each parameter is clipped by its own norm, which turns the direction. The norm is that of all "
                    "parameters together, and one factor shortens them all.")
def each_parameter_by_itself(optimizer, max_norm, *, where="gradient"):
    _clip(optimizer, max_norm, where, lambda tensors, c: [t * min(1.0, c / float(t.norm())) for t in tensors])


@clip.misconception("Every entry is cut off at max_norm, which turns the direction. The whole vector is to be "
                    "shortened: all entries are multiplied by one factor.")
def each_entry_by_itself(optimizer, max_norm, *, where="gradient"):
    _clip(optimizer, max_norm, where, lambda tensors, c: [t.clamp(-c, c) for t in tensors])


@clip.misconception("What is short enough is made longer. Clipping shortens only: the factor is never above 1.")
def always_that_length(optimizer, max_norm, *, where="gradient"):
    _clip(optimizer, max_norm, where, lambda tensors, c: [t * (c / _length(tensors)) for t in tensors])


@clip.misconception("The length is the root of the sum of squares: yours is the sum itself.")
def root_forgotten(optimizer, max_norm, *, where="gradient"):
    _clip(optimizer, max_norm, where, lambda tensors, c: [t * min(1.0, c / _length(tensors)**2) for t in tensors])


@clip.misconception("The gradient is clipped in both cases. With where='step' the moments are to see the gradient as "
                    "it is: it is the move of the parameters that is shortened, after the optimizer's step.")
def always_the_gradient(optimizer, max_norm, *, where="gradient"):
    _clip(optimizer, max_norm, "gradient", _shortened)


@clip.misconception("The step is clipped in both cases. With where='gradient' the gradient is shortened before the "
                    "optimizer sees it, so that its moments stay small too.")
def always_the_step(optimizer, max_norm, *, where="gradient"):
    _clip(optimizer, max_norm, "step", _shortened)


@clip.misconception("Where the step is to be clipped you scale the gradient. Adam divides by the gradient's size, so "
                    "its step hardly gets shorter by that: compare the parameters before and after.")
def gradient_scaled_by_the_steps_length(optimizer, max_norm, *, where="gradient"):
    _clip(optimizer, max_norm / (optimizer.param_groups[0]["lr"] if where == "step" else 1), "gradient", _shortened)


@clip.misconception("Nothing is clipped: the gradients are shortened after the optimizer has used them.")
def clipped_too_late(optimizer, max_norm, *, where="gradient"):
    optimizer.step()


def _clip(optimizer, max_norm, where, shortened):
    params = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    before = [p.detach().clone() for p in params]
    if where == "gradient":
        for p, g in zip(params, shortened([p.grad for p in params], max_norm), strict=True):
            p.grad = g
    optimizer.step()
    if where == "step":
        moves = shortened([p.detach() - old for p, old in zip(params, before, strict=True)], max_norm)
        for p, old, move in zip(params, before, moves, strict=True):
            p.data = old + move


def _length(tensors):
    return float(torch.cat([t.flatten() for t in tensors]).norm())


def _shortened(tensors, most):
    return [t * min(1.0, most / _length(tensors)) for t in tensors]
