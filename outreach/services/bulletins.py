"""The life of a bulletin: drafted from a round, edited, sent, signed by another, printed."""

import json
import re
from typing import Any

from accounts.models import User
from inspections.models import InspectionRound
from inspections.selectors import round_figures
from outreach.calculations import BLOCK_KINDS, mismatches
from outreach.choices import DRAFTERS, SIGNERS, BulletinStatus
from outreach.models import Bulletin
from outreach.selectors import ALL_YEARS, RUNNING_SERIES, SERIES
from xingyang_pm.common import clock, jobs
from xingyang_pm.common.access import require
from xingyang_pm.common.audit import record
from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.guarding import guarded
from xingyang_pm.common.numbers import next_number
from xingyang_pm.common.states import move

from .drafting import draft_of_round

RENDER = "bulletin-render"
MAX_BLOCKS = 200
MAX_TEXT = 3000
# What comes along with pasted text and no database keeps: NUL, and half of a surrogate pair.
_NOT_KEPT = re.compile(r"[\x00\ud800-\udfff]")

REPORT_TO = "市委办，市政府办，郑州市住房保障和房地产管理局"
SEND_TO = "各街道办事处、乡镇人民政府，有关单位"
ISSUE_TO = "各物业服务企业"


def bulletin_draft(*, round: InspectionRound, actor: User) -> Bulletin:
    """Draft a bulletin from the results of a round and freeze its figures."""
    require(actor, DRAFTERS, "简报由房管中心科室负责人拟稿。")
    with guarded():
        figures = round_figures(round)
        if not figures.inspected:
            raise BusinessError(f"{round} 还没有上报的检查记录，不能拟稿。")
        draft = draft_of_round(round, figures)
        moment = clock.now()
        bulletin = Bulletin(
            year=moment.year,
            title=draft.title,
            round=round,
            blocks=draft.blocks,
            figures=draft.figures,
            report_to=REPORT_TO,
            send_to=SEND_TO,
            issue_to=ISSUE_TO,
            drafted_by=actor,
            drafted_at=moment,
            updated_at=moment,
        )
        bulletin.full_clean()
        bulletin.save()
        record(
            actor=actor,
            verb="bulletin.draft",
            target=bulletin,
            subjects=[round],
            summary=f"按 {round} 的结果拟稿，冻结 {len(draft.figures)} 处数据",
            tag="简报",
            tone="b",
        )
    return bulletin


def _text(value: Any) -> str:
    return _NOT_KEPT.sub("", "" if value is None else str(value)).strip()


def clean_blocks(blocks: Any, kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return ``blocks`` as they may be stored.

    Tables and the keys of frozen figures come from ``kept`` by their ``key``: an editor may
    move, hide or remove them, never change what they state.
    """
    if not isinstance(blocks, list) or len(blocks) > MAX_BLOCKS:
        raise BusinessError(f"正文最多 {MAX_BLOCKS} 段。")
    known = {block["key"]: block for block in kept}
    cleaned = []
    for position, block in enumerate(blocks):
        if not isinstance(block, dict) or block.get("kind") not in BLOCK_KINDS:
            raise BusinessError(f"第 {position + 1} 段不是标题、段落或表格，没有保存。")
        key = _text(block.get("key"))
        source = known.get(key, {})
        hidden = bool(block.get("hidden"))
        if block["kind"] == "table":
            if not source:
                raise BusinessError("表格取自冻结数据，不能自行增加。")
            cleaned.append({**source, "hidden": hidden})
            continue
        text = _text(block.get("text"))
        if len(text) > MAX_TEXT:
            raise BusinessError(f"第 {position + 1} 段超过 {MAX_TEXT} 字，请分段。")
        if not text:
            continue
        cleaned.append(
            {
                "key": (key or f"n{position}")[:20],
                "kind": block["kind"],
                "text": text,
                "facts": source.get("facts", []),
                "hidden": hidden,
            }
        )
    return cleaned


def _lock(bulletin: Bulletin) -> Bulletin:
    return Bulletin.objects.select_for_update(of=("self",)).get(pk=bulletin.pk)


def bulletin_save(*, bulletin: Bulletin, actor: User, title: str, blocks: Any) -> Bulletin:
    """Keep the text of a draft."""
    require(actor, DRAFTERS, "简报由房管中心科室负责人修改。")
    with guarded():
        bulletin = _lock(bulletin)
        if bulletin.status != BulletinStatus.DRAFT:
            raise BusinessError(f"简报{bulletin.get_status_display()}，不能再改。", code="stale")
        before = {"title": bulletin.title, "blocks": bulletin.blocks}
        bulletin.title = _text(title)
        bulletin.blocks = clean_blocks(blocks, bulletin.blocks)
        bulletin.updated_at = clock.now()
        bulletin.full_clean()
        after = {"title": bulletin.title, "blocks": bulletin.blocks}
        if json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True):
            return bulletin
        bulletin.save(update_fields=["title", "blocks", "updated_at"])
        record(
            actor=actor,
            verb="bulletin.save",
            target=bulletin,
            summary="修改简报文字",
            before=before,
            after=after,
            tag="简报",
        )
    return bulletin


def bulletin_submit(*, bulletin: Bulletin, actor: User) -> Bulletin:
    """Send a draft to be signed. Numbers that differ from the frozen figures stop it, doubts
    do not: the signer reads them, too."""
    require(actor, DRAFTERS, "简报由房管中心科室负责人送签。")
    with guarded():
        bulletin = _lock(bulletin)
        wrong = mismatches(bulletin.blocks, bulletin.figure_map)
        if wrong:
            raise BusinessError(
                f"{len(wrong)} 处文字与冻结数据不符：{wrong[0].label} {wrong[0].sentence}。"
                "请改正后再送签。",
                code="mismatch",
            )
        if not bulletin.visible_blocks:
            raise BusinessError("简报没有正文，不能送签。")
        move(
            bulletin,
            source=BulletinStatus.DRAFT,
            target=BulletinStatus.REVIEW,
            return_reason="",
            updated_at=clock.now(),
        )
        record(
            actor=actor,
            verb="bulletin.submit",
            target=bulletin,
            summary="送签",
            tag="简报",
            tone="a",
        )
    return bulletin


def bulletin_return(*, bulletin: Bulletin, actor: User, reason: str) -> Bulletin:
    """Send a bulletin back to its drafter with a sentence."""
    require(actor, SIGNERS, "简报由分管领导签发或退回。")
    if not reason.strip():
        raise BusinessError("请写明退回原因。", field="reason")
    with guarded():
        move(
            bulletin,
            source=BulletinStatus.REVIEW,
            target=BulletinStatus.DRAFT,
            return_reason=reason.strip()[:200],
            updated_at=clock.now(),
        )
        record(
            actor=actor,
            verb="bulletin.return",
            target=bulletin,
            summary=f"退回：{reason.strip()}",
            reason=reason,
            tag="简报",
            tone="a",
        )
    return bulletin


def bulletin_sign(*, bulletin: Bulletin, actor: User) -> Bulletin:
    """Sign a bulletin: it gets its number and its date, is frozen, and goes to the printer.

    The year of the number is the year of the date beside it, that of the signature.
    """
    require(actor, SIGNERS, "简报由分管领导签发。")
    with guarded():
        bulletin = _lock(bulletin)
        if bulletin.drafted_by_id == actor.pk:
            raise BusinessError("拟稿人不能签发自己拟的简报。", code="same_person")
        moment = clock.now()
        number = next_number(SERIES, moment.year)
        running = next_number(RUNNING_SERIES, ALL_YEARS)
        move(
            bulletin,
            source=BulletinStatus.REVIEW,
            target=BulletinStatus.ISSUED,
            year=moment.year,
            number=number,
            running_number=running,
            signed_by=actor,
            signed_at=moment,
            updated_at=moment,
        )
        record(
            actor=actor,
            verb="bulletin.sign",
            target=bulletin,
            subjects=[bulletin.round] if bulletin.round else [],
            summary=f"签发 {bulletin.year}年第{bulletin.number}期",
            tag="简报",
            tone="g",
        )
        bulletin_print(bulletin=bulletin, actor=actor)
    return bulletin


def bulletin_print(*, bulletin: Bulletin, actor: User) -> jobs.Job:
    """Have the signed bulletin set as PDF; asked twice, it is one job."""
    if bulletin.status != BulletinStatus.ISSUED:
        raise BusinessError("签发后才能排版成文件，签发前请看版面预览。")
    job = jobs.enqueue(
        RENDER,
        owner=actor,
        params={"bulletin": bulletin.pk},
        dedupe_key=f"{RENDER}:{bulletin.pk}",
        title=f"{bulletin} 排版",
    )
    Bulletin.objects.filter(pk=bulletin.pk).update(job=job)
    bulletin.job = job
    return job
