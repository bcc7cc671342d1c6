"""The pages of the hub as a person uses them: log in, JupyterLab, the assignment list, formgrader."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Frame, Locator, Page, expect

SLOW = 120_000  # milliseconds; a machine that does other things as well may need them


class Replies:
    """One person's browser window on the hub. Every shot is a numbered picture in the folder."""

    def __init__(self, page: Page, address: str, name: str, shots: Path) -> None:
        self.page, self.address, self.name, self.shots = page, address, name, shots
        page.set_default_timeout(SLOW)
        expect.set_options(timeout=SLOW)

    def shot(self, what: str) -> None:
        number = len(list(self.shots.glob("*.png"))) + 1
        self.page.screenshot(path=self.shots / f"{number:02} {self.name.rsplit('-', 1)[-1]} {what}.png")

    def log_in(self, password: str) -> None:
        self.page.goto(f"{self.address}/hub/login")
        self.page.fill("#username_input", self.name)
        self.page.fill("#password_input", password)
        self.page.click("#login_submit")
        self.page.wait_for_selector("#jp-main-dock-panel .lm-TabBar-tab")

    def menu(self, menu: str, entry: str) -> None:
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).click()

    def menu_entries(self, menu: str) -> list[str]:
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile(f"^{menu}$")).click()
        labels = self.page.locator(".lm-Menu-item[data-type=command] .lm-Menu-itemLabel")
        labels.first.wait_for()
        found = labels.all_inner_texts()
        self.page.keyboard.press("Escape")
        return found

    def wait_for_files(self, folder: Path, pattern: str) -> list[Path]:
        """The files of that pattern, once there are any."""
        for _ in range(SLOW // 200):
            if found := sorted(folder.glob(pattern)):
                return found
            self.page.wait_for_timeout(200)
        self.shot("nothing came")
        raise AssertionError(f"{folder} holds no {pattern}")


class AssignmentList:
    """nbgrader's list of assignments, in a tab of JupyterLab."""

    def __init__(self, desk: Replies) -> None:
        self.desk = desk
        desk.page.goto(f"{desk.address}/user/{desk.name}/lab?reset")
        desk.menu("Nbgrader", "Assignment List")
        desk.page.wait_for_selector("#released_assignments_list")

    def row(self, state: str, assignment: str) -> Locator:
        """state : `released`, `fetched` or `submitted`."""
        return self.desk.page.locator(f"#{state}_assignments_list .list_item", has_text=assignment).first

    def refresh(self) -> None:
        self.desk.page.locator("#refresh_assignments_list").click()

    def press(self, state: str, assignment: str, button: str) -> None:
        self.row(state, assignment).get_by_role("button", name=button, exact=True).first.click()


class Notebook:
    """The notebook that is open in JupyterLab; its cells are in the page only while they can be seen."""

    def __init__(self, desk: Replies, path: str) -> None:
        self.desk, self.page = desk, desk.page
        self.page.goto(f"{desk.address}/user/{desk.name}/lab/tree/{path}?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self._wait_until_idle()

    def cell(self, text: str) -> Locator:
        """The code cell that holds the text, scrolled to."""
        found = self.page.locator(".jp-CodeCell", has=self.page.locator(".cm-content", has_text=text)).first
        outer = self.page.locator(".jp-WindowedPanel-outer").first
        outer.evaluate("panel => { panel.scrollTop = 0; }")
        for _ in range(80):
            if found.count():
                found.scroll_into_view_if_needed()
                return found
            outer.evaluate("panel => { panel.scrollTop += panel.clientHeight / 2; }")
            self.page.wait_for_timeout(100)
        raise AssertionError(f"no cell holds {text!r}")

    def write(self, text: str, source: str) -> None:
        """Type `source` in place of all that stands in the cell that holds `text`."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)

    def run_all(self) -> None:
        """Run the cells, to the first that fails."""
        self.desk.menu("Run", "Restart Kernel and Run All Cells…")
        self.page.locator(".jp-Dialog button.jp-mod-warn").click()
        prompts = self.page.locator(".jp-Notebook .jp-InputArea-prompt")
        expect(prompts.filter(has_text="[*]")).to_have_count(0)
        self._wait_until_idle()

    def output(self, text: str) -> str:
        """What the cell that holds `text` shows below it."""
        output = self.cell(text).locator(".jp-OutputArea-output")
        output.first.wait_for()
        output.first.scroll_into_view_if_needed()
        return "\n".join(output.all_inner_texts())

    def _wait_until_idle(self) -> None:
        expect(self.page.locator("#jp-bottom-panel")).to_contain_text("| Idle")

    def validate(self) -> str:
        """Press Validate, which saves first; what the dialog says."""
        self.page.locator("jp-button.validate-button").first.click()
        dialog = self.page.locator(".modal.in, .jp-Dialog").first
        dialog.wait_for()
        expect(dialog).to_contain_text(re.compile("Success|fail|Fail|Error|error"))
        said = dialog.inner_text()
        self.desk.shot("validates")
        self.page.keyboard.press("Escape")
        return said


class Formgrader:
    """The instructor's pages, in a frame of JupyterLab."""

    def __init__(self, desk: Replies) -> None:
        self.desk = desk
        desk.page.goto(f"{desk.address}/user/{desk.name}/lab?reset")
        desk.menu("Nbgrader", "Formgrader")
        self.frame = self._frame()

    def _frame(self) -> Frame:
        for _ in range(600):
            for frame in self.desk.page.frames:
                if "/formgrader" in frame.url:
                    frame.wait_for_load_state()
                    return frame
            self.desk.page.wait_for_timeout(100)
        raise AssertionError("no frame holds formgrader")

    def press(self, row: str, column: str) -> str:
        """Press the button in a row's column, wait for the dialog, close it and return what it said."""
        self.frame.locator("tr", has_text=row).locator(f"td.{column} .glyphicon").first.click()
        dialog = self.frame.locator(".modal.in")
        expect(dialog.locator(".modal-title")).to_have_text(re.compile("Success|Error|Warning"))
        self.desk.page.wait_for_timeout(500)  # it slides in
        said = dialog.inner_text()
        self.desk.shot(f"formgrader {column} {row.rsplit('-', 1)[-1]}")
        dialog.locator("button").last.click()
        dialog.wait_for(state="detached")
        return said

    def reload(self) -> None:
        self.frame.goto(f"{self.desk.address}/user/{self.desk.name}/formgrader/manage_assignments")
        self.frame.wait_for_selector("td.assign")

    def open_submissions(self, assignment: str) -> None:
        """The page with a row for each student who has submitted."""
        self.frame.locator("tr", has_text=assignment).locator("td.num-submissions a").click()
        self.frame.wait_for_selector("td.autograde")


class Terminal:
    """A terminal of JupyterLab. It draws its text, so what a command says is read from a file."""

    def __init__(self, desk: Replies) -> None:
        self.desk = desk
        desk.page.goto(f"{desk.address}/user/{desk.name}/lab?reset")
        desk.menu("File", "New")
        desk.page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Terminal$")).click()
        desk.page.wait_for_selector(".jp-Terminal .xterm-screen")
        desk.page.wait_for_timeout(1000)  # the shell's own start
        desk.page.locator(".jp-Terminal .xterm-screen").click()

    def run(self, command: str, done: Path) -> None:
        """Type a command, and wait until it has ended; `done` is a file that is made then."""
        self.desk.page.keyboard.type(f"{command}; touch {done}\n")
        for _ in range(SLOW // 200):
            if done.exists():
                done.unlink()
                return
            self.desk.page.wait_for_timeout(200)
        self.desk.shot("terminal")
        raise AssertionError(f"{command} has not ended")
