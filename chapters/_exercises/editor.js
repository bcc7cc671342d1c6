// The editor that takes the place of a card's text field: Tab indents, Esc leaves.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { LanguageSupport, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

/** Puts an editor in the place of `field`; the editor, whose text is read by `read` and changed by `write`. */
export function edit(field, { changed, run, leave }) {
  const had = document.activeElement === field;
  const done = (act) => () => { act(); return true; };
  const view = new EditorView({
    parent: field.parentNode,
    state: EditorState.create({
      doc: field.value,
      selection: { anchor: Math.min(field.selectionStart, field.value.length) },
      extensions: [
        lineNumbers(), history(), drawSelection(), indentOnInput(), bracketMatching(), indentUnit.of("    "),
        syntaxHighlighting(classHighlighter), new LanguageSupport(pythonLanguage),
        keymap.of([{ key: "Mod-Enter", run: done(run) }, { key: "Escape", run: done(leave) }, indentWithTab,
          ...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({
          "aria-label": field.getAttribute("aria-label"), "aria-describedby": field.getAttribute("aria-describedby"),
        }),
        EditorView.updateListener.of((update) => { if (update.docChanged) changed(); }),
      ],
    }),
  });
  field.hidden = true;
  if (had) view.focus();
  return {
    read: () => view.state.doc.toString(),
    write: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
  };
}
