"""Tables of Markdown."""


def dollars(amount):
    return f"{amount:,.2f}" if amount else ""


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|---" * len(heads) + "|"
    for cells in rows:
        yield "| " + " | ".join(str(cell) for cell in cells) + " |"
