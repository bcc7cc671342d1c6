"""Which answers are taken for alike, and the page that shows them: what was copied, and not what everybody writes."""

import random
import shutil
from itertools import pairwise
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup

from autograder.report.similar.forms import MOST_TOKENS, WINDOW, code_tokens, forms
from autograder.report.similar.page import render
from autograder.report.similar.pairs import FEW, CodeCell, find_pairs
from autograder.report.similar.submissions import HandedIn

HOSTILE = "<img src=x onerror=alert(31337)>"
OWN = '''def smooth(values, rate):
    """What I did."""
    kept = [values[0]]
    for place in range(1, len(values)):
        older = kept[place - 1]
        kept.append(older + rate * (values[place] - older))
    return kept
'''
COPIED = """def smooth(xs, a):
    # my own idea!
    out = [xs[0]]
    for i in range(1, len(xs)):
        prev = out[i - 1]
        out.append(prev +
                   a * (xs[i] - prev))   # step

    return out
"""
OTHERS = [  # the same task, each in another way
    "def smooth(values, rate):\n    m = values[0]\n    result = []\n    for v in values:\n        m += rate * (v - m)\n"
    "        result += [m]\n    return result\n",
    "def smooth(values, rate):\n    import itertools\n    step = lambda m, v: (1 - rate) * m + rate * v\n"
    "    return list(itertools.accumulate(values, step))\n",
    "def smooth(values, rate):\n    if len(values) == 1:\n        return list(values)\n"
    "    before = smooth(values[:-1], rate)\n    return before + [before[-1] * (1 - rate) + values[-1] * rate]\n",
]


def a_class(*sources):
    return {f"s{number:02}": (CodeCell("smooth", source),) for number, source in enumerate(sources)}


def found(class_, given=(), least=1.0):
    return [(pair.first, pair.second) for pair in find_pairs(class_, given, least)]


# ------------------------------------------------------------------------------------------------------------- forms


def test_names_comments_docstrings_and_layout_change_no_form():
    assert forms(OWN) == forms(COPIED)
    assert len(forms(OWN)) > 40


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a = b * c + (1 - b) * d + e", "x = y * z + (1 - y) * u + v", True),
        ("a = b * c + (1 - b) * d + e", "x = y * z + (1 - z) * u + v", False),  # the roles of two are another
        ("a = b.sum() / (b.size - 1) + c", "x = y.sum() / (y.size - 1) + z", True),
        ("a = b.sum() / (b.size - 1) + c", "x = y.max() / (y.size - 1) + z", False),  # what belongs to NumPy stays
        ("self.kept = self.kept * b + (1 - b) * c", "self.v = self.v * y + (1 - y) * z", True),  # the class's own
        ("a = 2.0 * b + 1e-8 - c / d + e", "a = 2 * b + 0.00000001 - c / d + e", True),
        ("a = 2 * b + 1e-8 - c / d + e", "a = 3 * b + 1e-8 - c / d + e", False),
        ("a = f(b, 'one', c) + g(d, e)", 'a = f(b, "an\\"other", c) + g(d, e)', True),
        ("a = len(b) + abs(c) * sum(d)", "a = max(b) + abs(c) * sum(d)", False),
    ],
)
def test_a_form_keeps_what_a_student_did_not_choose(one, other, same):
    assert forms(one), "long enough to have one"
    assert (forms(one) == forms(other)) is same


@pytest.mark.parametrize(
    "source", ["", "%matplotlib inline\n!ls", "def f(:\n  '''", "\x00\ud800 λ = 'a\n", "\t\tx\r\ny"]
)
def test_what_is_no_python_has_tokens_that_lie_where_they_say(source):
    for token in code_tokens(source):
        assert source[token.start : token.end].strip()


def test_a_docstring_says_nothing_and_another_string_does():
    assert "''" not in {token.word for token in code_tokens(OWN)}
    assert "''" in {token.word for token in code_tokens("x = 'a'\nf('b')")}


UNITS = ["(", "@", "'", "\\'", "a.", "1_", "f'{", "'''", "x\n", "'\\'\\'\n", "if x:\n "]


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_cell_may_hold_at_most_is_read_within_a_bound(unit):
    """Some lexers take time that grows with the square of such a text."""
    source = "'" + unit * ((256 << 10) // len(unit))
    assert len(code_tokens(source)) <= MOST_TOKENS + 1


# ------------------------------------------------------------------------------------------------------------- pairs


def test_a_copy_with_other_names_is_found_and_what_is_written_alone_is_not():
    (pair,) = find_pairs(a_class(OWN, *OTHERS, COPIED), (), 20)
    assert (pair.first, pair.second) == ("s00", "s04")
    assert pair.score == len(code_tokens(OWN))
    assert pair.shares == (1, 1)
    (cell,) = pair.cells
    for side, source in ((cell.first, OWN), (cell.second, COPIED)):
        (span,) = side.spans
        assert source[slice(*span)].startswith("def smooth")
        assert source[slice(*span)].endswith(source.split()[-1])


def test_what_was_given_explains_a_likeness_under_any_names():
    class_ = a_class(OWN, COPIED)
    assert found(class_) == [("s00", "s01")]
    assert found(class_, [COPIED.replace("prev", "last")]) == []


def test_what_many_have_is_the_class_s():
    few = a_class(*[OWN] * FEW, *OTHERS)
    assert len(found(few)) == FEW * (FEW - 1) / 2
    assert found(a_class(*[OWN] * (FEW + 1), *OTHERS)) == []


def test_a_passage_that_more_have_counts_less():
    scores = [find_pairs(a_class(*[OWN] * count, *OTHERS), (), 1)[0].score for count in (2, 3, 4)]
    tokens = len(code_tokens(OWN))
    assert scores == pytest.approx([tokens, tokens / 2, tokens / 3])


def test_a_part_that_was_copied_is_marked_and_the_rest_is_not():
    mine = OTHERS[0].replace(
        "    return result", "    result = [round(one, 12) for one in result if one == one]\n    return result"
    )
    copied = OTHERS[1].replace("    return list", "    q = [round(w, 12) for w in q if w == w]\n    return list")
    (pair,) = find_pairs(a_class(mine, copied, OTHERS[2]), (), 1)
    texts = [side.source[slice(*side.spans[0])] for side in (pair.cells[0].first, pair.cells[0].second)]
    assert texts[0].startswith("result = [round(one, 12)")
    assert texts[1].startswith("q = [round(w, 12)")
    assert pair.score < len(code_tokens(mine)) / 2
    assert all(share < 0.6 for share in pair.shares)


def test_a_passage_is_found_in_another_cell_than_the_one_it_was_copied_from():
    class_ = a_class(*OTHERS) | {"a": (CodeCell("smooth", OWN),), "b": (CodeCell("cell 9", COPIED),)}
    (pair,) = find_pairs(class_, (), 20)
    assert [(cell.name, bool(cell.first.source), bool(cell.second.source)) for cell in pair.cells] == [
        ("smooth", True, False),
        ("cell 9", False, True),
    ]


def test_a_score_below_the_least_is_not_shown():
    tokens = len(code_tokens(OWN))
    assert found(a_class(OWN, COPIED), least=tokens) == [("s00", "s01")]
    assert found(a_class(OWN, COPIED), least=tokens + 1) == []


def test_the_order_of_the_class_changes_nothing():
    class_ = a_class(OWN, *OTHERS, COPIED, OTHERS[0].replace("m ", "n "), OTHERS[2])
    shuffled = list(class_.items())
    random.Random(1).shuffle(shuffled)
    assert find_pairs(class_, (), 1) == find_pairs(dict(shuffled), (), 1)


def test_less_than_a_window_is_no_passage():
    assert found(a_class("a = b * c + d", "x = y * z + u")) == []
    assert len(code_tokens("a = b * c + d")) < WINDOW


# -------------------------------------------------------------------------------------------------------------- page


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page on two who share hostile code, with hostile names."""
    bad = f"note = '</pre><script>alert(31337)</script>{HOSTILE}'  # \u202e\n"
    first, second = OWN + bad, COPIED + bad.replace("note", "word")
    code = {HOSTILE: (CodeCell(HOSTILE, first),), "bob": (CodeCell(HOSTILE, second),)}
    handed_in = HandedIn("A <b>title</b>", code, (), (f"{HOSTILE}: it is not a notebook",))
    pairs = find_pairs(code, (), 20)
    path = tmp_path_factory.mktemp("similar") / "similar.html"
    path.write_text(render("descent", handed_in, pairs, len(pairs), 20))
    return SimpleNamespace(path=path, text=path.read_text(), soup=BeautifulSoup(path.read_text(), "html.parser"))


def test_what_students_wrote_is_text(page):
    assert not page.soup.find_all(["script", "iframe", "img", "object"])
    assert HOSTILE not in page.text
    assert "\u202e" not in page.text  # it would turn the rest of the line around
    (first, second) = page.soup.find_all("pre")
    assert f"note = '</pre><script>alert(31337)</script>{HOSTILE}'" in first.get_text()
    assert second.get_text().lstrip().startswith(COPIED.splitlines()[0])
    assert page.soup.h1.get_text() == "A <b>title</b>: answers that are alike"


def test_both_sides_are_labelled_can_be_reached_and_mark_what_is_shared(page):
    for side, source in zip(page.soup.find_all("pre"), (OWN, COPIED), strict=True):
        assert side["tabindex"] == "0"
        assert side["role"] == "region"
        assert len(side["aria-label"]) > 4
        marked = "".join(mark.get_text() for mark in side.find_all("mark"))
        assert marked.startswith(source.strip()[:200])
    assert page.soup.html["lang"] == "en"
    levels = [int(head.name[1]) for head in page.soup.find_all(["h1", "h2", "h3"])]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for link in page.soup.find_all("a"):
        assert page.soup.find(id=link["href"][1:])
    assert "says nothing of anybody's honesty" in page.soup.get_text()


@pytest.mark.parametrize("mode", ["light", "dark", "phone"])
def test_the_page_is_quiet_keeps_to_itself_and_fits(opened, page, mode):
    tab, faults = opened(page.path, mode)
    assert faults == []
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    tops = [box["y"] for box in (side.bounding_box() for side in tab.locator("pre").all())]
    assert (tops[0] == tops[1]) == (mode != "phone")  # side by side where there is room


def test_a_long_answer_is_cut_and_that_is_said():
    long = OWN + "\n".join(f"name_{number} = {number}" for number in range(2000))
    code = a_class(long, long)
    text = render("descent", HandedIn("A", code, (), ()), find_pairs(code, (), 20), 1, 20)
    assert len(text) < 60_000
    assert "Only the first 12000 characters are shown." in text


# ----------------------------------------------------------------------------------------------------------- command


@pytest.fixture
def course(small_class, tmp_path):
    """A copy of the small class, whose answers can be changed."""
    root = shutil.copytree(small_class.root, tmp_path / "course")

    def answer(student, name, source):
        path = root / "classroom" / "submitted" / student / "descent" / "descent.ipynb"
        notebook = nbformat.read(path, as_version=4)
        cell = next(cell for cell in notebook.cells if cell.metadata.nbgrader.grade_id == f"solution-{name}")
        cell.source = source
        nbformat.write(notebook, path)

    return SimpleNamespace(root=root, answer=answer)


def test_answers_that_are_right_or_show_a_known_misconception_are_explained(course, cli, tmp_path):
    code, out, err = cli(course.root, "similar", "descent", "--to", tmp_path / "s.html", "--least", 1)
    assert (code, err) == (0, "")
    assert out == f"{tmp_path}/s.html: written; of 12 submissions, 0 pairs score 1 or more\n"
    assert "No two answers share more" in (tmp_path / "s.html").read_text()


def test_the_command_shows_a_copy(course, cli, tmp_path):
    course.answer("right-1", "running_mean", OWN)
    course.answer("blank", "running_mean", COPIED)
    code, out, _ = cli(course.root, "similar", "descent", "--to", tmp_path / "s.html")
    assert code == 0
    assert "1 pair scores 30 or more" in out
    soup = BeautifulSoup((tmp_path / "s.html").read_text(), "html.parser")
    assert [head.get_text() for head in soup.find_all("h2")][-1] == "blank and right-1"
    assert [head.get_text() for head in soup.find_all("h3")] == ["running_mean"]


def test_what_cannot_be_read_is_named_and_the_others_are_compared(course, cli, tmp_path):
    (course.root / "classroom" / "submitted" / "right-3" / "descent" / "descent.ipynb").write_text("{")
    course.answer("right-1", "running_mean", OWN)
    course.answer("blank", "running_mean", COPIED)
    code, out, err = cli(course.root, "similar", "descent", "--to", tmp_path / "s.html")
    assert code == 1
    assert "1 pair scores" in out
    assert err.startswith("autograder: right-3: descent.ipynb is not a notebook")
    assert len(err.splitlines()) == 1
    assert "descent.ipynb is not a notebook" in (tmp_path / "s.html").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["descend"], "there is no assignment called 'descend'; known are:"),
        (["descent", "--to", "nowhere/s.html"], "nowhere/s.html cannot be written: No such file"),
        (["descent", "--least", "-1"], "--least: a number above 0 is wanted"),
        (["descent", "--pairs", "0"], "--pairs: a whole number of at least 1 is wanted"),
    ],
)
def test_a_mistake_is_one_sentence(course, cli, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    code, _, err = cli(course.root, "similar", *words)
    assert code == 2
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "similar.html").exists()


def test_it_takes_two(course, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (course.root / "classroom" / "submitted").iterdir():
        if folder.name != "right-1":
            shutil.rmtree(folder)
    code, _, err = cli(course.root, "similar", "descent")
    assert code == 2
    assert "1 has handed in 'descent', and it takes two to compare" in err
