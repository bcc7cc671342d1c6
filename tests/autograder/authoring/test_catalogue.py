"""What is found in the folders that the settings name; a mistake there is one sentence and exit code 2."""

import pytest

from autograder.authoring.catalogue import load_catalogue
from autograder.settings import load_settings, read_config

CONFIG = """
c = get_config()
c.CourseDirectory.root = "classroom"
c.AutograderSettings.exercises = ["exercises"]
"""
EXERCISES = '''
from autograder.authoring.exercise import Case, Exercise


def double(x):
    """Two times x."""
    return 2 * x


def cases(rng):
    return [Case("a number", (rng.normal(),))]


doubling = Exercise(double, cases=cases, points=1)
'''
TEXT = "Some prose.\n\n```{exercise} double\n```\n"


@pytest.fixture
def course(tmp_path, fresh_modules):
    """Write a small course with some of its files replaced or added; None leaves a file out."""

    def make(**files):
        names = {
            "config": "nbgrader_config.py",
            "exercises": "exercises/alpha/exercises.py",
            "text": "exercises/alpha/assignment.md",
        }
        contents = {"config": CONFIG, "exercises": EXERCISES, "text": TEXT} | files
        for name, content in contents.items():
            path = tmp_path / names.get(name, name)
            if content is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return make


def test_the_course_that_the_others_are_made_from_is_built(course, cli):
    root = course()
    assert cli(root, "build") == (0, "alpha: " + str(root / "classroom/source/alpha/alpha.ipynb") + "\n", "")


def test_a_list_shows_every_assignment_with_its_exercises(course_root, cli):
    code, out, err = cli(course_root, "list")
    assert (code, err) == (0, "")
    assert out.startswith("chance: ")
    assert "descent: Going downhill" in out
    assert "halving_step                 4 points, 2 misconceptions\n" in out
    assert "Gate                         3 points, 1 misconceptions, PyTorch\n" in out


PLAN = CONFIG + "c.AutograderSettings.assignments = {'own': %s}\n"
MISTAKES = {
    "no settings file": ({"config": None}, ["holds no nbgrader_config.py", "--course"]),
    "settings that are no Python": ({"config": "c ="}, ["nbgrader_config.py cannot be read: SyntaxError"]),
    "settings that fail": ({"config": "1 / 0"}, ["nbgrader_config.py cannot be read: ZeroDivisionError"]),
    "no folders named": (
        {"config": "c = get_config()"},
        ["sets no c.AutograderSettings.exercises", "name the folders"],
    ),
    "an unknown setting": (
        {"config": CONFIG + "c.AutograderSettings.exercise = []"},
        ["nbgrader_config.py sets c.AutograderSettings.exercise, which there is not"],
    ),
    "a setting of another type": (
        {"config": CONFIG + "c.AutograderSettings.memory_mib = 'all'"},
        ["nbgrader_config.py: ", "memory_mib"],
    ),
    "a limit of nothing": ({"config": CONFIG + "c.AutograderSettings.cell_seconds = 0"}, ["cell_seconds"]),
    "no case sets": ({"config": CONFIG + "c.AutograderSettings.case_sets = 0"}, ["case_sets"]),
    "a folder that is not there": (
        {"config": CONFIG.replace('"exercises"', '"elsewhere"')},
        ["elsewhere, named in c.AutograderSettings.exercises, is not a folder"],
    ),
    "an exercise file that is no Python": ({"exercises": "def"}, ["exercises.py cannot be imported: SyntaxError"]),
    "an exercise file that fails": (
        {"exercises": "import nothing_of_the_kind"},
        ["exercises.py cannot be imported: ModuleNotFoundError"],
    ),
    "an exercise without points": (
        {"exercises": EXERCISES.replace("points=1", "points=0")},
        ["exercises.py: double: points must be above 0"],
    ),
    "an exercise file that stops Python": ({"exercises": "raise SystemExit(3)"}, ["exercises.py cannot be imported"]),
    "one name twice": (
        {"exercises/beta/exercises.py": EXERCISES},
        ["beta/exercises.py: there is an exercise called 'double' already; names must be unique"],
    ),
    "an exercise that is not there": (
        {"text": TEXT.replace("double", "halve")},
        ["alpha/assignment.md: there is no exercise called 'halve'; known are: double"],
    ),
    "an exercise twice": ({"text": 2 * TEXT}, ["alpha/assignment.md: the exercise 'double' stands in it twice"]),
    "an unknown marker": (
        {"text": "```{exercice} double\n```\n"},
        ["alpha/assignment.md: line 1: unknown marker {exercice}; known are {exercise}"],
    ),
    "an unknown marker below the front matter": (
        {"text": "---\ntitle: A\n---\n\n```{exercice} double\n```\n"},
        ["alpha/assignment.md: line 5: unknown marker"],
    ),
    "a marker that is not closed": ({"text": "```{exercise} double\n"}, ["the marker in line 1 is not closed"]),
    "a marker without a name": (
        {"text": "```{exercise}\n```\n"},
        ["line 1: {exercise} wants the name of one exercise"],
    ),
    "a question without points": (
        {"text": TEXT + "```{written}\nWhy?\n```\n"},
        ["{written} wants its points and a question"],
    ),
    "a question without a question": ({"text": TEXT + "```{written} 2\n```\n"}, ["{written} wants its points"]),
    "an empty code cell": ({"text": TEXT + "```{code}\n```\n"}, ["{code} is empty"]),
    "front matter that is not YAML": ({"text": "---\ntitle: [\n---\n" + TEXT}, ["the front matter is not YAML"]),
    "front matter that is a list": ({"text": "---\n- 1\n---\n" + TEXT}, ["the front matter is not YAML"]),
    "a text that is not UTF-8": ({"text": b"\xff\xfe"}, ["alpha/assignment.md cannot be read"]),
    "a plan that is no dict": ({"config": PLAN % "['double']"}, ["c.AutograderSettings.assignments['own']"]),
    "a plan of nothing": ({"config": PLAN % "{}"}, ["['own']: name its 'exercises', or a 'text' with markers"]),
    "a plan with an unknown setting": (
        {"config": PLAN % "{'exercise': ['double']}"},
        ["['own']: unknown setting exercise"],
    ),
    "a plan with an unknown exercise": (
        {"config": PLAN % "{'exercises': ['halve']}"},
        ["there is no exercise called 'halve'"],
    ),
    "a plan with one exercise, not a list": ({"config": PLAN % "{'exercises': 'double'}"}, ["['own']", "list"]),
    "points for what is not in it": (
        {"config": PLAN % "{'exercises': ['double'], 'points': {'halve': 1}}"},
        ["['own']: points for halve, which are not in it"],
    ),
    "points that are no number": (
        {"config": PLAN % "{'exercises': ['double'], 'points': {'double': 'many'}}"},
        ["['own']", "points", "double"],
    ),
    "points below nothing": (
        {"config": PLAN % "{'exercises': ['double'], 'points': {'double': -1}}"},
        ["['own']", "points", "double"],
    ),
    "a plan whose text is not there": ({"config": PLAN % "{'text': 'own.md'}"}, ["own.md cannot be read"]),
    "a plan of a name that is no folder's": (
        {"config": CONFIG + "c.AutograderSettings.assignments = {'../up': {'exercises': ['double']}}"},
        ["'../up'"],
    ),
    "a generator that fails": (
        {"exercises": EXERCISES.replace("rng.normal()", "rng.normall()")},
        ["double: its case generator fails: AttributeError"],
    ),
    "cases that cannot be sent": ({"exercises": EXERCISES.replace("rng.normal()", "len")}, ["double", "'a number'"]),
    "a reference that returns what cannot be sent": (
        {"exercises": EXERCISES.replace("return 2 * x", "return len")},
        ["double: a public case or its answer cannot be written down"],
    ),
    "a reference that needs what the notebook lacks": (
        {"exercises": EXERCISES.replace("return 2 * x", "return helper(x)") + "\n\ndef helper(x):\n    return x\n"},
        ["double: double uses helper, which the notebook will not have: add it to given="],
    ),
    "a class without methods to blank": (
        {"exercises": EXERCISES.replace("def double(x):", "class double(float):").replace("return 2 * x", "x = 2")},
        ["double is a class: name the methods to blank in methods= of its exercise"],
    ),
}


@pytest.mark.parametrize(("files", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_sentence_with_exit_code_2_and_nothing_is_written(files, words, course, cli):
    root = course(**files)
    code, out, err = cli(root, "build")
    assert (code, out) == (2, ""), err
    assert err.startswith("autograder: ")
    assert err.count("\n") == 1
    assert not [word for word in words if word not in err], err
    assert not list(root.glob("classroom/source/*/*"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["build", "beta"], "there is no assignment called 'beta'; known are: alpha"),
        (
            ["grade", "alpha"],
            "the gradebook has no assignment called 'alpha': run `nbgrader generate_assignment alpha`",
        ),
        (["grade", "beta"], "beta"),
        (["explain", "ada", "double"], "'ada' has no graded answer to 'double': grade it first"),
        (["explain", "ada", "halve"], "there is no exercise called 'halve' in any assignment; known are: double"),
        (["explain", "ada", "double", "--assignment", "beta"], "there is no assignment called 'beta'"),
        (["export", "beta"], "the gradebook has no assignment called 'beta'"),
        (["rehearse", "beta"], "there is no assignment called 'beta'"),
    ],
)
def test_a_command_for_what_is_not_there_says_what_there_is(command, words, course, cli):
    code, _, err = cli(course(), *command)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1


def test_a_build_that_fails_leaves_the_one_before_as_it_was(course, cli):
    root = course()
    cli(root, "build")
    folder = root / "classroom/source/alpha"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    (root / "exercises/alpha/assignment.md").write_text("```{exercise} double\n")
    assert cli(root, "build")[0] == 2
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [file.name for file in folder.parent.iterdir()] == ["alpha"]


def test_a_topic_may_be_called_like_a_module_of_pythons_own(tmp_path, fresh_modules):
    folder = tmp_path / "own" / "json"
    folder.mkdir(parents=True)
    (folder / "exercises.py").write_text(EXERCISES.replace("double", "twice"))
    (tmp_path / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.AutograderSettings.root = {str(tmp_path)!r}\nc.AutograderSettings.exercises = ['own']\n"
    )
    assert "twice" in load_catalogue(load_settings(read_config(tmp_path))).exercises
