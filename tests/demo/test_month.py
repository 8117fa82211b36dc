"""``manage.py demo``: the month of the office, from a bare database to its papers."""

import hashlib
import io
import json
import subprocess
import sys

import openpyxl
import pytest
from pypdf import PdfReader

from tests.support.environment import PROJECT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "manage.py", "demo", "--out", str(out)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return out


@pytest.fixture(scope="module")
def index(folder):
    return {line["file"]: line for line in json.loads((folder / "index.json").read_text())}


def test_the_index_names_each_file_with_its_hash(folder, index):
    assert set(index) == {"补贴汇总表.xlsx", "整改通知书.pdf", "工作简报.pdf"}
    for name, line in index.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == line["sha256"]


def test_a_full_month_is_what_the_article_makes_of_it(folder, index):
    figures = index["补贴汇总表.xlsx"]["figures"]
    assert (figures["estates"], figures["buildings"], figures["households"]) == (432, 1253, 35279)
    assert figures["total_yuan"] == "352790.00"
    book = openpyxl.load_workbook(io.BytesIO((folder / "补贴汇总表.xlsx").read_bytes()))
    rows = [[cell for cell in row if cell is not None] for row in book.active.values]
    total = next(row for row in rows if row and str(row[0]).replace("　", "") == "合计")
    assert [value for value in total if isinstance(value, int)][:3] == [432, 1253, 35279]
    assert any("人民币叁拾伍万贰仟柒佰玖拾元整" in str(cell) for row in rows for cell in row)


def test_the_order_was_closed_and_the_bulletin_signed_by_another(folder, index):
    assert index["整改通知书.pdf"]["figures"]["status"] == "已销号"
    bulletin = index["工作简报.pdf"]["figures"]
    assert bulletin["drafted_by"] != bulletin["signed_by"]
    text = "".join(page.extract_text() for page in PdfReader(folder / "工作简报.pdf").pages)
    assert "第1期" in text
    assert "金水花园" in text
