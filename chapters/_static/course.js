// What is wider than the page scrolls in its own frame; a frame that scrolls can be reached with the keyboard.
const FRAMES = ".katex-display > .katex, .figure-frame, .pst-scrollable-table-container";

function mark() {
  for (const frame of document.querySelectorAll(FRAMES)) {
    if (frame.scrollWidth > frame.clientWidth + 1) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }
}

window.addEventListener("load", mark);
window.addEventListener("resize", mark);
