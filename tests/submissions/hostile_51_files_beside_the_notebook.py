"""Hands in modules that would shadow the grader's own, and settings, where something imports from that folder.

attacks: own
mode: inbound
earns: first=full rest=full
"""

PAYLOAD = "open({!r}, 'w').close()\n"
NAMES = (
    "numpy.py sitecustomize.py usercustomize.py nbgrader_config.py nbformat.py json.py conftest.py autograder.py "
    "evil.pth jupyter_config.py ipython_config.py setup.py torch.py"
)


def damage(folder, places):
    for name in NAMES.split():
        (folder / name).write_text(PAYLOAD.format(f"{places['outside']}/{name}"))
    (folder / "autograder").mkdir()
    (folder / "autograder" / "__init__.py").write_text(PAYLOAD.format(f"{places['outside']}/package"))
