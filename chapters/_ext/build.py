"""Build the book from nothing: warnings are errors, and a site with a fault replaces no other.

    python -m chapters._ext.build [--edition full|student] [--out FOLDER] [--executed FOLDER]
"""
from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from chapters._ext.edition import FULL, STUDENT, leaks, secret_lines
from chapters._ext.site_check import faults

ROOT = Path(__file__).parents[2]
# jsonschema compiles a grammar of URIs for five seconds when it finds this package; the book has no URI to check
JUPYTER_BOOK = ("import sys; sys.modules['rfc3987_syntax'] = None; "
                "from jupyter_book.cli.main import main; sys.argv[0] = 'jupyter-book'; main()")


class BuildFailed(RuntimeError):
    """The book did not become a site; the sentences say why."""


def run(command: Sequence[str], source: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a command in the book's folder and leave none of its processes behind; its exit code and what it printed."""
    running = subprocess.Popen(command, env=environment, cwd=source, stdout=subprocess.PIPE, text=True,
                               start_new_session=True)
    try:
        said, _ = running.communicate()
    finally:                            # kernels and KaTeX's server, which outlive a build that fails
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    return running.returncode, said


def run_jupyter_book(source: Path, work: Path, edition: str, executed: Path | None = None) -> Path:
    """Run the cells, then Jupyter Book into an empty folder, where no older doctree can hide a warning; the site.

    executed : where the cells' outputs are kept for the other edition, or taken from if they are there
    """
    search = [str(source), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "EDITION": edition, "PYTHONPATH": os.pathsep.join(filter(None, search)), "PYTHONUTF8": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",          # the debugger's notice, once for each kernel
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",    # the pages share the cores among themselves
    }
    site = work / "_build" / "html"
    cache = site.parent / ".jupyter_cache"              # where MyST-NB looks
    if executed and executed.exists():
        shutil.copytree(executed, cache)
    run([sys.executable, "-m", "chapters._ext.execute", str(source), str(cache)], source, environment)
    if executed and not executed.exists():
        shutil.copytree(cache, executed)
    code, said = run([sys.executable, "-c", JUPYTER_BOOK, "build", str(source), "--path-output", str(work),
                      "--all", "-W", "--keep-going", "--quiet"], source, environment)
    if code != 0 or not (site / "index.html").exists():
        print(said, file=sys.stderr)
        for report in sorted((site / "reports").rglob("*.log")):
            print(f"\n{report.relative_to(site / 'reports')}\n{report.read_text('utf-8')}", file=sys.stderr)
        raise BuildFailed("Jupyter Book ended with an error or a warning; every one is printed above")
    return site


def build(out: Path, edition: str = FULL, source: Path = ROOT, executed: Path | None = None) -> None:
    """Build one edition of the book at `source` into `out`, or raise and leave `out` as it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    # beside the target, so that the finished site is put in place by renaming
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as work:
        site = run_jupyter_book(source, Path(work), edition, executed)
        found = faults(site)
        if edition == STUDENT:
            sys.path.insert(0, str(source))
            found += leaks(site, secret_lines(source / "solutions"))
        if found:
            raise BuildFailed("\n".join([f"the site has {len(found)} fault(s):", *found]))
        if out.exists():
            shutil.rmtree(out)
        site.rename(out)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m chapters._ext.build", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--edition", choices=(FULL, STUDENT), default=os.environ.get("EDITION", FULL),
                        help="student: the bodies of functions that are exercises are kept back (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="the site's folder (default: build/book, or build/book-student)")
    parser.add_argument("--executed", type=Path, metavar="FOLDER",
                        help="keep the cells' outputs there for the other edition, or take them from there; "
                             "remove it whenever anything has changed")
    parser.add_argument("--source", type=Path, default=ROOT, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    out = chosen.out or ROOT / "build" / ("book" if chosen.edition == FULL else "book-student")
    start = time.monotonic()
    try:
        build(out.absolute(), chosen.edition, chosen.source.absolute(), chosen.executed and chosen.executed.absolute())
    except BuildFailed as failure:
        print(f"The book was not built: {failure}", file=sys.stderr)
        return 1
    print(f"The {chosen.edition} edition is in {out} ({time.monotonic() - start:.0f} s). Open {out}/index.html.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
