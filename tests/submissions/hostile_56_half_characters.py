"""Writes halves of characters, NUL and a cell of 20 MB into its notebook.

attacks: own
mode: file
earns: first=full rest=full
"""

import json


def damage(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    extra = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"].append({**extra, "id": "half", "source": "x = '\ud800\0'"})
    notebook["cells"].append({**extra, "id": "long", "source": "#" * 20_000_000})
    notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "id": "text", "source": "\udfff \0 \x1b[2J"})
    path.write_text(json.dumps(notebook))
