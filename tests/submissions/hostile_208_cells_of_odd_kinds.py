"""Cells that are no cells: null, a number, a list, one without a type, sources and metadata of odd types.

attacks: 33
mode: file
earns: first=person rest=person
"""

import json


def damage(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] += [None, 3, [], {}, {"cell_type": "code"}, {"cell_type": ["code"], "source": {}, "metadata": []}]
    path.write_text(json.dumps(notebook))
