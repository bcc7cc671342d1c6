"""A notebook of a format that there is not.

attacks: 33
mode: file
earns: first=person rest=person
"""

import json


def damage(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**notebook, "nbformat": 10**30, "nbformat_minor": "\ud800"}))
