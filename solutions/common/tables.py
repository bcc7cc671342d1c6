"""A table of results: Markdown in a page or notebook, aligned text elsewhere."""


WAYS = ("NumPy", "PyTorch twin", "PyTorch and autograd")


class Table:
    """Rows under a header; numbers are shown with `digits` significant ones.

    Parameters
    ----------
    header : list of str
    rows : list of sequences, as long as the header
    digits : int
    """

    def __init__(self, header, rows, digits=3):
        self.header = [str(name) for name in header]
        self.rows = [[_shown(value, digits) for value in row] for row in rows]
        if any(len(row) != len(self.header) for row in self.rows):
            raise ValueError(f"every row must have {len(self.header)} values")

    def _repr_markdown_(self):
        rule = ["---"] + ["--:"] * (len(self.header) - 1)
        cells = [self.header, *self.rows]
        header, *rows = [[cell.replace("|", r"\|") for cell in line] for line in cells]
        lines = [header, rule, *rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def __repr__(self):
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(map(str.ljust, line, widths)).rstrip()
            for line in lines
        )


def cost_table(measured, *layers):
    """The medians of `benchmarks/layers.py` for some layers, in ms, each row with what it was measured on.

    Parameters
    ----------
    measured : dict
        The results by device, as they stand in `benchmarks/results/layers.json`.
    layers : str
        The layers' names there.
    """
    rows = []
    for result in measured.values():
        machine = result["machine"]
        times = {(row["what"], row["size"], row["how"]): row["median_us"] / 1000 for row in result["rows"]}
        for what, size in dict.fromkeys(key[:2] for key in times if key[0] in layers):
            ways = [times.get((what, size, how), "") for how in WAYS]
            rows.append([what, size, *ways, f"{machine.get('gpu') or machine['cpu']}, {result['date']}"])
    return Table(["ms, forward and backward", "size", *WAYS, "measured on"], rows)


def _shown(value, digits):
    if isinstance(value, (str, bool, int)):
        return str(value)
    value = float(value)
    if 1000 <= abs(value) < 1e6:            # 1,000 and not 1e+03
        return f"{float(f'{value:.{digits}g}'):,.0f}"
    return f"{value:.{digits}g}"
