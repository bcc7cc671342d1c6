"""Nested metadata of 20 MB in a cell, the notebook, and an output.

attacks: own
mode: file
earns: first=person rest=person
"""

import json


def damage(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"][0]["metadata"]["bulk"] = "here"
    bulk = "[" + ",".join(["{\"a\":[[],{}]}"] * 1_400_000) + "]"
    path.write_text(json.dumps(notebook).replace('"here"', bulk))
