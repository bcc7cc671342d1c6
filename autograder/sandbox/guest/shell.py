"""An IPython shell whose outputs are those of a kernel, without a kernel: each is handed to `send` as a dict."""

from __future__ import annotations

import base64
import builtins
import getpass
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell, InteractiveShellABC
from IPython.external.pickleshare import PickleShareDB
from traitlets import Type
from traitlets.config import Config

Send = Callable[[dict[str, Any]], None]


def nowhere(message: dict[str, Any]) -> None:
    """Outputs before the session is open, and of answers."""


class Publisher(DisplayPublisher):
    """`display`, `update_display` and `clear_output`."""

    def publish(  # type: ignore[override]
        self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any
    ) -> None:
        identity = (transient or {}).get("display_id")
        kind = "update" if update else "display"
        _send(self.shell, {"out": kind, "data": encoded(data), "metadata": metadata or {}, "id": identity})

    def clear_output(self, wait: bool = False) -> None:
        _send(self.shell, {"out": "clear", "wait": bool(wait)})


class Hook(DisplayHook):
    """The value of a cell's last expression."""

    message: dict[str, Any] | None = None

    def start_displayhook(self) -> None:
        self.message = {"out": "result", "data": {}, "metadata": {}}

    def write_output_prompt(self) -> None:
        if self.message is not None:
            self.message["count"] = self.prompt_count

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        if self.message is not None:
            self.message.update(data=encoded(format_dict), metadata=md_dict or {})

    def finish_displayhook(self) -> None:
        message, self.message = self.message, None
        if message is not None and message["data"]:
            _send(self.shell, message)


class KeptLater:
    """IPython's key-value store, whose folder is made when it is asked for something."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._store: Any = None

    def _made(self) -> Any:
        if self._store is None:
            self._store = PickleShareDB(self._folder)
        return self._store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made(), name)

    def __getitem__(self, key: str) -> Any:
        return self._made()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._made()[key] = value

    def __delitem__(self, key: str) -> None:
        del self._made()[key]

    def __contains__(self, key: str) -> bool:
        return key in self._made()


class Shell(InteractiveShell):
    """A notebook's shell; `send` takes its outputs."""

    display_pub_class = Type(Publisher)
    displayhook_class = Type(Hook)
    send: Send = staticmethod(nowhere)
    reported = False  # whether the running cell has shown an error

    def settle(self, work: str, temporary: str) -> None:
        """Take this folder for the first one that `%cd -` leads back to, and keep what magics keep in a temporary one:
        IPython's profile is the fork server's, and no session may write there."""
        self.user_ns["_dh"] = [work]
        self.db = KeptLater(os.path.join(temporary, "profile"))

    def enable_gui(self, gui: Any = None) -> None:
        """Plots are inline: there is nothing to enable."""

    def init_virtualenv(self) -> None:
        """The environment is the fork server's."""

    def ask_exit(self) -> None:
        """`exit` ends nothing here: the cells that follow still count."""

    def system(self, cmd: str) -> None:
        """`!command`: its output goes where the cell's goes."""
        sys.stdout.flush()
        command = self.var_expand(cmd, depth=1)
        try:
            self.user_ns["_exit_code"] = subprocess.call(command, shell=True)
        except OSError as error:
            print(error, file=sys.stderr)
            self.user_ns["_exit_code"] = 127

    system_piped = system
    system_raw = system

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        message = {"out": "error", "ename": str(etype.__name__), "evalue": str(evalue)}
        _send(self, {**message, "traceback": [str(line) for line in stb]})
        self.reported = True


InteractiveShellABC.register(Shell)


def make_shell() -> Shell:
    """The shell, with plots inline and everything loaded that its first error and first plot need."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    shell = Shell.instance(config=config)
    shell.run_line_magic("matplotlib", "inline")
    shell.run_line_magic("load_ext", "storemagic")  # as in a kernel
    _warm(shell)
    builtins.input = _no_input
    getpass.getpass = _no_input
    return shell


def _warm(shell: Shell) -> None:
    for source in (
        "1/0",
        "import asyncio, numpy\nnumpy.ones(2)",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('$x$'); plt.show()",
    ):
        shell.run_cell(source, store_history=False)
    shell.reset(new_session=True)
    shell.user_ns.pop("plt", None)
    shell.execution_count = 1


def encoded(data: Any) -> dict[str, Any]:
    """A bundle of representations with bytes as base64, as a kernel sends them."""
    return {
        str(kind): base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for kind, value in dict(data).items()
    }


def _no_input(*_: Any, **__: Any) -> str:
    raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")


def _send(shell: Any, message: dict[str, Any]) -> None:
    shell.send(message)
