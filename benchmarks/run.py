"""``python -m benchmarks.run PART``: one part on the database of this environment, as JSON lines.

Each part is a process of its own, so that its peak of memory is its own.
"""

import json
import sys

import django


def main(part: str, factor: int) -> None:
    django.setup()
    # Models exist only from here on.
    from benchmarks import city, pages, workbooks  # noqa: PLC0415  as said
    from xingyang_pm.common.audit import audit_context  # noqa: PLC0415  as said

    if part == "city":
        city.enlarge(factor, lambda text: print(f"  {text}", file=sys.stderr, flush=True))
        return
    if part == "settle":
        city.settle()
        return
    parts = {"list": pages.measure, "export": workbooks.export, "import": workbooks.imports}
    with audit_context("benchmark"):
        for pair in parts[part]():
            print(json.dumps(pair.as_json(), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
