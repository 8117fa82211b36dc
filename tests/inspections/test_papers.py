"""The notice, the opinion and the office's two tables, as they are printed."""

import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from estates.models import Estate
from inspections import exports, services
from inspections.models import Inspection, InspectionRound, RectificationOrder
from tests.common.pdf_reading import whole_text
from tests.inspections.conftest import recheck_of
from tests.support.people import Cast
from xingyang_pm.common import jobs
from xingyang_pm.common.models import Job, JobStatus


def printed(kind: str) -> bytes:
    """Run the newest job of ``kind`` as the worker does; return what it printed."""
    job = Job.objects.filter(kind=kind).latest("pk")
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.DONE, job.error
    return job.result.open("rb").read()


def test_the_notice_with_receipt_and_stub(served: RectificationOrder, cast: Cast) -> None:
    text = whole_text(printed("rectification-notice"))
    for part in (
        "责令限期整改通知书",
        "荥房管责改〔2026〕1号",
        "郑州怡馨物业服务有限公司",
        "根据《河南省物业管理条例》第三十九条",
        "于2026年11月18日",
        "城乡清洁行动第1次检查",
        "公开收费标准：公开收费标准有问题",
        "送达回证",
        "直接送达",
        "张利民",
        "张志强、李明轩",
        "存根联",
    ):
        assert part in text, part
    served.refresh_from_db()
    assert served.pdf
    assert served.pdf.open("rb").read().startswith(b"%PDF")


def test_the_opinion_says_item_by_item(replied: RectificationOrder, cast: Cast) -> None:
    recheck_of(replied, cast.inspector, companion="李明轩")
    text = whole_text(printed("recheck-opinion"))
    for part in (
        "复查意见书",
        "荥房管复查〔2026〕1号",
        "荥房管责改〔2026〕1号",
        "已整改",
        "已按要求改正",
        "责令整改的2项问题均已整改到位，予以销号",
        "复查人员：张志强、李明轩",
        "整改前",
        "整改后",
    ):
        assert part in text, part


def test_a_failed_recheck_names_the_new_day(replied: RectificationOrder, cast: Cast) -> None:
    recheck_of(replied, cast.inspector, done=False, new_deadline=dt.date(2026, 11, 30))
    text = whole_text(printed("recheck-opinion"))
    assert "第1项、第2项整改不到位，限2026年11月30日前整改完毕" in text
    assert "未整改" in text


def test_papers_are_handed_out_once_printed(
    order: RectificationOrder, cast: Cast, client_for: Callable[[User], Client]
) -> None:
    url = reverse("inspections:order-notice", args=[order.pk])
    client = client_for(cast.street_clerk)
    assert client.get(url).status_code == 404
    printed("rectification-notice")
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"


def test_a_notice_printed_twice_is_the_same_paper(served: RectificationOrder) -> None:
    first = printed("rectification-notice")
    services.enqueue_notice(order=served, actor=served.issued_by)
    assert printed("rectification-notice") == first


def sheet_of(path: Path) -> list[list[Any]]:
    book = openpyxl.load_workbook(path)
    return [list(row) for row in book.active.iter_rows(values_only=True)]


def header_of(rows: list[list[Any]]) -> list[Any]:
    return next(row for row in rows if row[0] == "序号")


def test_the_summary_has_the_columns_of_the_office(
    round: InspectionRound,
    order: RectificationOrder,
    report: Callable[..., Inspection],
    other_estate: Estate,
    cast: Cast,
    tmp_path: Path,
) -> None:
    report(other_estate)
    path = tmp_path / "summary.xlsx"
    assert exports.write_summary(path, round=round, user=cast.city_manager) == 2
    rows = sheet_of(path)
    assert rows[0][0] == "城乡清洁行动 第1次检查汇总表"
    head = header_of(rows)
    assert head[:6] == ["序号", "小区名称", "物业企业", "检查日期", "检查人", "各大项得分"]
    assert head[7:] == [
        "总分", "排名", "主要问题", "整改期限", "整改情况", "复查结果", "备注",
    ]  # fmt: skip
    data = [row for row in rows if row[1] in {"纺织厂家属院", "水利局家属院"}]
    assert [(row[1], float(row[7]), row[8]) for row in data] == [
        ("水利局家属院", 100.0, 1),
        ("纺织厂家属院", 96.0, 2),
    ]
    assert data[1][9] == "1.1 公开收费标准有问题；2.1 楼道无堆物、通道畅通有问题"
    assert data[1][11] == "待整改"
    # A street's copy holds its own estates, under its own name, with the places of the city.
    assert exports.write_summary(path, round=round, user=cast.street_clerk) == 1
    rows = sheet_of(path)
    assert any("填报单位：索河街道办事处" in str(cell) for row in rows for cell in row if cell)
    assert [row[8] for row in rows if row[1] == "纺织厂家属院"] == [2]


@pytest.mark.worker
@pytest.mark.usefixtures("celery_worker")
def test_a_real_worker_prints_the_notice(order: RectificationOrder) -> None:
    """From the act to the paper with nothing in between but the queue."""
    for _ in range(300):
        job = Job.objects.get(kind="rectification-notice")
        if job.status in {JobStatus.DONE, JobStatus.FAILED}:
            break
        time.sleep(0.1)
    assert job.status == JobStatus.DONE, job.error
    order.refresh_from_db()
    assert order.pdf.open("rb").read().startswith(b"%PDF")
