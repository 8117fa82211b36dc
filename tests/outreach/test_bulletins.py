"""The life of a bulletin: drafted from a round, edited, sent, signed by another, frozen."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db.models import F

from accounts.choices import Role
from inspections.services import checklist_activate
from outreach.choices import BulletinStatus
from outreach.models import Bulletin
from outreach.services import bulletins
from tests.inspections.conftest import (
    make_checklist,
    make_round,
    order_over,
    recheck_of,
    reply_to,
    report_on,
    serve,
)
from tests.outreach.conftest import brought_to, with_text
from xingyang_pm.common import audit, clock
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState
from xingyang_pm.common.models import AuditEntry, NumberSeries

MAY = {
    "draft": "city_manager",
    "save": "city_manager",
    "submit": "city_manager",
    "return": "bureau_leader",
    "sign": "bureau_leader",
}
BEFORE = {"save": "draft", "submit": "draft", "return": "review", "sign": "review"}


def act(name: str, bulletin: Bulletin, actor):
    """Do one step of a bulletin's life."""
    if name == "draft":
        return bulletins.bulletin_draft(round=bulletin.round, actor=actor)
    if name == "save":
        return bulletins.bulletin_save(
            bulletin=bulletin, actor=actor, title="改过的标题", blocks=bulletin.blocks
        )
    if name == "return":
        return bulletins.bulletin_return(bulletin=bulletin, actor=actor, reason="再核一次")
    service = {"submit": bulletins.bulletin_submit, "sign": bulletins.bulletin_sign}[name]
    return service(bulletin=bulletin, actor=actor)


def text_of(bulletin: Bulletin, key: str) -> str:
    return next(block["text"] for block in bulletin.blocks if block["key"] == key)


# --- Drafting --------------------------------------------------------------------------------


def test_a_draft_states_the_rounds_results(draft: Bulletin):
    """Two of two inspected, 96 and 69.9 points; three failed items, one of a public disclosure."""
    assert draft.title == "关于城乡清洁行动第1次检查情况的通报"
    assert (draft.status, draft.year, draft.number) == (BulletinStatus.DRAFT, 2026, None)
    assert {key: figure["value"] for key, figure in draft.figure_map.items()} == {
        "covered": "2",
        "inspected": "2",
        "average": "83.0",
        "high": "1",
        "middle": "0",
        "low": "1",
        "failed": "3",
        "incomplete": "1",
        "orders": "0",
        "closed": "0",
    }
    assert "2026年11月2日至2026年11月25日" in text_of(draft, "b0")
    assert "已检查2个，平均得分83.0分" in text_of(draft, "b2")
    assert "共发现问题3处，1个小区四公开公示不全" in text_of(draft, "b4")
    ranking = next(block for block in draft.blocks if block.get("caption") == "各小区检查得分表")
    assert [(row[0], row[1], row[4]) for row in ranking["rows"]] == [
        (1, "纺织厂家属院", "96.0"),
        (2, "水利局家属院", "69.9"),
    ]
    told = audit.timeline(draft.round)[0]
    assert (told.verb, told.summary) == (
        "bulletin.draft",
        "按 城乡清洁行动 第1次检查 的结果拟稿，冻结 10 处数据",
    )


def test_the_bands_are_those_of_the_rounds_checklist(provider, estate, other_estate, cast):
    """A form of 50 points: 48 is in the top band although it is under 90; a veto is 34.9."""
    manager = cast.city_manager
    bounds = {"full_score": 50, "excellent_score": 45, "good_score": Decimal("37.5"),
              "pass_score": 35}  # fmt: skip
    checklist = make_checklist(manager, **bounds)
    checklist.items.update(points=F("points") / 2, deduction_step=F("deduction_step") / 2)
    round = make_round(manager, checklist_activate(checklist=checklist, actor=manager))
    report_on(estate, cast.inspector, round=round, failed=(0, 2))
    report_on(other_estate, cast.inspector, round=round, failed=(3,))
    made = bulletins.bulletin_draft(round=round, actor=manager)
    assert (
        "平均得分41.5分（满分50分）。其中45分以上1个，37.5分至45分0个，37.5分以下1个。"
        in text_of(made, "b2")
    )
    assert made.figure_map["middle"]["label"] == "37.5分至45分（个）"
    assert bulletins.bulletin_submit(bulletin=made, actor=manager).status == "review"


def test_what_happens_in_the_round_later_changes_no_frozen_figure(draft: Bulletin, estate, cast):
    before = (draft.blocks, draft.figures)
    order = serve(order_over(estate.inspections.get(), cast.inspector), cast.inspector)
    reply_to(order, cast.street_clerk)
    order.refresh_from_db()
    recheck_of(order, cast.inspector)
    draft.refresh_from_db()
    assert (draft.blocks, draft.figures) == before
    # A draft made now knows of it.
    second = bulletins.bulletin_draft(round=draft.round, actor=cast.city_manager)
    assert (second.figure_map["orders"]["value"], second.figure_map["closed"]["value"]) == (
        "1",
        "1",
    )


def test_a_round_without_results_gives_no_bulletin(open_round, estate, cast):
    with pytest.raises(BusinessError, match="还没有上报的检查记录，不能拟稿"):
        bulletins.bulletin_draft(round=open_round, actor=cast.city_manager)
    assert not Bulletin.objects.exists()
    report_on(estate, cast.inspector, round=open_round)
    made = bulletins.bulletin_draft(round=open_round, actor=cast.city_manager)
    assert made.figure_map["inspected"]["value"] == "1"
    # Where nothing failed there is no table of problems.
    captions = [block["caption"] for block in made.blocks if block["kind"] == "table"]
    assert captions == ["各小区检查得分表"]


@pytest.mark.parametrize("name", list(MAY))
def test_each_step_lets_its_own_role_pass_and_nobody_else(name, round, cast):
    bulletin = brought_to(BEFORE.get(name, "draft"), round, cast)
    for part, actor in cast.people.items():
        if part == MAY[name]:
            continue
        with pytest.raises(NotPermitted) as refused:
            act(name, bulletin, actor)
        assert refused.value.message.startswith("简报由")
    bulletin.refresh_from_db()
    assert bulletin.status == BEFORE.get(name, "draft")
    assert Bulletin.objects.count() == 1
    act(name, bulletin, cast.people[MAY[name]])
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.actor) == (f"bulletin.{name}", cast.people[MAY[name]])


# --- Editing ---------------------------------------------------------------------------------


def test_a_changed_number_stops_the_bulletin_until_it_is_put_right(draft: Bulletin, cast):
    manager = cast.city_manager
    wrong = with_text(draft, "90分以上1个", "90分以上7个")
    saved = bulletins.bulletin_save(bulletin=draft, actor=manager, title=draft.title, blocks=wrong)
    with pytest.raises(BusinessError) as refused:
        bulletins.bulletin_submit(bulletin=saved, actor=manager)
    assert refused.value.code == "mismatch"
    assert refused.value.message == (
        "1 处文字与冻结数据不符：90分以上（个） 文字写 7，冻结数据为 1。请改正后再送签。"
    )
    right = with_text(saved, "90分以上7个", "90分以上1个")
    saved = bulletins.bulletin_save(bulletin=saved, actor=manager, title=draft.title, blocks=right)
    assert bulletins.bulletin_submit(bulletin=saved, actor=manager).status == "review"


def test_a_section_that_is_not_printed_is_not_held_against_the_figures(draft: Bulletin, cast):
    blocks = with_text(draft, "90分以上1个", "90分以上7个")
    blocks[2]["hidden"] = True
    saved = bulletins.bulletin_save(
        bulletin=draft, actor=cast.city_manager, title=draft.title, blocks=blocks
    )
    assert "b2" not in [block["key"] for block in saved.visible_blocks]
    assert bulletins.bulletin_submit(bulletin=saved, actor=cast.city_manager).status == "review"


def test_tables_and_the_keys_of_figures_are_not_the_editors(draft: Bulletin, cast):
    """A forged request may move or hide a table; what it states comes from the draft."""
    before = {block["key"]: block for block in draft.blocks}
    sent = [{**block, "rows": [["作假", 0, 0]], "facts": []} for block in reversed(draft.blocks)]
    sent.append({"key": "x", "kind": "p", "text": "新写的一段，共9处。", "facts": ["failed"]})
    saved = bulletins.bulletin_save(
        bulletin=draft, actor=cast.city_manager, title=draft.title, blocks=sent
    )
    kept = {block["key"]: block for block in saved.blocks}
    for key, block in before.items():
        assert kept[key].get("rows") == block.get("rows")
        assert kept[key].get("facts", []) == block.get("facts", [])
    assert kept["x"]["facts"] == []


def test_bad_text_is_refused_in_a_sentence_and_nothing_is_kept(draft: Bulletin, cast):
    for blocks, sentence in (
        ("不是列表", "正文最多 200 段"),
        ([{"kind": "p", "text": "一"}] * 201, "正文最多 200 段"),
        ([{"kind": "p", "text": "一"}, "二"], "第 2 段不是标题、段落或表格"),
        ([{"kind": "script", "text": "一"}], "第 1 段不是标题、段落或表格"),
        ([{"kind": "table", "rows": [["自己加的"]]}], "表格取自冻结数据，不能自行增加"),
        ([{"kind": "p", "text": "长" * 3001}], "第 1 段超过 3000 字，请分段"),
    ):
        with pytest.raises(BusinessError, match=sentence):
            bulletins.bulletin_save(
                bulletin=draft, actor=cast.city_manager, title="新标题", blocks=blocks
            )
    kept = Bulletin.objects.get()
    assert (kept.title, kept.blocks) == (draft.title, draft.blocks)


def test_a_title_is_needed_and_fits_its_line(draft: Bulletin, cast):
    for title in ("", "  ", "长" * 81):
        with pytest.raises(BusinessError) as refused:
            bulletins.bulletin_save(
                bulletin=draft, actor=cast.city_manager, title=title, blocks=draft.blocks
            )
        assert refused.value.field == "title"
        assert any("一" <= letter <= "鿿" for letter in refused.value.message)


@pytest.mark.both_databases
def test_letters_that_no_database_keeps_are_left_out(draft, cast):
    """Pasted text brings NUL along; PostgreSQL would refuse the whole bulletin for it."""
    blocks = [
        {"key": "a\x00", "kind": "p", "text": "一\x00二\ud800三"},
        {"kind": "p", "text": None},
    ]
    bulletins.bulletin_save(
        bulletin=draft, actor=cast.city_manager, title="情况\x00通\udfff报", blocks=blocks
    )
    kept = Bulletin.objects.get()
    assert kept.title == "情况通报"
    assert [(block["key"], block["text"]) for block in kept.blocks] == [("a", "一二三")]


def test_saving_the_same_text_again_writes_nothing(draft, cast):
    manager = cast.city_manager
    for _ in range(3):
        draft = bulletins.bulletin_save(
            bulletin=draft, actor=manager, title="新标题", blocks=draft.blocks
        )
    entries = AuditEntry.objects.filter(verb="bulletin.save")
    assert [(entry.before["title"], entry.after["title"]) for entry in entries] == [
        ("关于城乡清洁行动第1次检查情况的通报", "新标题")
    ]


def test_a_bulletin_of_which_nothing_is_printed_is_not_sent(draft, cast):
    hidden = [{**block, "hidden": True} for block in draft.blocks]
    saved = bulletins.bulletin_save(
        bulletin=draft, actor=cast.city_manager, title=draft.title, blocks=hidden
    )
    with pytest.raises(BusinessError, match="简报没有正文，不能送签"):
        bulletins.bulletin_submit(bulletin=saved, actor=cast.city_manager)


# --- Sending back, signing -------------------------------------------------------------------


def test_sent_back_with_a_sentence_it_goes_the_way_again(sent: Bulletin, cast):
    with pytest.raises(BusinessError, match="请写明退回原因"):
        bulletins.bulletin_return(bulletin=sent, actor=cast.bureau_leader, reason="  ")
    back = bulletins.bulletin_return(
        bulletin=sent, actor=cast.bureau_leader, reason=" 请补下步要求 "
    )
    assert (back.status, back.return_reason) == ("draft", "请补下步要求")
    again = bulletins.bulletin_submit(bulletin=back, actor=cast.city_manager)
    assert (again.status, again.return_reason) == ("review", "")
    bulletins.bulletin_sign(bulletin=again, actor=cast.bureau_leader)
    said = [entry.summary for entry in audit.timeline(sent)]
    assert said == [
        "签发 2026年第1期",
        "送签",
        "退回：请补下步要求",
        "送签",
        "按 城乡清洁行动 第1次检查 的结果拟稿，冻结 10 处数据",
    ]


def test_the_drafter_does_not_sign_his_own_whatever_he_holds(round, cast, make_person):
    both = make_person("jianren", cast.bureau, Role.BUREAU_MANAGER, Role.BUREAU_LEADER)
    own = bulletins.bulletin_draft(round=round, actor=both)
    own = bulletins.bulletin_submit(bulletin=own, actor=cast.city_manager)
    with pytest.raises(BusinessError, match="拟稿人不能签发自己拟的简报") as refused:
        bulletins.bulletin_sign(bulletin=own, actor=both)
    assert refused.value.code == "same_person"
    own.refresh_from_db()
    assert (own.status, own.number, own.signed_by) == ("review", None, None)
    # The number that the attempt might have taken went back.
    assert bulletins.bulletin_sign(bulletin=own, actor=cast.bureau_leader).number == 1


def test_the_issue_number_begins_anew_each_year_and_the_running_one_goes_on(round, cast):
    first, second = (brought_to("issued", round, cast) for _ in range(2))
    next_year = brought_to("draft", round, cast)
    next_year = bulletins.bulletin_submit(bulletin=next_year, actor=cast.city_manager)
    with clock.freeze(dt.date(2027, 1, 4)):
        next_year = bulletins.bulletin_sign(bulletin=next_year, actor=cast.bureau_leader)
    assert [(one.year, one.number, one.running_number) for one in (first, second, next_year)] == [
        (2026, 1, 1),
        (2026, 2, 2),
        (2027, 1, 3),
    ]
    assert str(second) == "工作简报 2026年第2期"


def test_the_year_of_a_number_is_that_of_the_signature(round, cast):
    """Both report the round of November. Ten past midnight in Shanghai is still the old year
    by the clock of the world."""
    waiting = [brought_to("review", round, cast) for _ in range(2)]
    assert {str(one) for one in waiting} == {"工作简报（未编号）"}
    signed = []
    for one, minutes in zip(waiting, (-10, 10), strict=True):
        moment = clock.at(dt.date(2027, 1, 1), 0) + dt.timedelta(minutes=minutes)
        with clock.freeze(moment):
            signed.append(bulletins.bulletin_sign(bulletin=one, actor=cast.bureau_leader))
    assert [(one.year, one.number, one.running_number) for one in signed] == [
        (2026, 1, 1),
        (2027, 1, 2),
    ]
    assert audit.timeline(signed[1])[0].summary == "签发 2027年第1期"


def test_a_signature_says_who_and_when_and_orders_one_print(issued: Bulletin, cast):
    assert (issued.status, issued.signed_by, issued.drafted_by) == (
        "issued",
        cast.bureau_leader,
        cast.city_manager,
    )
    assert issued.signed_at == clock.at(dt.date(2026, 11, 18))
    assert issued.job.title == "工作简报 2026年第1期 排版"
    again = bulletins.bulletin_print(bulletin=issued, actor=cast.city_manager)
    assert again == issued.job


def test_a_second_signature_has_no_effect(issued: Bulletin, cast):
    with pytest.raises(StaleState):
        bulletins.bulletin_sign(bulletin=issued, actor=cast.bureau_leader)
    assert NumberSeries.objects.get(series="bulletin").last == 1
    assert AuditEntry.objects.filter(verb="bulletin.sign").count() == 1


def test_nothing_is_done_to_a_signed_bulletin(issued: Bulletin, cast):
    before = Bulletin.objects.values().get()
    for name in ("save", "submit", "return", "sign"):
        with pytest.raises(BusinessError) as refused:
            act(name, issued, cast.people[MAY[name]])
        assert (name, refused.value.code) == (name, "stale")
    assert Bulletin.objects.values().get() == before


@pytest.mark.parametrize(
    ("status", "names"), [("draft", ["sign", "return"]), ("review", ["save", "submit"])]
)
def test_no_step_is_taken_out_of_turn(status, names, round, cast):
    bulletin = brought_to(status, round, cast)
    for name in names:
        with pytest.raises(BusinessError) as refused:
            act(name, bulletin, cast.people[MAY[name]])
        assert (name, refused.value.code) == (name, "stale")
    bulletin.refresh_from_db()
    assert (bulletin.status, bulletin.number) == (status, None)


def test_an_unsigned_bulletin_is_not_printed(sent: Bulletin, cast):
    with pytest.raises(BusinessError, match="签发后才能排版成文件"):
        bulletins.bulletin_print(bulletin=sent, actor=cast.city_manager)


def test_a_mistake_in_a_signed_bulletin_is_put_right_by_the_next_issue(issued, cast):
    """The signed one stays as it was read; the same round may be reported on again."""
    before = Bulletin.objects.filter(pk=issued.pk).values().get()
    second = bulletins.bulletin_draft(round=issued.round, actor=cast.city_manager)
    second = bulletins.bulletin_save(
        bulletin=second,
        actor=cast.city_manager,
        title="关于更正第1期简报的通报",
        blocks=second.blocks,
    )
    second = bulletins.bulletin_submit(bulletin=second, actor=cast.city_manager)
    second = bulletins.bulletin_sign(bulletin=second, actor=cast.bureau_leader)
    assert (second.number, second.round) == (2, issued.round)
    assert Bulletin.objects.filter(pk=issued.pk).values().get() == before
