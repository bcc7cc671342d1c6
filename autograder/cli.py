"""The command `autograder`.

Exit codes: 0 done; 1 a person is needed, or protection is missing; 2 a mistake in what was given.
"""

from __future__ import annotations

import argparse
import atexit
import errno
import gc
import io
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from traitlets import TraitError

from autograder.authoring.errors import ExerciseError
from autograder.options import Formatter, Parser, above_zero, address, whole
from autograder.workers.threads import use_one_thread

if TYPE_CHECKING:
    from autograder.nbgrader_adapter.course import Course
    from autograder.nbgrader_adapter.fork_servers import ForkServers


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a mistake is one sentence on stderr."""
    use_one_thread()  # before anything loads NumPy
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever a name holds, and whatever the terminal can show
    from autograder.sandbox.interface import Unprotected
    from autograder.settings import CONFIG_NAME

    try:
        options = _parser().parse_args(arguments)
        # jsonschema loads this, where it is installed, to check URIs that notebooks do not have; it compiles a
        # grammar, which takes longer than everything else that a command needs.
        sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
        logging.getLogger("nbgrader").setLevel(logging.ERROR)
        return int(options.run(options) or 0)
    except Unprotected as error:
        return _say(str(error), 1)
    except ExerciseError as error:
        return _say(str(error), 2)
    except TraitError as error:  # a setting of nbgrader's that is no value for it
        return _say(f"{CONFIG_NAME}: {' '.join(str(error).split())}", 2)
    except OSError as error:
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _say(_trouble_of(error), 2)
    except KeyboardInterrupt:
        return _say("stopped; what is graded so far is kept", 130)


def _say(sentence: str, code: int) -> int:
    print(f"autograder: {sentence}", file=sys.stderr)
    return code


def _trouble_of(error: OSError) -> str:
    """What a file or the disk does not allow, and what would mend it."""
    remedy = {
        errno.EACCES: "give this account access to it",
        errno.EPERM: "give this account access to it",
        errno.ENOSPC: "make room on the disk; what is graded so far is kept",
        errno.EDQUOT: "make room on the disk; what is graded so far is kept",
        errno.EROFS: "it lies on a disk that cannot be written",
    }.get(error.errno or 0, "look at what lies there, and move it away or mend it")
    place = error.filename2 or error.filename or "a file"
    return f"{place} cannot be used: {error.strerror or error}: {remedy}"


def command() -> NoReturn:
    """Run one command as a process, which ends at once: unloading PyTorch takes as long as many a command."""
    code = main()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


CODES = """
exit codes:
  0  done
  1  a person is needed: a submission without a grade, protection that is missing
  2  a mistake in what was given, said in one sentence; nothing was written
"""


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="autograder", description=__doc__, formatter_class=Formatter)
    parser.add_argument(
        "--course",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the folder that holds nbgrader_config.py (default: this one)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command", parser_class=Parser)

    def add(name: str, run: Any, says: str, *examples: str) -> argparse.ArgumentParser:
        shown = "\n".join(f"  autograder {example}" for example in examples)
        command = commands.add_parser(
            name,
            help=says[0].lower() + says[1:].partition(". ")[0].rstrip("."),
            description=says,
            epilog=f"{'example' if len(examples) == 1 else 'examples'}:\n{shown}\n{CODES}",
            formatter_class=Formatter,
        )
        command.set_defaults(run=run)
        return command

    add("list", _list, "Show the assignments and their exercises.", "list")

    build = add(
        "build",
        _build,
        "Make nbgrader's source notebooks from assignment.md and the exercises.",
        "build",
        "build momentum",
    )
    build.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="all where none is named")

    prove = add(
        "prove",
        _prove,
        "Prove that the cases of exercises tell right answers from wrong ones. Exit code 1 where one does not.",
        "prove half_life",
        "prove --no-mutants",
    )
    prove.add_argument("exercises", nargs="*", metavar="EXERCISE", help="all where none is named")
    prove.add_argument("--sets", type=whole(1), default=4, metavar="N", help="sets of hidden cases to try (default: 4)")
    prove.add_argument("--no-mutants", action="store_true", help="leave the mutants of the references out")
    prove.add_argument(
        "--answers",
        type=Path,
        metavar="FOLDER",
        help="holds <topic>/right_answers.py and <topic>/wrong_answers.py, to be tried as well",
    )

    grade = add(
        "grade",
        _grade,
        "Grade the submissions that have no grade yet. Shows those that it graded, and who needs a person.",
        "grade momentum",
        "grade momentum --student ada --student emmy --regrade",
        "grade momentum --regrade --dry-run",
    )
    grade.add_argument("assignment")
    grade.add_argument("--student", action="append", help="only this one; may be repeated")
    grade.add_argument("--regrade", action="store_true", help="grade again what has a grade; scores given by hand stay")
    grade.add_argument("--workers", type=whole(1), metavar="N", help="processes to grade in (default: one a core)")
    grade.add_argument(
        "--scheduler",
        type=address,
        metavar="ADDRESS",
        help="grade on the Dask cluster of this scheduler, such as tcp://host:8786",
    )
    grade.add_argument("--dry-run", action="store_true", help="write nothing; say whose scores would change")

    watch = add(
        "watch",
        _watch,
        "Collect, grade and answer submissions as they arrive. Ends with Ctrl-C.",
        "watch momentum adaptive_optimizers",
        "watch momentum --limit 3 24",
        "watch momentum --once",
    )
    watch.add_argument("assignments", nargs="+", metavar="ASSIGNMENT")
    watch.add_argument(
        "--every",
        type=above_zero,
        default=1.0,
        metavar="SECONDS",
        help="how often to look at the exchange (default: 1)",
    )
    watch.add_argument(
        "--limit",
        nargs=2,
        metavar=("N", "HOURS"),
        help="answer a student at most N times in HOURS; 0 for every submission "
        "(default: c.AutograderSettings.watch_answers and watch_hours)",
    )
    watch.add_argument(
        "--workers", type=whole(1), metavar="N", help="processes to grade in (default: one a core, and at least two)"
    )
    watch.add_argument("--once", action="store_true", help="answer what is there, then end")

    explain = add(
        "explain",
        _explain,
        "Show everything about one answer, hidden cases included: for appeals, and not for students.",
        "explain ada qhm_step",
    )
    explain.add_argument("student")
    explain.add_argument("exercise")
    explain.add_argument("--assignment", help="where the student has the exercise in more than one")

    export = add(
        "export",
        _export,
        "Write the grades as CSV. Who needs a person has a blank, and then the exit code is 1.",
        "export momentum --to grades.csv",
        "export momentum --format canvas --column momentum='Homework 1 (123)'",
    )
    export.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help="all where none is named")
    export.add_argument(
        "--to", type=Path, default=Path("grades.csv"), metavar="FILE", help="replaced if it is there (grades.csv)"
    )
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
    export.add_argument(
        "--absent",
        choices=("0", "blank"),
        default="0",
        help="the score of who submitted nothing (default: 0, as nbgrader has it)",
    )

    roster = add(
        "roster",
        _roster,
        "Take over who is in the course from a CSV file of Canvas, Moodle or nbgrader. Without a file, show who is.",
        "roster canvas.csv",
        "roster participants.csv --column account='Email address' --before-at",
        "roster",
    )
    roster.add_argument("file", nargs="?", type=Path, metavar="FILE")
    roster.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=NAME",
        help="the file's column of a field, where it has another name; may be repeated. Fields: account, last_name, "
        "first_name, email, lms_id, sis_id, login, section",
    )
    roster.add_argument(
        "--before-at",
        action="store_true",
        help="accounts are what stands before the @ of the addresses in their column",
    )
    roster.add_argument("--dry-run", action="store_true", help="write nothing; say what would change")

    report = add(
        "report",
        _report,
        "Write a page on how the class did, with plots, for the instructor.",
        "report momentum --to momentum.html",
    )
    report.add_argument("assignment")
    report.add_argument(
        "--to", type=Path, default=Path("report.html"), metavar="FILE", help="replaced if it is there (report.html)"
    )

    similar = add(
        "similar",
        _similar,
        "Write a page with pairs of answers that are alike, side by side. What the release, the reference, known "
        "misconceptions and the class's common forms explain does not count. A place to look, and no verdict.",
        "similar momentum --to similar.html",
        "similar momentum --least 60 --pairs 10",
    )
    similar.add_argument("assignment")
    similar.add_argument(
        "--to", type=Path, default=Path("similar.html"), metavar="FILE", help="replaced if it is there (similar.html)"
    )
    similar.add_argument(
        "--least", type=above_zero, default=30.0, metavar="SCORE", help="show pairs from this score on (default: 30)"
    )
    similar.add_argument(
        "--pairs", type=whole(1), default=30, metavar="N", help="show the N with the highest scores (default: 30)"
    )

    scores = add("scores", _scores, "Show the class's table.", "scores momentum")
    scores.add_argument("assignment")

    rehearse = add(
        "rehearse",
        _rehearse,
        "Try an assignment on a made-up class whose true scores are known. Exit code 1 where one is not as it must be.",
        "rehearse momentum --students 40",
    )
    rehearse.add_argument("assignment")
    rehearse.add_argument(
        "--students",
        type=whole(1),
        metavar="N",
        help="how many are made up (default: as many as hold every misconception and fail in every way)",
    )

    backup = add(
        "backup",
        _backup,
        "Copy the course into one file, while it is used: gradebook, submissions, feedback, verdicts, settings, "
        "exercises, secret. Exit code 1 where the gradebook is on a database server, and so is not in it.",
        "backup /media/backups/course.tar.gz",
        "backup --new-key course.key",
        "backup /media/backups --key course.pub",
    )
    backup.add_argument("to", nargs="?", type=Path, metavar="TO", help="a file, replaced if it is there; or a folder")
    backup.add_argument(
        "--key", type=Path, metavar="FILE", help="encrypt it for the keys, or their public halves, in FILE"
    )
    backup.add_argument("--new-key", type=Path, metavar="FILE", help="write a new key to FILE, and no backup")

    restore = add(
        "restore",
        _restore,
        "Put a course back from a backup: all of it, or nothing. Its settings are a program: restore what you trust.",
        "--course /home/grader/course restore /media/backups/course.tar.gz",
        "restore course.tar.gz.age --key course.key --replace",
        "restore course.tar.gz --check",
    )
    restore.add_argument("archive", type=Path, metavar="FROM", help="the file that `autograder backup` wrote")
    restore.add_argument("--key", type=Path, metavar="FILE", help="the key, where it is encrypted")
    restore.add_argument("--check", action="store_true", help="read it to its end, and write nothing")
    restore.add_argument("--replace", action="store_true", help="have it take the place of what the course has now")
    restore.add_argument(
        "--outside", action="store_true", help="put back what lay outside of the course's folder, where it was"
    )

    forget = add(
        "forget",
        _forget,
        "Remove all that the course keeps of one student. Says what that is, and asks before it does it. Exit code 1 "
        "where something could not be removed.",
        "forget ada",
        "forget ada --yes",
    )
    forget.add_argument("student")
    forget.add_argument("--yes", action="store_true", help="do not ask")

    remove = add(
        "remove-rehearsed",
        _remove_rehearsed,
        "Remove the made-up students that a rehearsal of an earlier version left in this course. Asks before.",
        "remove-rehearsed",
    )
    remove.add_argument("--yes", action="store_true", help="do not ask")

    add(
        "doctor",
        _doctor,
        "Say what protection this machine gives, and what would mend what is missing. Exit code 1 where a layer that "
        "must hold does not.",
        "doctor",
    )
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


def _course(options: argparse.Namespace, fork_servers: ForkServers | None = None) -> Course:
    from autograder.nbgrader_adapter.course import course_of
    from autograder.settings import read_config

    return course_of(read_config(options.course.resolve()), fork_servers)


def _list(options: argparse.Namespace) -> None:
    course = _course(options)
    if not course.catalogue.assignments:
        print("no assignment is made of exercises; nbgrader's own are graded all the same")
    for assignment in course.catalogue.assignments.values():
        print(f"{assignment.name}: {assignment.title} ({assignment.path})")
        for entry in assignment.entries:
            print(
                f"    {entry.name:28} {entry.points:g} points, {len(entry.exercise.misconceptions)} misconceptions"
                + (", PyTorch" if entry.exercise.torch else "")
            )


def _build(options: argparse.Namespace) -> None:
    from autograder.nbgrader_adapter.exchange import steps
    from autograder.settings import CONFIG_NAME

    course = _course(options)
    chosen = list(dict.fromkeys(options.assignments)) or list(course.catalogue.assignments)
    if not chosen:
        raise ExerciseError(
            f"{CONFIG_NAME} sets no c.AutograderSettings.exercises: name the folders that hold <topic>/exercises.py"
            if not course.settings.exercises
            else f"there is nothing to build: no assignment.md in {', '.join(map(str, course.settings.folders))}"
        )
    for name in chosen:  # all are looked for before one is written
        course.catalogue.assignment(name)
    for name in chosen:
        print(f"{name}: {steps.build(course, name)}")


def _prove(options: argparse.Namespace) -> int:
    from autograder.authoring.proof_table import prove_all

    return prove_all(
        _course(options).catalogue,
        options.exercises,
        sets=options.sets,
        with_mutants=not options.no_mutants,
        answers=options.answers,
    )


def _grade(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.fork_servers import launch_early
    from autograder.settings import read_config

    config = read_config(options.course.resolve())
    # they load while nbgrader and the exercises are imported
    fork_servers = None if options.scheduler else launch_early(config, options.assignment)
    with _loading():
        from autograder.nbgrader_adapter.batch.grade import grade_class

        course = _course(options, fork_servers)
    return grade_class(
        course,
        options.assignment,
        students=options.student,
        regrade=options.regrade,
        workers=options.workers,
        scheduler=options.scheduler or "",
        dry_run=options.dry_run,
    )


def _watch(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.fork_servers import launch_early
    from autograder.settings import read_config

    config = read_config(options.course.resolve())
    fork_servers = launch_early(config, *options.assignments)
    with _loading():
        from autograder.nbgrader_adapter.watch import Limit, watch

    try:
        limit = Limit(whole(0)(options.limit[0]), above_zero(options.limit[1])) if options.limit else None
    except argparse.ArgumentTypeError as error:
        raise ExerciseError(f"--limit takes a number of answers and one of hours: {error}") from None
    return watch(
        config,
        options.assignments,
        every=options.every,
        limit=limit,
        workers=options.workers,
        once=options.once,
        fork_servers=fork_servers,
    )


def _explain(options: argparse.Namespace) -> None:
    from autograder.cleaning.outputs import printable
    from autograder.nbgrader_adapter.gradebook.explain import explanations

    found = explanations(_course(options), options.student, options.exercise, options.assignment)
    print(printable("\n\n".join(found)))  # it quotes what a student's code said


def _export(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.exchange.steps import gradebook_of, known_assignments
    from autograder.nbgrader_adapter.gradebook.export import column_names, export

    course = _course(options)
    with gradebook_of(course) as gradebook:
        known = known_assignments(gradebook, options.assignments)
    if not known:
        raise ExerciseError("the gradebook has no assignment yet: run `nbgrader generate_assignment NAME`")
    chosen = list(dict.fromkeys(options.assignments)) or known  # in the order given
    columns = column_names(options.column, chosen)
    damaged: dict[str, str] = {}
    for name in chosen:
        damaged |= _unfit(course, name)
    absent = None if options.absent == "blank" else 0.0
    written = export(course, chosen, options.to, options.format, columns, damaged, absent)
    said = [f"{options.to}: written"]
    if written.waiting:
        said.append(f"{written.waiting} blank, because they need a person")
    if written.absent:
        said.append(f"{written.absent} {options.absent}, because nothing was submitted")
    print("; ".join(said))
    return max(_name_damaged(damaged.values()), int(written.waiting > 0))


def _roster(options: argparse.Namespace) -> None:
    from autograder.nbgrader_adapter.gradebook import enrolment
    from autograder.roster.formats import column_names

    course = _course(options)
    if options.file is None:
        if options.column or options.before_at or options.dry_run:
            raise ExerciseError("roster: these options need a FILE")
        print(enrolment.shown(course))
        return
    columns = column_names(options.column)
    for line in enrolment.enrol(course, options.file, columns, before_at=options.before_at, dry_run=options.dry_run):
        print(line)


def _unfit(course: Course, assignment: str) -> dict[str, str]:
    """A sentence for each student whose submission has a folder that cannot be graded for its name."""
    from autograder.nbgrader_adapter.exchange.steps import unfit_students

    return {student: f"{student}: {reason}" for student, reason in unfit_students(course, assignment).items()}


def _name_damaged(sentences: Iterable[str]) -> int:
    """Say what could not be read. Returns 1 where there is anything, else 0."""
    from autograder.cleaning.outputs import printable

    found = list(sentences)
    for sentence in found:
        _say(printable(sentence), 1)
    return int(bool(found))


def _report(options: argparse.Namespace) -> int:
    from autograder.report import write_report

    damaged = write_report(_course(options), options.assignment, options.to)
    print(f"{options.to}: written")
    return _name_damaged(damaged)


def _similar(options: argparse.Namespace) -> int:
    from autograder.report.similar import write_similar

    course = _course(options)
    written = write_similar(course, options.assignment, options.to, least=options.least, most=options.pairs)
    pairs = "1 pair scores" if written.all_pairs == 1 else f"{written.all_pairs} pairs score"
    shown = f", and the page has {written.pairs} of them" if written.pairs < written.all_pairs else ""
    print(f"{options.to}: written; of {written.students} submissions, {pairs} {options.least:g} or more{shown}")
    return _name_damaged(written.left_out)


def _scores(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.exchange import steps
    from autograder.nbgrader_adapter.gradebook import scores

    course = _course(options)
    with steps.gradebook_of(course) as gradebook:
        steps.require_assignment(course, gradebook, options.assignment)
        damaged: dict[str, str] = {}
        found = scores.read_rows(gradebook, options.assignment, damaged)
    damaged |= _unfit(course, options.assignment)
    if not found and not damaged:
        raise ExerciseError(
            f"no submission of {options.assignment!r} has a grade yet: run `autograder grade {options.assignment}`"
        )
    print(scores.table(found))
    return _name_damaged(damaged.values())


def _rehearse(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.rehearsal import rehearse

    return rehearse(_course(options), options.course.resolve(), options.assignment, options.students)


def _backup(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.keeping import keys
    from autograder.nbgrader_adapter.keeping.backup import back_up

    if options.new_key:
        if options.to or options.key:
            raise ExerciseError("--new-key writes a key and no backup: give it alone, and then --key")
        public = keys.make_key(options.new_key)
        print(
            f"{options.new_key}: written. Keep it where this machine's end does not reach it: no backup made with it "
            f"can be restored without it. Its public half, which is all that a backup needs:\n{public}"
        )
        return 0
    if options.to is None:
        raise ExerciseError("name the file to write, as in `autograder backup /media/backups/course.tar.gz`")
    done = back_up(_course(options), options.course.resolve(), options.to, options.key)
    secret = "" if options.key else "; it holds the secret and students' work, readable by this account alone"
    print(f"{done.path}: written, {done.files} files, {done.size / 2**20:.1f} MiB{secret}")
    for path in done.left_out:
        _say(f"{path} is left out, because it is no plain file", 0)
    if done.elsewhere:
        return _say(
            "the gradebook is on a database server, and not in this file: `pg_dump --format=custom "
            f"--file=gradebook.dump '{done.elsewhere}'` copies it, and pg_restore puts it back",
            1,
        )
    return 0


def _restore(options: argparse.Namespace) -> None:
    from autograder.nbgrader_adapter.keeping.restore import check, restore

    if options.check:
        done = check(options.archive, options.key)
        print(f"{options.archive}: whole; course {done.course!r} of {done.made}, {done.files} files, which lay in")
    else:
        replace, outside = options.replace, options.outside
        done = restore(options.course, options.archive, options.key, replace=replace, outside=outside)
        print(f"course {done.course!r} of {done.made} is back, {done.files} files:")
    for name, path in done.places.items():
        print(f"    {name:24} {path}")
    if not any(name == "gradebook.db" for name in done.places):
        print("The backup has no gradebook: where it was on a database server, put that back with pg_restore.")


def _forget(options: argparse.Namespace) -> int:
    from autograder.cleaning.outputs import printable
    from autograder.nbgrader_adapter.keeping.forget import OUT_OF_REACH, forget
    from autograder.nbgrader_adapter.keeping.traces import find_traces, require_known

    course, folder = _course(options), options.course.resolve()
    traces = find_traces(course, folder, options.student)
    require_known(course, traces)
    print("This is what will be removed, for good:")
    for sentence in traces.sentences():
        print(f"  - {printable(sentence)}")
    print("This is out of the grader's reach:")
    for sentence in OUT_OF_REACH:
        print(f"  - {sentence}")
    if not options.yes and not _agreed("Remove it? [yes/no] "):
        return _say("nothing was removed", 1)
    failed = _name_damaged(forget(course, traces))
    left = find_traces(course, folder, options.student)
    if failed or left:
        return _say(f"not all is removed: run `autograder forget {printable(options.student)}` again when it can be", 1)
    print("removed")
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        raise ExerciseError("nobody answered, and nothing was removed: give --yes where nobody can") from None


def _remove_rehearsed(options: argparse.Namespace) -> int:
    from autograder.nbgrader_adapter.rehearsed_students import rehearsed_students, remove_students

    course = _course(options)
    found = rehearsed_students(course)
    if not found:
        print("this course holds no made-up student")
        return 0
    print(f"{len(found)} made-up students, in no roster and without a name: {', '.join(found)}")
    if not options.yes and not _agreed("Remove them, their grades and what they handed in? [yes/no] "):
        print("nothing was removed")
        return 0
    if failed := _name_damaged(remove_students(course, options.course.resolve(), found)):
        return failed
    print(f"{len(found)} removed")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from autograder.sandbox import probe
    from autograder.sandbox.host.doctor import looked_for, probe_reach
    from autograder.settings import CONFIG_NAME, load_settings, read_config

    layers = probe()
    for layer in layers:
        print(f"{'holds  ' if layer.holds else 'missing'}  {layer.name:14} {layer.sentence}")
    if not all(layer.holds for layer in layers if layer.required):
        return 1
    here = (options.course / CONFIG_NAME).is_file()
    settings = load_settings(read_config(options.course.resolve())) if here else None
    places = looked_for(settings)
    reached = probe_reach(settings, places)
    if reached:
        print(f"missing  references     sessions read {', '.join(reached)}: move them out of what sessions may read")
    elif places:
        print(f"holds    references     no session reads the course's references and secrets ({len(places)} places)")
    return int(bool(reached))
