"""What the adaptive optimizers' assignment asks: the cases, and the wrong answers."""
import numpy as np

from autograder.authoring.exercise import Case, Exercise
from solutions.adaptive_optimizers import pytorch, reference
from solutions.adaptive_optimizers.reference import AdamState
from solutions.common.cases import (
    optimizer_over_groups,
    precision,
    steps_over_a_path,
    usual_paths,
    usual_runs,
)
from solutions.common.checks import run_clipped, run_optimizer, run_steps
from solutions.common.draws import signed, uniform

# ------------------------------------------------------------------- Adam, to be mended

def adam_cases(rng):
    """Paths of a few steps. ε is large enough to be seen, so that its place counts.

    Where the gradients are zero β₂ is below ½: a rounding error beside a v of 0 is then
    rounded away.
    """
    lr, beta1, beta2, eps = uniform(rng, (.05, .2), (.8, .95), (.6, .9), (.2, .5))
    case = steps_over_a_path(rng, reference.adam_init,
                             lambda draw: (draw(), draw()**2, 4),
                             lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    return [*usual_paths(case),
            case("gradients that are zero at first", (3,), 4, "edge", zeros=2,
                 eps=1e-8, beta2=.4),
            case("without momentum", (3,), 3, "edge", motion=True, beta1=0.0),
            case("no parameters at all", (0,), 2, "edge")]


def as_on_the_slide(params, grads, state, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state.t + 1
    m = beta1 * state.m - (1 - beta1) * grads
    m = m / (1 - beta1)
    v = beta2 * state.v + (1 - beta2) * grads * grads
    v = v / (1 - beta2)
    return params - lr * m / (np.sqrt(v) + eps), AdamState(m, v, t)


adam = Exercise(reference.adam_step, cases=adam_cases, points=4, drive=run_steps,
                starter=as_on_the_slide,
                given=(reference.AdamState, reference.adam_init),
                read="adaptive_optimizers.html#adam")

adam.misconception(
    "This is the slide as it was printed, with its three errors: the "
    "gradient's sign is turned twice, the corrected means are kept in place "
    "of the plain ones, and every step is corrected as the first.")(as_on_the_slide)
sign_turned_twice = adam.misconception("sign_turned_twice", {
    "lr * m_hat": "-lr * m_hat"},
    "The sign is turned twice, once in m and once in the step, so you climb: average "
    "the gradient as it is, and subtract once.")
correction_overwrites_state = adam.misconception("correction_overwrites_state", {
    "AdamState(m, v, t)": "AdamState(m_hat, v_hat, t)"},
    "You store the corrected means, so that they are corrected again at every later "
    "step, and grow without end. m̂ and v̂ are used once: the state keeps m and v.")
steps_not_counted = adam.misconception("steps_not_counted", {
    "beta1**t": "beta1", "beta2**t": "beta2"},
    "Every step is corrected as if it were the first: t is not counted. The bias 1 - "
    "βᵗ fades with the steps, and so must its correction.")
adam.misconception("only_the_sign_mended", {
    "beta1**t": "beta1", "beta2**t": "beta2",
    "AdamState(m, v, t)": "AdamState(m_hat, v_hat, t)"},
    "Two errors of the slide are left: the sign is mended, but the corrected means "
    "are kept in place of the plain ones, and every step is corrected as the first. "
    "Such a run soon stands still.")
adam.misconception("no_bias_correction", {
    "m / (1 - beta1**t)": "m", "v / (1 - beta2**t)": "v"},
    "Both means start at zero, so the first ones are too small, v more than m, and "
    "the first steps come out wrong until each is divided by its 1 - βᵗ.")
eps_inside_root = adam.misconception("eps_inside_root", {
    "np.sqrt(v_hat) + eps": "np.sqrt(v_hat + eps)"},
    "ε stands inside the root, where it acts as if it were √ε: 1e-8 there weighs as "
    "much as 1e-4 outside. Adam adds it to the root.")
adam.misconception("without_eps", {"np.sqrt(v_hat) + eps": "np.sqrt(v_hat)"},
    "There is no ε. A parameter whose gradients were all zero is then moved by 0/0, "
    "which is NaN, and is lost for good.")
adam.misconception("squares_summed", {
    "beta2 * state.v + (1 - beta2) * grads**2": "state.v + grads**2"},
    "You add the squares up, as AdaGrad does (and one slide that is headed RMSProp): "
    "v is a running mean, so the new square enters it with the weight 1 - β₂ and the "
    "old ones fade.")
adam.misconception("constants_of_a_lecture", {
    "beta2 * state.v + (1 - beta2) * grads**2":
        "0.999 * state.v + (1 - 0.999) * grads**2",
    "v / (1 - beta2**t)": "v", "np.sqrt(v_hat) + eps": "np.sqrt(v_hat)"},
    "Your v forgets as with β₂ = .999 whatever β₂ is, and you divide by its bare "
    "root, without a correction or ε, as one lecture writes RMSProp. The constants "
    "are arguments: use them.")

# ------------------------------------------------------------------------------- AdaMax

def adamax_cases(rng):
    """Gradients that shrink, so that the old maximum still counts, and that grow."""
    lr, beta1, beta2, eps = uniform(rng, (.05, .2), (.8, .95), (.6, .9), (.2, .5))
    case = steps_over_a_path(rng, reference.adamax_init,
                             lambda draw: (draw(), np.abs(draw()), 4),
                             lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    return [case("one step from rest", (3,), 1),
            case("gradients that shrink", (3,), 4, weight=2,
                 sizes=[8.0, 4.0, 2.0, 1.0]),
            case("gradients that grow", (2,), 3, sizes=[1.0, 4.0, 16.0]),
            case("three steps, in motion at the start", (2, 2), 3, weight=2,
                 motion=True, sizes=[4.0, 1.0, 8.0]),
            case("gradients that are zero at first", (3,), 4, "edge", zeros=2,
                 eps=1e-8),
            case("gradients that are zero, in motion", (3,), 3, "edge", zeros=2,
                 motion=True),
            case("a maximum that never fades", (3,), 4, "edge", beta2=1.0,
                 sizes=[8.0, 4.0, 2.0, 1.0]),
            case("a parameter that is one number", (), 3, "edge",
                 sizes=[1.0, 4.0, 16.0]),
            case("float32 stays float32", (3,), 3, "dtype", sizes=[8.0, 4.0, 2.0])]


adamax = Exercise(reference.adamax_step, cases=adamax_cases, points=3, drive=run_steps,
                  given=(reference.AdamaxState, reference.adamax_init),
                  read="adaptive_optimizers.html#adamax")
adamax.misconception("root_of_mean_square", {
    "np.maximum(beta2 * state.u, np.abs(grads) + eps)":
        "np.sqrt(beta2 * state.u**2 + (1 - beta2) * grads**2) + eps"},
    "This is Adam's root of a mean of squares. AdaMax takes the larger of two "
    "numbers: the old maximum, a little faded, and the size of the new gradient.")
adamax.misconception("maximum_that_never_fades", {"beta2 * state.u": "state.u"},
    "Your maximum never fades: one large gradient would slow the parameter for ever. "
    "The old maximum is multiplied by β₂ before the two are compared.")
adamax.misconception("maximum_weighted", {
    "np.abs(grads) + eps": "(1 - beta2) * (np.abs(grads) + eps)"},
    "The new gradient enters the maximum with the weight 1 - β₂, as into a mean. A "
    "maximum has no weights: in the limit of high powers the factor's root goes to 1.")
adamax.misconception("sign_kept", {"np.abs(grads)": "grads"},
    "A negative gradient never counts in your maximum, however large it is: compare "
    "its size |g|.")
adamax.misconception("maximum_corrected", {
    "lr * m_hat / u": "lr * m_hat / (u / (1 - beta2**t))"},
    "u is divided by 1 - β₂ᵗ. It has no bias: after one step it is |g_1| already, not "
    "a small part of it. Only m is corrected.")
adamax.misconception("mean_not_corrected", {"m / (1 - beta1**t)": "m"},
    "m starts at zero and is not corrected: the first step is 1 - β₁ of what it "
    "should be. Divide m by 1 - β₁ᵗ.")
adamax.misconception("eps_behind_the_maximum", {
    "np.abs(grads) + eps": "np.abs(grads)", "lr * m_hat / u": "lr * m_hat / (u + eps)"},
    "ε is added to the maximum at the end. That is how Adam does it; here it belongs "
    "inside, to |g|, so that it fades with the gradient that it came with.")
adamax.misconception("without_eps", {"np.abs(grads) + eps": "np.abs(grads)"},
    "There is no ε, as in the paper. A parameter whose gradients were all zero is "
    "then moved by 0/0, which is NaN: add ε to |g| inside the maximum.")

# -------------------------------------------------------------------------------- NAdam

def nadam_cases(rng):
    """A momentum that warms up fast enough to be seen in a few steps."""
    lr, beta1, beta2, eps, decay, product = uniform(
        rng, (.05, .2), (.8, .95), (.6, .9), (.2, .5), (3.0, 9.0), (.2, .4))
    case = steps_over_a_path(rng, reference.nadam_init,
                             lambda draw: (draw(), draw()**2, 3, product),
                             lr=lr, beta1=beta1, beta2=beta2, eps=eps,
                             momentum_decay=decay)
    return [*usual_paths(case),
            case("a momentum that does not warm up", (3,), 3, "edge",
                 momentum_decay=0.0),
            case("gradients that are zero at first", (3,), 4, "edge", zeros=2,
                 eps=1e-8, beta2=.4)]


nadam = Exercise(reference.nadam_step, cases=nadam_cases, points=4, drive=run_steps,
                 given=(reference.NAdamState, reference.nadam_init),
                 read="adaptive_optimizers.html#nadam")
nadam.misconception("adam_without_looking_ahead", {
    "ahead + here": "m / (1 - beta1**t)"},
    "This is Adam: the step uses m̂_t, the momentum that is past. NAdam takes the "
    "momentum of the next step, μ_{t+1} m_t, and the share 1 - μ_t of the fresh "
    "gradient.")
nadam.misconception("momentum_constant", {
    "beta1 * (1 - 0.5 * 0.96**(t * momentum_decay))": "beta1",
    "beta1 * (1 - 0.5 * 0.96**((t + 1) * momentum_decay))": "beta1"},
    "The momentum does not warm up in your step: μ_t grows from about β₁/2 towards "
    "β₁, by the factor 1 - ½·.96^(tψ).")
nadam.misconception("mean_kept_with_mu", {
    "beta1 * state.m + (1 - beta1) * grads": "mu * state.m + (1 - mu) * grads"},
    "Your m is kept with μ_t, as in Dozat's paper. PyTorch, which is followed here, "
    "keeps m with β₁ at every step, and uses μ only to mix m and g.")
nadam.misconception("one_correction_for_both", {"1 - product * mu_next": "1 - product"},
    "Both terms are divided by one bias. The one with m looks a step further, so its "
    "product has one momentum more, μ_{t+1}.")
nadam.misconception("power_for_product", {
    "1 - product * mu_next": "1 - mu_next**(t + 1)", "1 - product": "1 - mu**t"},
    "You correct by a power, 1 - μ_tᵗ. The momenta differ from step to step, so the "
    "bias is their product, which the state carries along.")
nadam.misconception("momentum_of_this_step", {
    "mu_next / (1 - product * mu_next) * m": "mu / (1 - product) * m"},
    "Your step mixes m with this step's μ_t. Nesterov's idea is to apply the momentum "
    "that comes next: μ_{t+1} for m, and μ_t only in the share of the gradient.")
nadam.misconception("eps_inside_root", {"np.sqrt(v_hat) + eps": "np.sqrt(v_hat + eps)"},
    "ε stands inside the root. As in Adam it is added to the root, where it is "
    "compared with the size of a gradient and not with its square.")

# -------------------------------------------------------------- Adadelta in other units

def units_cases(rng):
    """Units that are several times larger or smaller, and an ε that is seen."""
    lr, rho, eps, many = uniform(rng, (.5, .8), (.6, .9), (.05, .2), (3.0, 6.0))
    few = round(1 / many, 4)

    def case(name, shape, steps, scale, kind="values", weight=1.0, *, motion=False,
             **changed):
        dtype = precision(kind)
        old = np.asarray(scale, dtype)
        params = signed(rng, shape, dtype) * old
        grads = signed(rng, (steps, *shape), dtype) / old
        v = signed(rng, shape, dtype)**2 / old**2
        u = signed(rng, shape, dtype)**2 / 9 * old**2
        state = reference.adadelta_init(params)
        state = state._replace(v=v, u=u) if motion else state
        return Case(name, (params, grads, state), None, weight, kind,
                    {"scale": old if old.ndim else scale, "lr": lr, "rho": rho,
                     "eps": eps} | changed)

    return [case("one step from rest, smaller units", (3,), 1, many),
            case("one step from rest, larger units", (3,), 1, few),
            case("four steps from rest", (2,), 4, many, weight=2),
            case("three steps, in motion at the start", (2, 2), 3, few, weight=2,
                 motion=True),
            case("each parameter in units of its own", (2,), 3, [many, few]),
            case("the old units", (3,), 3, 1.0, "edge"),
            case("units of the other direction", (3,), 3, -many, "edge"),
            case("a parameter that is one number", (), 3, few, "edge"),
            case("float32 stays float32", (3,), 3, many, "dtype")]


units = Exercise(reference.adadelta_rescaled_step, cases=units_cases, points=3,
                 drive=run_steps, read="adaptive_optimizers.html#adadelta",
                 given=(reference.AdadeltaState, reference.adadelta_init,
                        reference.adadelta_step))
units.misconception("units_of_eps_ignored", {
    "eps / scale**2": "eps", "eps * scale**2": "eps"},
    "This is Adadelta as it stands: both roots have the ε of the old units. The ratio "
    "of the roots does carry the units, but each ε is added to a square and has the "
    "units of that square.")
units.misconception("eps_the_wrong_way_round", {
    "eps / scale**2": "eps * scale**2", "eps * scale**2": "eps / scale**2"},
    "The two changes are the wrong way round. A parameter in smaller units has a "
    "larger number and a smaller gradient: under the gradient's root ε shrinks with "
    "1/s², under the step's it grows with s².")
units.misconception("eps_scaled_once", {
    "eps / scale**2": "eps / abs(scale)", "eps * scale**2": "eps * abs(scale)"},
    "ε is multiplied by s and 1/s. It stands beside squares, inside the roots: it "
    "takes s² and 1/s².")
units.misconception("only_the_gradients_eps", {"eps * scale**2": "eps"},
    "One ε is right, the other not yet: it is the step's root, above, where ε is in "
    "units of θ² and so takes s².")
units.misconception("only_the_steps_eps", {"eps / scale**2": "eps"},
    "One ε is right, the other not yet: it is the gradient's root, below, where ε is "
    "in units of 1/θ² and so takes 1/s².")
units.misconception("rate_scaled", {
    "eps / scale**2": "eps", "eps * scale**2": "eps",
    "lr * delta": "lr * scale * delta"},
    "You scale the whole step by s. Adadelta's factor has no unit, unlike other "
    "methods' rate: the step has its unit from the last steps, and only the two ε "
    "have to be mended.")
units.misconception("without_eps", {
    "v + eps / scale**2": "v", "state.u + eps * scale**2": "state.u"},
    "There is no ε. Without it nothing ever moves from rest: the root of the squared "
    "steps starts at 0 and multiplies every step. A lecture's formula leaves it out; "
    "RMS[x] is √(E[x²] + ε).")
units.misconception("squares_summed", {
    "rho * state.v + (1 - rho) * grads**2": "state.v + grads**2",
    "rho * state.u + (1 - rho) * delta**2": "state.u + delta**2"},
    "You add the squares up. RMS is the root of a running mean: the old mean is "
    "multiplied by ρ and the new square by 1 - ρ.")
units.misconception("rate_in_memory", {"delta**2": "(lr * delta)**2"},
    "The factor η has got into the mean of the squared steps. u is the mean of Δ² "
    "itself; η is applied once, when the parameters are moved.")

# ------------------------------------------------------------------------------- QHAdam

def qhadam_cases(rng):
    """Paths of an optimizer over three parameters in two groups."""
    first, second, beta1, beta2, nu1, nu2, eps = uniform(
        rng, (.05, .1), (.2, .4), (.8, .95), (.6, .9), (.55, .75), (.7, .9), (.2, .5))
    case = optimizer_over_groups(rng, [(3,), (2,), (2, 2)], lrs=[first, second],
                                 betas=(beta1, beta2), nus=(nu1, nu2), eps=eps)
    own = {"betas": (beta2, beta1), "nus": (nu1 / 2, nu2 / 2), "eps": eps / 2}
    return [*usual_runs(case, first, own),
            case("ν₁ = ν₂ = 1 is Adam", 3, "edge", nus=(1.0, 1.0)),
            case("ν₁ = ν₂ = 0 leaves no mean in the step", 3, "edge", nus=(0.0, 0.0))]


qhadam = Exercise(pytorch.QHAdam, cases=qhadam_cases, points=5, drive=run_optimizer,
                  methods=("step",), pure=False, torch=True,
                  read="adaptive_optimizers.html#qhadam")
ABOVE = "(1 - nu1) * g + nu1 * m / (1 - beta1**t)"
BELOW = "(1 - nu2) * g**2 + nu2 * v / (1 - beta2**t)"
qhadam.misconception("shares_swapped", {
    ABOVE: "nu1 * g + (1 - nu1) * m / (1 - beta1**t)",
    BELOW: "nu2 * g**2 + (1 - nu2) * v / (1 - beta2**t)"},
    "The shares have changed places: ν belongs to the mean and 1 - ν to what is "
    "fresh, above and below. With ν = 1 you must get Adam.")
qhadam.misconception("no_bias_correction", {
    "nu1 * m / (1 - beta1**t)": "nu1 * m", "nu2 * v / (1 - beta2**t)": "nu2 * v"},
    "The means are mixed in without their correction, so that the first steps hang on "
    "where they started, at zero: divide m by 1 - β₁ᵗ and v by 1 - β₂ᵗ first.")
qhadam.misconception("only_the_gradient_mixed", {BELOW: "v / (1 - beta2**t)"},
    "Below the line stands Adam's v̂ alone. ν₂ does there what ν₁ does above: the "
    "share 1 - ν₂ belongs to the newest square.")
qhadam.misconception("mixture_squared", {
    BELOW: "(1 - nu2) * g + nu2 * (v / (1 - beta2**t)).sqrt()",
    "below.sqrt()": "below.abs()"},
    "Below the line you square the mixture of the gradients. The squares are mixed by "
    "themselves: (1-ν₂) g² + ν₂ v̂.")
qhadam.misconception("mixture_corrected", {
    ABOVE: "((1 - nu1) * g + nu1 * m) / (1 - beta1**t)",
    BELOW: "((1 - nu2) * g**2 + nu2 * v) / (1 - beta2**t)"},
    "You mix first and correct the mixture. Only the mean has a bias: the fresh "
    "gradient's share must not be divided by 1 - βᵗ.")
qhadam.misconception("eps_inside_root", {
    "below.sqrt() + group['eps']": "(below + group['eps']).sqrt()"},
    "ε stands inside the root: 1e-8 there weighs as much as 1e-4 outside. QHAdam adds "
    "it to the root, as Adam does.")
qhadam.misconception("one_count_for_all", {
    "loss = None":
        "loss, first = None, self.param_groups[0]\n"
        "first['count'] = first.get('count', 0) + 1",
    "old.get('t', 0) + 1": "first['count']"},
    "All parameters share your count of steps. One that had no gradient for a while "
    "has taken fewer: its own t belongs in self.state[p].")
qhadam.misconception("coasts_without_gradient", {
    "(p for p in group['params'] if p.grad is not None)": "group['params']",
    "self.state[p], p.grad":
        "self.state[p], torch.zeros_like(p) if p.grad is None else p.grad"},
    "A parameter whose .grad is None is not taking part in this step: it stays where "
    "it is and its means wait. Yours coasts on as if its gradient were zero.")
qhadam.misconception("memory_not_saved", {
    "self.state[p], p.grad":
        "vars(self).setdefault('memory', {}).setdefault(p, {}), p.grad"},
    "After saving and loading, your means start again from zero: keep them in "
    "self.state[p], which state_dict() saves, and not in an attribute of your own.")

# ----------------------------------------------------- clip before or after the moments

def clip_cases(rng):
    """Optimizers of three parameters; the gradient of the second step is an outlier."""
    slow, fast = uniform(rng, (.05, .1), (.2, .4))
    even = [.1, .1]     # Adam's first step is longer than .25, the others are shorter
    draw = optimizer_over_groups(rng, [(3,), (2,), (2, 2)], lrs=[slow, fast])

    def case(name, optimizer, where, max_norm, *given, **changed):
        return draw(name, 4, *given, outlier=(1, 20.0), optimizer=optimizer,
                    where=where, max_norm=max_norm, **changed)

    return [case("the gradient, under SGD", "SGD", "gradient", 1.5),
            case("the step, under SGD", "SGD", "step", .3),
            case("the gradient, under Adam", "Adam", "gradient", 6.0, weight=2),
            case("the step, under Adam", "Adam", "step", .25, weight=2, lrs=even),
            case("the gradient, under SGD with momentum", "SGD", "gradient", 6.0,
                 momentum=.9, lrs=[1.5, 2.5]),
            case("a parameter without a gradient for a while", "Adam", "step", .25,
                 "edge", lrs=even, missing={(0, 1), (2, 0)}),
            case("a gradient clipped where a parameter has none", "Adam", "gradient",
                 6.0, "edge", missing={(0, 1), (2, 0)}),
            case("a gradient that is short enough", "Adam", "gradient", 1e4, "edge"),
            case("a step that is short enough", "Adam", "step", 1e4, "edge"),
            case("float32 stays float32", "Adam", "gradient", 1.5, "dtype")]


# PyTorch's own clip_grad_norm_ adds 1e-6 to the norm: an answer that uses it is right.
clip = Exercise(pytorch.clipped_step, cases=clip_cases, points=4, drive=run_clipped,
                pure=False, torch=True, tolerance=(1e-4, 1e-5),
                read="adaptive_optimizers.html#what-adam-forgets")
GRADIENT = "p.grad *= (max_norm / norm).clamp(max=1)"
STEP = "step * (max_norm / norm).clamp(max=1)"
clip.misconception("each_parameter_by_itself", {
    GRADIENT: "p.grad *= (max_norm / p.grad.norm()).clamp(max=1)",
    STEP: "step * (max_norm / step.norm()).clamp(max=1)"},
    "Each parameter is clipped by its own norm, which turns the direction. The norm "
    "is that of all parameters together, and one factor shortens them all.")
clip.misconception("each_entry_by_itself", {
    GRADIENT: "p.grad.clamp_(-max_norm, max_norm)",
    STEP: "step.clamp(-max_norm, max_norm)"},
    "Every entry is cut off at max_norm, which turns the direction. The whole vector "
    "is to be shortened: all entries are multiplied by one factor.")
clip.misconception("always_that_length", {
    GRADIENT: "p.grad *= max_norm / norm", STEP: "step * (max_norm / norm)"},
    "What is short enough is made longer. Clipping shortens only: the factor is never "
    "above 1.")
clip.misconception("root_forgotten", {
    GRADIENT: "p.grad *= (max_norm / norm**2).clamp(max=1)",
    STEP: "step * (max_norm / norm**2).clamp(max=1)"},
    "The length is the root of the sum of squares: yours is the sum itself.")
clip.misconception("always_the_gradient", {
    "where == 'gradient'": "True", "where == 'step'": "False"},
    "The gradient is clipped in both cases. With where='step' the moments are to see "
    "the gradient as it is: it is the move of the parameters that is shortened, after "
    "the optimizer's step.")
clip.misconception("always_the_step", {
    "where == 'gradient'": "False", "where == 'step'": "True"},
    "The step is clipped in both cases. With where='gradient' the gradient is "
    "shortened before the optimizer sees it, so that its moments stay small too.")
clip.misconception("gradient_scaled_by_the_steps_length", {
    "where == 'gradient'": "True", "where == 'step'": "False",
    GRADIENT:
        "rate = optimizer.param_groups[0]['lr'] if where == 'step' else 1\n"
        "p.grad *= (max_norm / rate / norm).clamp(max=1)"},
    "Where the step is to be clipped you scale the gradient. Adam divides by the "
    "gradient's size, so its step hardly gets shorter by that: compare the parameters "
    "before and after.")
clip.misconception("clipped_too_late", {
    "where == 'gradient'": "False", "where == 'step'": "False"},
    "Nothing is clipped: the gradients are shortened after the optimizer has used "
    "them.")
