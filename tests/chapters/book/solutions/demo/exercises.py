"""The exercises of the topic: one that runs in a page, and one that does not."""
from autograder.authoring.exercise import Case, Exercise
from solutions.demo import pytorch, reference


def demo_cases(rng):
    def case(name, shape):
        return Case(name, (rng.normal(size=shape), rng.normal(size=shape), reference.DemoState(rng.normal(size=shape))))

    return [case("three parameters", 3), case("two rows", (2, 2))]


demo_step = Exercise(reference.demo_step, cases=demo_cases, points=1, given=(reference.DemoState,),
                     read="demo.html#eq-demo")
demo_step.misconception("uphill", {
    "params - lr * secret_velocity": "params + lr * secret_velocity"},
    "Your step goes uphill: the gradient is subtracted.")

demo_layer = Exercise(pytorch.demo_layer, cases=lambda rng: [], points=2, torch=True)
