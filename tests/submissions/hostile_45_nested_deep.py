"""A notebook of JSON that is nested ten thousand deep.

attacks: 33
mode: file
earns: first=person rest=person
"""


def damage(path):
    path.write_text('{"cells": ' + "[" * 10_000 + "]" * 10_000 + "}")
