"""双随机抽查结果: the paper of a public draw, with all that is needed to repeat it by hand."""

from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile

from inspections import selectors
from inspections.models import RoundDraw
from inspections.services import pool_digest
from inspections.services.draws import DRAW_PDF
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.formats import local
from xingyang_pm.common.pdf.render import render_pdf

TEMPLATE = "print/draw.html"
# How anybody can work the draw out again, with any tool that computes SHA-256. It says the same
# as ``calculations.public_draw``; a test follows these words.
METHOD = (
    "每个小区算一个校验值：把种子、竖线“|”、小区编号连成一行（UTF-8，不加空格和换行），取 SHA-256，"
    "写成小写十六进制。每名检查员同样用账号算一个校验值。",
    "抽小区：各街道（乡镇）分开，本街道的小区按校验值从小到大排列，取前面的若干个。"
    "按比例抽的，小区数乘比例后四舍五入；不足 1 个的取 1 个，个数不超过本街道小区总数。",
    "排检查员：检查员按校验值从小到大定次序。全部抽中的小区按校验值从小到大逐个安排，"
    "每个小区给非本人分包的检查员中已排最少的一人，同样少的给次序在前的。",
    "均衡：有人比别人多两个及以上的，从最多的人起（同样多的次序在前的先），看其名下的小区能否转给"
    "少两个及以上的人，不能直接转的经别人依次转手；按次序逐人找，取转手最少的一条，每次转出各人"
    "名下最先排到而对方不分包的一个小区。转一次重新比较，直到不能再转。",
)


def draw_context(draw: RoundDraw) -> dict[str, Any]:
    """Return the plain data of ``print/draw.html``."""
    pool = draw.pool
    rows = selectors.drawn_estates(draw)
    total = sum(len(street["estates"]) for street in pool["streets"])
    drawn_on = local(draw.drawn_at)
    return {
        "title": f"{draw.round}双随机抽查结果",
        "unit_left": f"填报单位：{settings.OFFICE_NAME}",
        "unit_middle": f"抽取时间：{clock.chinese_date(drawn_on.date())}{drawn_on:%H:%M}",
        "unit_right": f"共 {len(rows)} 个小区",
        "facts": [
            ("检查表", str(draw.round.checklist)),
            ("检查时间", f"{draw.round.start_date} 至 {draw.round.end_date}"),
            ("种子", draw.seed),
            ("种子来源", draw.seed_origin),
            ("抽取数量", draw.share_words),
            ("抽取名单", f"{len(pool['streets'])} 个街道（乡镇） {total} 个小区"),
            (
                "检查员",
                "、".join(f"{row['name']}（{row['username']}）" for row in pool["inspectors"]),
            ),
            ("见证人", draw.witnesses),
            ("名单校验值", pool_digest(pool)),
            ("结果校验值", draw.digest),
        ],
        "table": {
            "columns": [
                {"label": "序号", "width": 12, "align": "center"},
                {"label": "街道（乡镇）", "width": 34},
                {"label": "小区编号", "width": 24, "align": "center"},
                {"label": "小区"},
                {"label": "检查员", "width": 26, "align": "center"},
                {"label": "分包干部", "width": 26, "align": "center"},
                {"label": "校验值前 12 位", "width": 40, "align": "center"},
            ],
            "rows": [
                [
                    row.place, row.street, row.code, row.estate, row.inspector,
                    row.officer or "—", row.key[:12],
                ]
                for row in rows
            ],
        },
        "method": METHOD,
        "pool": [
            {
                "name": street["name"],
                "count": len(street["estates"]),
                "estates": "、".join(
                    f"{row['code']}{row['name']}" + (f"（{row['officer']}）" * bool(row["officer"]))
                    for row in street["estates"]
                ),
            }
            for street in pool["streets"]
        ],
        "signatures": ["抽取人：", "见证人：", "见证人：", "科室负责人："],
        "document_date": drawn_on.date(),
    }  # fmt: skip


@jobs.handler(DRAW_PDF, title="双随机抽查结果")
def print_draw(job: jobs.RunningJob) -> None:
    """Print the result of a draw, and keep it with the draw."""
    draw = RoundDraw.objects.select_related("round__checklist").get(pk=job.params["draw"])
    job.progress(0, 1, "正在排版")
    content = render_pdf(TEMPLATE, draw_context(draw), title=f"{draw.round} 双随机抽查结果")
    draw.pdf.save("draw.pdf", ContentFile(content), save=False)
    RoundDraw.objects.filter(pk=draw.pk).update(pdf=draw.pdf.name)
    job.attach(f"{draw.round} 双随机抽查结果.pdf", content)
    job.progress(1, 1, "已排好")
