"""The command `autograder`.

Exit codes: 0 done; 1 a person is needed, or protection is missing; 2 a mistake in what was given.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from autograder.exercise import ExerciseError
from autograder.session.interface import Unprotected

if TYPE_CHECKING:
    from autograder.nbgrader_adapter.course import Course


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a mistake is one sentence on stderr."""
    options = _parser().parse_args(arguments)
    # jsonschema loads this, where it is installed, to check URIs that notebooks do not have; it compiles a grammar,
    # which takes longer than everything else that a command needs.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    logging.getLogger("nbgrader").setLevel(logging.ERROR)
    try:
        return int(options.run(options) or 0)
    except Unprotected as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 1
    except ExerciseError as error:
        print(f"autograder: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("autograder: stopped; what is graded so far is kept", file=sys.stderr)
        return 130


def command() -> NoReturn:
    """Run one command as a process, which ends at once: unloading PyTorch takes as long as many a command."""
    code = main()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autograder", description=__doc__)
    parser.add_argument(
        "--course",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the folder that holds nbgrader_config.py (default: this one)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    list_ = commands.add_parser("list", help="show the assignments and their exercises")
    list_.set_defaults(run=_list)

    build = commands.add_parser("build", help="make nbgrader's source notebooks from assignment.md and the exercises")
    build.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="all where none is named")
    build.set_defaults(run=_build)

    prove = commands.add_parser("prove", help="prove that the cases of exercises tell right answers from wrong ones")
    prove.add_argument("exercises", nargs="*", metavar="EXERCISE", help="all where none is named")
    prove.add_argument("--sets", type=int, default=4, help="sets of hidden cases to try (default: 4)")
    prove.add_argument("--no-mutants", action="store_true", help="leave the mutants of the references out")
    prove.add_argument(
        "--answers",
        type=Path,
        metavar="FOLDER",
        help="holds <topic>/right_answers.py and <topic>/wrong_answers.py, to be tried as well",
    )
    prove.set_defaults(run=_prove)

    grade = commands.add_parser("grade", help="grade the submissions that have no grade yet")
    grade.add_argument("assignment")
    grade.add_argument("--student", action="append", help="only this one; may be repeated")
    grade.add_argument("--regrade", action="store_true", help="grade again what has a grade; scores given by hand stay")
    grade.add_argument("--workers", type=int, help="processes to grade in (default: one a core)")
    grade.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="grade on the Dask cluster of this scheduler, such as tcp://host:8786",
    )
    grade.add_argument("--dry-run", action="store_true", help="write nothing; say whose scores would change")
    grade.set_defaults(run=_grade)

    watch = commands.add_parser("watch", help="collect, grade and answer submissions as they arrive")
    watch.add_argument("assignments", nargs="+", metavar="ASSIGNMENT")
    watch.add_argument(
        "--every", type=float, default=1.0, metavar="SECONDS", help="how often to look at the exchange (default: 1)"
    )
    watch.add_argument(
        "--limit",
        nargs=2,
        metavar=("N", "HOURS"),
        help="answer a student at most N times in HOURS; 0 for every submission "
        "(default: c.AutograderSettings.watch_answers and watch_hours)",
    )
    watch.add_argument("--workers", type=int, help="processes to grade in (default: one a core, and at least two)")
    watch.add_argument("--once", action="store_true", help="answer what is there, then end")
    watch.set_defaults(run=_watch)

    explain = commands.add_parser("explain", help="show everything about one answer, hidden cases included")
    explain.add_argument("student")
    explain.add_argument("exercise")
    explain.add_argument("--assignment", help="where the student has the exercise in more than one")
    explain.set_defaults(run=_explain)

    export = commands.add_parser("export", help="write the grades as CSV; who needs a person has a blank")
    export.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="all where none is named")
    export.add_argument("--to", type=Path, default=Path("grades.csv"), metavar="FILE")
    export.add_argument(
        "--format",
        choices=("nbgrader", "canvas", "moodle"),
        default="nbgrader",
        help="whose columns (default: nbgrader's)",
    )
    export.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="ASSIGNMENT=NAME",
        help="what Canvas or Moodle calls the assignment, such as momentum='Homework 1 (123)'; may be repeated",
    )
    export.set_defaults(run=_export)

    report = commands.add_parser("report", help="write a page on how the class did, with plots, for the instructor")
    report.add_argument("assignment")
    report.add_argument("--to", type=Path, default=Path("report.html"), metavar="FILE")
    report.set_defaults(run=_report)

    scores = commands.add_parser("scores", help="show the class's table")
    scores.add_argument("assignment")
    scores.set_defaults(run=_scores)

    rehearse = commands.add_parser("rehearse", help="try an assignment on a made-up class whose true scores are known")
    rehearse.add_argument("assignment")
    rehearse.add_argument("--students", type=int, default=12)
    rehearse.set_defaults(run=_rehearse)

    doctor = commands.add_parser(
        "doctor", help="say what protection this machine gives, and what would mend what is missing"
    )
    doctor.set_defaults(run=_doctor)
    return parser


# The commands import what they need themselves: `autograder --help` should not wait for torch.


@contextmanager
def _loading() -> Iterator[None]:
    """Without a search for garbage, a sixth of the time that imports take; what they make stays for good."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _course(options: argparse.Namespace) -> Course:
    from autograder.nbgrader_adapter.course import course_of
    from autograder.settings import read_config

    return course_of(read_config(options.course.resolve()))


def _list(options: argparse.Namespace) -> None:
    for assignment in _course(options).catalogue.assignments.values():
        print(f"{assignment.name}: {assignment.title} ({assignment.path})")
        for entry in assignment.entries:
            print(
                f"    {entry.name:28} {entry.points:g} points, {len(entry.exercise.misconceptions)} misconceptions"
                + (", PyTorch" if entry.exercise.torch else "")
            )


def _build(options: argparse.Namespace) -> None:
    from autograder.nbgrader_adapter import steps

    course = _course(options)
    for name in options.assignments or course.catalogue.assignments:
        print(f"{name}: {steps.build(course, name)}")


def _prove(options: argparse.Namespace) -> int:
    from autograder.authoring.proof_table import prove_all

    if options.sets < 1:
        raise ExerciseError(f"--sets {options.sets}: try at least one set of hidden cases")
    return prove_all(
        _course(options).catalogue,
        options.exercises,
        sets=options.sets,
        with_mutants=not options.no_mutants,
        answers=options.answers,
    )


def _grade(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.templates import launch_early
    from autograder.settings import read_config

    if not options.scheduler:  # it loads while nbgrader and the exercises are imported
        launch_early(read_config(options.course.resolve()), options.assignment)
    with _loading():
        from autograder.nbgrader_adapter.grade import grade_class

        course = _course(options)
    return grade_class(
        course,
        options.assignment,
        students=options.student,
        regrade=options.regrade,
        workers=options.workers,
        scheduler=options.scheduler,
        dry_run=options.dry_run,
    )


def _watch(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.templates import launch_early
    from autograder.settings import read_config

    config = read_config(options.course.resolve())
    for name in options.assignments:
        launch_early(config, name)
    with _loading():
        from autograder.nbgrader_adapter.watch import Limit, watch

    try:
        limit = Limit(int(options.limit[0]), float(options.limit[1])) if options.limit else None
    except ValueError:
        raise ExerciseError(f"--limit {' '.join(options.limit)}: name a number of answers and one of hours") from None
    if not options.every > 0 or (limit and not (limit.answers >= 0 and limit.hours > 0)) or (options.workers or 1) < 1:
        raise ExerciseError("--every, --workers and the hours of --limit are above 0, and its answers not below")
    return watch(
        config,
        options.assignments,
        every=options.every,
        limit=limit,
        workers=options.workers,
        once=options.once,
    )


def _explain(options: argparse.Namespace) -> None:
    from autograder.nbgrader_adapter.explain import explanations

    print("\n\n".join(explanations(_course(options), options.student, options.exercise, options.assignment)))


def _export(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.export import column_names, export
    from autograder.nbgrader_adapter.steps import gradebook_of, known_assignments

    course = _course(options)
    with gradebook_of(course) as gradebook:
        known = known_assignments(gradebook, options.assignments)
    chosen = options.assignments or known  # in the order given
    columns = column_names(options.column, chosen)
    waiting = export(course, chosen, options.to, options.format, columns)
    print(f"{options.to}: written" + (f"; {waiting} blank, because they need a person" if waiting else ""))
    return int(waiting > 0)


def _report(options: argparse.Namespace) -> None:
    from autograder.report import write_report

    write_report(_course(options), options.assignment, options.to)
    print(f"{options.to}: written")


def _scores(options: argparse.Namespace) -> None:
    from autograder.nbgrader_adapter import scores

    course = _course(options)
    course.catalogue.assignment(options.assignment)
    print(scores.table(scores.rows(course, options.assignment)))


def _rehearse(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.rehearsal import rehearse

    return rehearse(_course(options), options.assignment, options.students)


def _doctor(options: argparse.Namespace) -> int:
    from autograder.session import probe

    layers = probe()
    for layer in layers:
        print(f"{'holds  ' if layer.holds else 'missing'}  {layer.name:14} {layer.sentence}")
    return int(not all(layer.holds for layer in layers if layer.required))
