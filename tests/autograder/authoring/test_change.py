"""A misconception as a change of the reference: what a piece may be, what is refused, what the changed one can do."""

import ast
import copy
import pickle
import traceback

import numpy as np
import pytest

from autograder.authoring.change import changed
from autograder.authoring.errors import ExerciseError
from autograder.authoring.exercise import Case, Exercise
from autograder.authoring.source import definition, imports_for, renamed
from autograder.authoring.standalone import standalone

MODULE = '''
import numpy as np
import torch

FACTOR = 3


def step(x, grads, *, lr=0.5, momentum=0.5, axis=0):
    """One step; `lr * grads` stands here as well.

    Returns (1 - momentum) * grads.
    """
    old = x                                 # a comment: lr * grads
    v = (1 - momentum) \\
        * grads
    scaled = lr * v
    scaled += np.mean(v, axis=axis) * 0
    if lr > 1:
        scaled = scaled * FACTOR
    return old - scaled


def factorial(n):
    return n * factorial(n - 1) if n > 1 else 1


class Base:
    def move(self, x):
        return x + 1


class Walker(Base):
    """Walks."""

    def __init__(self, pace=2):
        super().__init__()
        self.pace = pace

    def move(self, x):
        """One move."""
        self.last = x
        return super().move(x) * self.pace


class Descent(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(p.grad, alpha=group["lr"])
'''


@pytest.fixture
def m(module_from):
    return module_from(MODULE)


X, G = np.array([1.0, 2.0]), np.array([4.0, 8.0])


@pytest.mark.parametrize(
    ("change", "keywords", "expected"),
    [
        ({}, {}, [0.0, 0.0]),
        ({"(1 - momentum) * grads": "grads"}, {}, [-1.0, -2.0]),
        ({"( 1-momentum )*grads": "grads"}, {}, [-1.0, -2.0]),
        ({"old - scaled": "old + scaled"}, {}, [2.0, 4.0]),
        ({"return old - scaled": "return old"}, {}, [1.0, 2.0]),
        ({"scaled = lr * v": "scaled = v"}, {}, [-1.0, -2.0]),
        ({"v = (1 - momentum) * grads\nscaled = lr * v": "v = scaled = grads"}, {}, [-3.0, -6.0]),
        ({"if lr > 1:\n    scaled = scaled * FACTOR": ""}, {"lr": 2.0}, [-3.0, -6.0]),
        ({"scaled = scaled * FACTOR": ""}, {"lr": 2.0}, [-3.0, -6.0]),
        ({"lr > 1": "lr >= 0.5"}, {}, [-2.0, -4.0]),
        ({"FACTOR": "2 * FACTOR"}, {"lr": 2.0}, [-23.0, -46.0]),
        ({"lr=0.5": "lr=1.0"}, {}, [-1.0, -2.0]),
        ({"momentum=0.5": "momentum=0.75"}, {}, [0.5, 1.0]),
        ({"axis=axis": "axis=0"}, {"axis": 1}, [0.0, 0.0]),
        ({"old - scaled": "old + scaled", "lr=0.5": "lr=1.0"}, {}, [3.0, 6.0]),
        ({"(1 - momentum) * grads": "grads", "lr * v": "2 * v"}, {}, [-7.0, -14.0]),
        ({"old = x": "x += 1\nold = x"}, {}, [1.0, 1.0]),
    ],
)
def test_a_piece_is_an_expression_a_default_a_keyword_or_statements(m, change, keywords, expected):
    answer = changed(m.step, "wrong", change) if change else m.step
    assert np.allclose(answer(X.copy(), G, **keywords), expected)


def test_the_reference_is_left_as_it_was(m):
    changed(m.step, "uphill", {"old - scaled": "old + scaled"})
    assert np.allclose(m.step(X, G), 0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"lr * grads": "grads"}, "changes `lr \\* grads`, which stands in the reference 0 times"),
        ({"scaled": "v"}, "changes `scaled`, which stands in the reference 5 times"),
        ({"0.5": "1.0"}, "changes `0.5`, which stands in the reference 2 times"),
        ({"lr=0.7": "lr=1.0"}, "changes `lr=0.7`, which stands in the reference 0 times"),
        ({"momentum) * grads": "grads"}, "`momentum\\) \\* grads` is no Python"),
        ({"lr * v": "lr *"}, "`lr \\*` is no Python"),
        ({"lr * v": ""}, "puts `` in the place of `lr \\* v`, where only its own kind can stand"),
        ({"lr * v": "v = 1"}, "puts `v = 1` in the place of"),
        ({"lr=0.5": "rate=0.5"}, "puts `rate=0.5` in the place of"),
        ({"axis=axis": "axis"}, "puts `axis` in the place of"),
        ({"": "grads"}, "changes an empty piece"),
        ({}, "names no piece"),
        ({"lr * v": "lr*v"}, "changes nothing of the reference"),
        ({"scaled = lr * v": "scaled = v", "lr * v": "v"}, "changes `lr \\* v`, which shares text with another piece"),
        ({"lr * v": "rate * v"}, "uses rate, which"),
        ({"return old - scaled": "break"}, "is no Python: SyntaxError"),
    ],
)
def test_a_piece_that_cannot_be_changed_is_refused_and_named(m, change, sentence):
    exercise = Exercise(m.step, cases=lambda rng: [Case("a", (X, G))], points=1)
    with pytest.raises(ExerciseError, match=f"^step: wrong.*{sentence}"):
        exercise.misconception("wrong", change, "A sentence.")
    assert not exercise.misconceptions


def test_a_name_is_taken_once_and_is_an_identifier(m):
    exercise = Exercise(m.step, cases=lambda rng: [Case("a", (X, G))], points=1)
    exercise.misconception("uphill", {"old - scaled": "old + scaled"}, "Downhill.")
    with pytest.raises(ExerciseError, match="step: it has a misconception called 'uphill' already"):
        exercise.misconception("uphill", {"lr * v": "v"}, "The rate.")
    with pytest.raises(ExerciseError, match="step: it has a misconception called 'uphill' already"):

        @exercise.misconception("Downhill.")
        def uphill(x, grads):
            return x

    with pytest.raises(ExerciseError, match="step: up hill cannot be the name"):
        exercise.misconception("up hill", {"lr * v": "v"}, "The rate.")


def test_it_is_registered_with_its_name_and_sentence(m):
    exercise = Exercise(m.step, cases=lambda rng: [Case("a", (X, G))], points=1)
    answer = exercise.misconception("uphill", {"old - scaled": "old + scaled"}, "Downhill.")
    (wrong,) = exercise.misconceptions
    assert (wrong.name, wrong.sentence, wrong.answer) == ("uphill", "Downhill.", answer)
    assert answer.__name__ == "uphill"


def test_its_text_has_the_reference_s_name_and_no_docstring(m):
    text = definition(changed(m.step, "uphill", {"old - scaled": "old + scaled"}))
    assert text.startswith("def step(x, grads, *, lr=0.5, momentum=0.5, axis=0):\n    old = x\n")
    assert "One step" not in text
    assert text == ast.unparse(ast.parse(text))


def test_a_function_that_calls_itself_calls_the_changed_one(m):
    assert changed(m.factorial, "summed", {"n * factorial(n - 1)": "n + factorial(n - 1)"})(4) == 10


def test_a_line_of_it_stands_in_a_traceback(m):
    broken = changed(m.step, "broken", {"old - scaled": "old - scaled / None"})
    with pytest.raises(TypeError) as raised:
        broken(X, G)
    assert traceback.extract_tb(raised.value.__traceback__)[-1].line == "return old - scaled / None"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"self.pace = pace": "self.pace = 1"}, 4),
        ({"pace=2": "pace=5"}, 20),
        ({"super().move(x)": "super().move(x) + 1"}, 10),
        ({"super().__init__()\nself.pace = pace": "self.pace = 3"}, 12),
        ({"self.last = x": ""}, 8),
        ({"self.last = x": "self.last = __class__.__name__"}, 8),
    ],
)
def test_a_method_of_a_class_is_changed_and_super_is_the_same(m, change, expected):
    wrong = changed(m.Walker, "wrong", change)
    assert wrong.__name__ == "wrong"
    assert issubclass(wrong, m.Base)
    assert not issubclass(wrong, m.Walker)
    assert wrong().move(3) == expected
    assert m.Walker().move(3) == 8


def test_what_only_the_base_class_has_is_not_in_the_reference(m):
    with pytest.raises(ExerciseError, match="changes `x \\+ 1`, which stands in the reference 0 times"):
        changed(m.Walker, "wrong", {"x + 1": "x"})


def test_an_object_of_a_changed_class_is_copied_and_pickled(m):
    thing = changed(m.Walker, "slow", {"self.pace = pace": "self.pace = 1"})()
    for again in (copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert type(again) is type(thing)
        assert again.move(3) == 4


def test_an_optimizer_of_torch_is_changed(m):
    import torch

    p = torch.ones(2, requires_grad=True)
    p.grad = torch.ones(2)
    optimizer = changed(m.Descent, "uphill", {"p.sub_(p.grad, alpha=group['lr'])": "p.add_(p.grad)"})([p])
    copy.deepcopy(optimizer).step()
    optimizer.step()
    assert p.tolist() == [2, 2]


def test_a_notebook_is_given_its_text_under_the_exercise_s_name(m):
    for reference in (m.step, m.Descent):
        old, new = ("lr * v", "v") if reference is m.step else ("alpha=group['lr']", "alpha=1")
        wrong = changed(reference, "wrong", {old: new})
        text = standalone(wrong, reference.__name__, {"FACTOR"})
        assert text.endswith(definition(wrong))
        assert renamed(wrong, reference.__name__) == definition(wrong)
        assert imports_for([wrong]) == imports_for([reference])
        exec(text, {"FACTOR": 3})
