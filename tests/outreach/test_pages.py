"""The pages of outreach: whose rows, what each filter finds, what is exported, kept, refused."""

import datetime as dt
import io
import json
import re
from collections.abc import Callable

import openpyxl
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from outreach.models import Bulletin, PolicyDocument, PublicityItem, TrainingSession
from outreach.services import bulletins, records
from tests.outreach.conftest import TODAY, brought_to, with_text
from tests.support.pages import listed, sheet
from xingyang_pm.common.models import AuditEntry

ClientFor = Callable[[User], Client]
LISTS = ["bulletin-list", "training-list", "publicity-list", "demonstration-list", "policy-list"]
DATED = ["training-list", "publicity-list", "policy-list"]


def url_of(name: str, *args: object) -> str:
    return reverse(f"outreach:{name}", args=args)


def page(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(url_of(name, *args), query)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def titles(client: Client, name: str, **query: str) -> list[str]:
    """Return the rows of a list by their names."""
    return [str(row) for row in listed(client, url_of(name), **query)]


def train(actor: User, title: str, **values: object) -> TrainingSession:
    facts = {"kind": "fire", "held_on": TODAY, "people_count": 100, **values}
    return records.training_record(actor=actor, title=title, **facts)


def publish(actor: User, title: str, **values: object) -> PublicityItem:
    facts = {"kind": "banner", "published_on": TODAY, "quantity": 10, **values}
    return records.publicity_record(actor=actor, title=title, **facts)


def enact(actor: User, title: str, **values: object) -> PolicyDocument:
    facts = {"issuer": "荥阳市人民政府", "issued_on": TODAY, **values}
    return records.policy_record(actor=actor, title=title, **facts)


# --- Who sees what ---------------------------------------------------------------------------


def test_who_reads_no_business_gets_no_list_and_no_workbook(cast, client_for: ClientFor):
    for part, expected in (("outsider", 403), ("system_admin", 403), ("street_clerk", 200)):
        client = client_for(cast.people[part])
        for name in LISTS:
            assert client.get(url_of(name)).status_code == expected, (part, name)
            export = client.get(url_of(name), {"export": "xlsx"})
            assert export.status_code == expected, (part, name)
    assert Client().get(url_of("bulletin-list")).status_code == 302


def test_the_streets_do_not_see_a_bulletin_before_its_signature(round, cast, client_for: ClientFor):
    for status in ("draft", "review"):
        bulletin = brought_to(status, round, cast)
        for part in ("street_clerk", "outsider"):
            client = client_for(cast.people[part])
            for name in ("detail", "preview", "pdf", "sign", "submit", "save", "correct"):
                url = url_of(f"bulletin-{name}", bulletin.pk)
                assert client.get(url).status_code == 404, (status, part, name)
                assert client.post(url).status_code == 404, (status, part, name)
    assert titles(client_for(cast.street_leader), "bulletin-list") == []
    assert len(titles(client_for(cast.auditor), "bulletin-list")) == 2


def test_a_signed_bulletin_is_read_by_all_offices_and_changed_by_none(
    issued, cast, client_for: ClientFor
):
    for part in ("street_clerk", "other_leader", "inspector", "auditor"):
        client = client_for(cast.people[part])
        shown = page(client, "bulletin-detail", issued.pk)
        assert "2026年第1期（总第1期）" in shown
        assert "data-editable" not in shown
        assert titles(client, "bulletin-list") == ["工作简报 2026年第1期"]
        for name in ("sign", "return", "submit", "save", "correct", "print"):
            url = url_of(f"bulletin-{name}", issued.pk)
            assert client.post(url).status_code == 403, (part, name)
    # Who changed what while it was drafted is the bureau's own affair.
    assert "送签" not in page(client_for(cast.street_clerk), "bulletin-detail", issued.pk)
    assert "送签" in page(client_for(cast.auditor), "bulletin-detail", issued.pk)


def test_visible_is_not_allowed(sent, cast, client_for: ClientFor):
    """The bureau reads a bulletin that waits; only its leader signs, only its manager drafts."""
    allowed = {"bureau_leader": {"sign", "return"}, "city_manager": {"submit"}}
    for part in ("inspector", "finance_officer", "auditor", "bureau_leader", "city_manager"):
        client = client_for(cast.people[part])
        assert client.get(sent.get_absolute_url()).status_code == 200
        for name in ("sign", "return", "submit"):
            expected = 200 if name in allowed.get(part, ()) else 403
            url = url_of(f"bulletin-{name}", sent.pk)
            assert client.get(url).status_code == expected, (part, name)
    sent.refresh_from_db()
    assert sent.status == "review"


def test_a_street_sees_its_own_publicity_and_the_citys(
    cast, street, other_street, estate, other_estate, provider, client_for: ClientFor
):
    manager = cast.city_manager
    publish(manager, "全市条幅")
    publish(manager, "索河条幅", street=street)
    theirs = publish(manager, "京城条幅", street=other_street)
    for place in (estate, other_estate):
        project = records.demonstration_record(
            actor=manager,
            year=2026,
            level="municipal",
            stage="applied",
            estate=place,
            provider=provider,
        )
    clerk = client_for(cast.street_clerk)
    assert set(titles(clerk, "publicity-list")) == {"全市条幅", "索河条幅"}
    assert titles(clerk, "demonstration-list") == ["纺织厂家属院 2026年郑州市级示范项目"]
    assert clerk.get(url_of("publicity-update", theirs.pk)).status_code == 404
    assert clerk.get(url_of("demonstration-update", project.pk)).status_code == 404
    shown = page(clerk, "publicity-list")
    assert "京城" not in shown
    # The sum under the rows is of what the list shows: 10 + 10 of three times 10.
    rows = sheet(clerk.get(url_of("publicity-list"), {"export": "xlsx"}))
    assert [row[2] for row in rows[3:-1]] == ["全市条幅", "索河条幅"]
    assert rows[-1][3] == 20
    assert len(titles(client_for(manager), "publicity-list")) == 3


def test_only_who_may_change_a_record_gets_its_link(cast, client_for: ClientFor):
    row = train(cast.city_manager, "消防安全演练")
    url = url_of("training-update", row.pk)
    assert url in page(client_for(cast.city_manager), "training-list")
    for part in ("inspector", "bureau_leader", "street_clerk"):
        client = client_for(cast.people[part])
        shown = page(client, "training-list")
        assert "消防安全演练" in shown
        assert url not in shown
        assert client.get(url).status_code == 403


# --- Lists -----------------------------------------------------------------------------------


def test_each_filter_narrows_to_what_it_says(
    cast, street, other_street, estate, provider, round, client_for: ClientFor
):
    manager, client = cast.city_manager, client_for(cast.city_manager)
    train(manager, "消防演练", place="会议室")
    train(manager, "法规研讨", kind="seminar", audience="项目经理", held_on=dt.date(2025, 12, 31))
    publish(manager, "条幅", street=street)
    publish(manager, "版面", kind="board", published_on=dt.date(2025, 1, 1), street=other_street)
    enact(manager, "补贴办法", number="荥政办〔2017〕9号", issued_on=dt.date(2017, 3, 25))
    enact(manager, "清洁通知", summary="城乡清洁行动")
    for level, stage, year in (("municipal", "applied", 2026), ("provincial", "reviewed", 2025)):
        records.demonstration_record(
            actor=manager, year=year, level=level, stage=stage, estate=estate, provider=provider
        )
    brought_to("issued", round, cast)
    brought_to("draft", round, cast)
    draft, signed = "工作简报（未编号）", "工作简报 2026年第1期"
    municipal, provincial = (
        "纺织厂家属院 2026年郑州市级示范项目",
        "纺织厂家属院 2025年河南省级示范项目",
    )
    for name, query, expected in (
        ("training-list", {"kind": "fire"}, {"消防演练"}),
        ("training-list", {"year": "2025"}, {"法规研讨"}),
        ("training-list", {"q": "会议室"}, {"消防演练"}),
        ("training-list", {"q": "项目经理"}, {"法规研讨"}),
        ("training-list", {"q": "没有这个"}, set()),
        ("training-list", {"year": "2026", "kind": "seminar"}, set()),
        ("publicity-list", {"kind": "board"}, {"版面"}),
        ("publicity-list", {"street": str(street.pk)}, {"条幅"}),
        ("publicity-list", {"year": "2025"}, {"版面"}),
        ("policy-list", {"year": "2017"}, {"补贴办法"}),
        ("policy-list", {"q": "9号"}, {"补贴办法"}),
        ("policy-list", {"q": "清洁行动"}, {"清洁通知"}),
        ("demonstration-list", {"level": "provincial"}, {provincial}),
        ("demonstration-list", {"stage": "applied"}, {municipal}),
        ("demonstration-list", {"year": "2025"}, {provincial}),
        ("demonstration-list", {"q": "怡馨"}, {municipal, provincial}),
        ("bulletin-list", {"status": "issued"}, {signed}),
        ("bulletin-list", {"year": "2026"}, {signed, draft}),
        ("bulletin-list", {"year": "2025"}, set()),
        ("bulletin-list", {"q": "城乡清洁"}, {signed, draft}),
    ):
        assert set(titles(client, name, **query)) == expected, (name, query)


@pytest.mark.parametrize("name", DATED)
def test_a_year_that_no_calendar_has_is_told_and_left_out(name, cast, client_for: ClientFor):
    train(cast.city_manager, "演练")
    publish(cast.city_manager, "条幅")
    enact(cast.city_manager, "办法")
    client = client_for(cast.city_manager)
    for year in ("99999", "0", "-1", "9" * 30, "x"):
        response = client.get(url_of(name), {"year": year})
        assert response.status_code == 200, year
        listing = response.context["listing"]
        (problem,) = listing.problems
        assert problem.startswith("“年度”的条件没有用上：")
        assert listing.count == 1


def test_the_workbook_has_what_the_list_shows(cast, client_for: ClientFor):
    manager = cast.city_manager
    for number in range(25):
        train(manager, f"演练{number:02}", people_count=10 + number, place="会议室")
    train(manager, "法规研讨", kind="seminar", people_count=75)
    client = client_for(manager)
    query = {"kind": "fire", "sort": "-people_count"}
    shown = client.get(url_of("training-list"), query).context["listing"]
    assert (shown.count, len(shown.table.rows)) == (25, 20)
    rows = sheet(client.get(url_of("training-list"), {**query, "export": "xlsx"}))
    assert rows[0][0] == "培训"
    assert "类别：消防专题培训" in str(rows[1])
    assert rows[2] == ("日期", "名称", "类别", "地点", "参加对象", "企业数", "人数")
    body, total = rows[3:-1], rows[-1]
    # All pages, in the order of the list, with its sum: 25 × 10 + (0 + … + 24).
    assert [row[1] for row in body] == [f"演练{number:02}" for number in reversed(range(25))]
    assert {row[2] for row in body} == {"消防专题培训"}
    assert total[6] == 550
    entry = AuditEntry.objects.get(verb="export")
    assert entry.summary.startswith("导出“培训” 25 行（")


def test_a_text_like_a_formula_stays_text_in_the_workbook(cast, client_for: ClientFor):
    publish(cast.city_manager, '=HYPERLINK("http://x")')
    response = client_for(cast.city_manager).get(url_of("publicity-list"), {"export": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response)))
    (cell,) = [
        cell for row in book.active.iter_rows() for cell in row if "HYPER" in str(cell.value)
    ]
    assert (cell.data_type, cell.value) == ("s", '=HYPERLINK("http://x")')


def test_lists_cost_the_same_for_two_rows_as_for_ten(
    cast, street, make_estate, provider, round, client_for: ClientFor, assert_constant_queries
):
    manager = cast.city_manager

    def grow(number: int = 8) -> None:
        for index in range(number):
            train(manager, f"演练{index}")
            publish(manager, f"条幅{index}", street=street)
            enact(manager, f"办法{index}")
            brought_to("issued", round, cast)
            records.demonstration_record(
                actor=manager,
                year=2026,
                level="municipal",
                stage="applied",
                estate=make_estate(),
                provider=provider,
            )

    grow(2)
    client = client_for(cast.street_clerk)

    def read() -> None:
        for name in LISTS:
            cache.clear()
            assert client.get(url_of(name)).context["listing"].count in {2, 10}

    assert assert_constant_queries(read, grow) <= 20 * len(LISTS)


def test_the_editor_costs_the_same_for_a_long_text_as_for_a_short_one(
    draft, cast, client_for: ClientFor, assert_constant_queries
):
    client = client_for(cast.city_manager)

    def grow() -> None:
        more = [{"kind": "p", "text": f"第{index}段。"} for index in range(60)]
        bulletins.bulletin_save(
            bulletin=draft,
            actor=cast.city_manager,
            title=draft.title,
            blocks=draft.blocks + more,
        )

    def read() -> None:
        cache.clear()
        client.get(draft.get_absolute_url())

    # Two of them for the number to come, ten for the counts of the menu, which are kept a while.
    assert assert_constant_queries(read, grow) <= 30


# --- The bulletin's pages --------------------------------------------------------------------


def test_a_bulletin_goes_its_whole_way_through_the_pages(round, cast, client_for: ClientFor):
    manager, leader = client_for(cast.city_manager), client_for(cast.bureau_leader)
    asked = page(manager, "bulletin-create", round=str(round.pk))
    assert f'<option value="{round.pk}" selected' in asked
    response = manager.post(url_of("bulletin-create"), {"round": round.pk})
    bulletin = Bulletin.objects.get()
    assert response.url == bulletin.get_absolute_url()
    assert "10 处数字" in page(manager, "bulletin-detail", bulletin.pk)

    submit, sign = url_of("bulletin-submit", bulletin.pk), url_of("bulletin-sign", bulletin.pk)
    assert submit in page(manager, "bulletin-detail", bulletin.pk)
    assert sign not in page(leader, "bulletin-detail", bulletin.pk)
    assert manager.post(submit).status_code == 302

    back = url_of("bulletin-return", bulletin.pk)
    empty = leader.post(back, {"reason": ""})
    assert empty.status_code == 422
    assert leader.post(back, {"reason": "请补下步要求"}).status_code == 302
    assert "请补下步要求" in page(manager, "bulletin-detail", bulletin.pk)
    assert manager.post(submit).status_code == 302

    assert "共印 60 份，不能再改" in page(leader, "bulletin-sign", bulletin.pk)
    response = leader.post(sign, follow=True)
    assert "已签发 2026年第1期（总第1期），正在排版。" in response.content.decode()
    again = leader.post(sign)
    assert again.status_code == 409
    assert "简报不在待签发状态" in again.content.decode()
    assert "简报不在待签发状态" in page(leader, "bulletin-sign", bulletin.pk)


def test_a_form_without_a_round_says_so(cast, client_for: ClientFor):
    client = client_for(cast.city_manager)
    for chosen in ("", "999999", "x"):
        response = client.post(url_of("bulletin-create"), {"round": chosen})
        assert response.status_code == 422
        assert response.context["form"].errors["round"]
    assert not Bulletin.objects.exists()


def test_a_round_without_results_is_told_on_the_form(open_round, cast, client_for: ClientFor):
    response = client_for(cast.city_manager).post(
        url_of("bulletin-create"), {"round": open_round.pk}
    )
    assert response.status_code == 422
    shown = response.content.decode()
    assert "还没有上报的检查记录，不能拟稿" in shown
    assert f'<option value="{open_round.pk}" selected' in shown


def save(client: Client, bulletin: Bulletin, body: object):
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(url_of("bulletin-save", bulletin.pk), text, content_type="application/json")


def test_the_editor_keeps_the_text_and_points_at_wrong_numbers(draft, cast, client_for: ClientFor):
    client = client_for(cast.city_manager)
    blocks = with_text(draft, "已销号0份", "已销号9份")
    told = save(client, draft, {"title": "新标题", "blocks": blocks})
    assert told.status_code == 200
    assert told.json() == {
        "message": "今天 10:00 已保存",
        "wrong": [
            {
                "key": "b4",
                "label": "已销号（份）",
                "sentence": "文字写 9，冻结数据为 0",
                "found": "9",
                "place": 3,
                "expected": "0",
                "warning": False,
            }
        ],
    }
    shown = page(client, "bulletin-detail", draft.pk)
    assert "新标题" in shown
    assert "文字写 9，冻结数据为 0" in shown
    assert "1 处不符" in shown
    assert "还有 1 处文字与冻结数据不符" in page(client, "bulletin-submit", draft.pk)
    refused = client.post(url_of("bulletin-submit", draft.pk))
    assert refused.status_code == 409
    assert "1 处文字与冻结数据不符" in refused.content.decode()


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ("{", 400, "没有读到简报正文，没有保存。"),
        ("[]", 400, "没有读到简报正文，没有保存。"),
        ('{"title": "x"}', 400, "没有读到简报正文，没有保存。"),
        ({"title": "x", "blocks": "y"}, 422, "正文最多 200 段。"),
        ({"title": "长" * 81, "blocks": []}, 422, None),
    ],
)
def test_a_broken_request_of_the_editor_is_told(
    body, status, sentence, draft, cast, client_for: ClientFor
):
    told = save(client_for(cast.city_manager), draft, body)
    assert told.status_code == status
    message = told.json()["message"]
    assert message == sentence if sentence else any("一" <= letter <= "鿿" for letter in message)
    assert Bulletin.objects.get().title == draft.title


def test_the_button_puts_the_frozen_figure_where_another_was_typed(
    draft, cast, client_for: ClientFor
):
    """Two figures are 1 and the bounds 80 and 90 stand before them: only the typed 7 changes."""
    client = client_for(cast.city_manager)
    before = draft.blocks
    save(client, draft, {"title": draft.title, "blocks": with_text(draft, "以下1个", "以下80个")})
    url = url_of("bulletin-correct", draft.pk)
    for sent in ({"expected": "99", "place": "7"}, {"expected": "1"}, {"place": "x"}):
        told = client.post(url, {"key": "b2", **sent}, follow=True)
        assert "文字已经改过，没有替换" in told.content.decode()
    draft.refresh_from_db()
    assert "80分以下80个" in draft.blocks[2]["text"]
    shown = page(client, "bulletin-detail", draft.pk)
    (place,) = re.findall(r'name="place" value="(\d+)"', shown)
    client.post(url, {"key": "b2", "expected": "1", "place": place})
    draft.refresh_from_db()
    assert [block.get("text") for block in draft.blocks] == [block.get("text") for block in before]


def test_of_two_wrong_figures_with_one_right_value_the_button_mends_its_own(
    draft, cast, client_for: ClientFor
):
    client = client_for(cast.city_manager)
    blocks = with_text(draft, "90分以上1个", "90分以上7个")
    blocks[2]["text"] = blocks[2]["text"].replace("以下1个", "以下9个")
    save(client, draft, {"title": draft.title, "blocks": blocks})
    shown = page(client, "bulletin-detail", draft.pk)
    places = re.findall(r'name="place" value="(\d+)"', shown)
    url = url_of("bulletin-correct", draft.pk)
    client.post(url, {"key": "b2", "expected": "1", "place": places[1]})
    draft.refresh_from_db()
    assert "90分以上7个，80分至90分0个，80分以下1个" in draft.blocks[2]["text"]


def test_a_figure_that_is_gone_is_said_and_has_no_button(draft, cast, client_for: ClientFor):
    client = client_for(cast.city_manager)
    gone = with_text(draft, "，平均得分83.0分", "")
    gone[2]["text"] = "2026年11月，" + gone[2]["text"]
    (told,) = save(client, draft, {"title": draft.title, "blocks": gone}).json()["wrong"]
    assert (told["sentence"], told["place"]) == ("这一段里没有找到 83.0 分", None)
    shown = page(client, "bulletin-detail", draft.pk)
    assert "这一段里没有找到 83.0 分" in shown
    assert "改为" not in shown
    assert client.post(url_of("bulletin-submit", draft.pk)).status_code == 409


def test_what_is_not_printed_is_counted_nowhere(draft, cast, client_for: ClientFor):
    """The editor, its answer and the page of sending say the same."""
    client = client_for(cast.city_manager)
    blocks = with_text(draft, "90分以上1个", "90分以上7个")
    for block in blocks[1:3]:
        block["hidden"] = True
    assert save(client, draft, {"title": draft.title, "blocks": blocks}).json()["wrong"] == []
    shown = page(client, "bulletin-detail", draft.pk)
    assert "全部相符" in shown
    assert "文字写" not in shown
    assert client.post(url_of("bulletin-submit", draft.pk)).status_code == 302


def test_a_doubt_is_shown_and_stops_nothing(round, cast, client_for: ClientFor):
    """3 failed items and 1 estate in other words: the clerk looks, and sends."""
    client = client_for(cast.city_manager)
    draft = brought_to("draft", round, cast)
    blocks = with_text(draft, "共发现问题3处，1个小区", "有1个问题，3个小区")
    (told,) = save(client, draft, {"title": draft.title, "blocks": blocks}).json()["wrong"]
    sentence = "发现问题 3、四公开公示不全 1 的先后与拟稿时不同，请核对没有写反"
    assert (told["sentence"], told["warning"], told["place"]) == (sentence, True, None)
    shown = page(client, "bulletin-detail", draft.pk)
    assert sentence in shown
    assert "1 处请核对" in shown
    assert client.post(url_of("bulletin-submit", draft.pk)).status_code == 302
    # Who signs reads the doubt, too; on the signed one it is settled.
    leader = client_for(cast.bureau_leader)
    assert sentence in page(leader, "bulletin-detail", draft.pk)
    leader.post(url_of("bulletin-sign", draft.pk))
    assert sentence not in page(leader, "bulletin-detail", draft.pk)


def test_a_sent_bulletin_is_not_corrected(sent, cast, client_for: ClientFor):
    """Neither when the text is right nor, past the check of sending, when it is not."""
    client, url = client_for(cast.city_manager), url_of("bulletin-correct", sent.pk)
    Bulletin.objects.filter(pk=sent.pk).update(blocks=with_text(sent, "90分以上1个", "90分以上7个"))
    response = client.post(url, {"key": "b2", "expected": "1", "place": "4"})
    assert response.status_code == 409
    assert "简报待签发，不能再改" in response.content.decode()


def test_the_drafter_finds_the_button_to_sign_locked(round, cast, make_person, client_for):
    both = make_person("jianren", cast.bureau, "bureau_manager", "bureau_leader")
    own = bulletins.bulletin_draft(round=round, actor=both)
    own = bulletins.bulletin_submit(bulletin=own, actor=both)
    client = client_for(both)
    assert "拟稿人不能签发自己拟的简报" in page(client, "bulletin-sign", own.pk)
    response = client.post(url_of("bulletin-sign", own.pk))
    assert response.status_code == 409
    own.refresh_from_db()
    assert own.status == "review"


# --- Forms of the records --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sent", "wrong"),
    [
        (
            "training-create",
            {"kind": "fire", "title": "消防演练", "held_on": "2026-11-19", "people_count": "142",
             "enterprise_count": "0", "place": "会议室"},
            {"held_on": "日期不能晚于今天"},
        ),
        (
            "training-create",
            {"kind": "fire", "title": "消防演练", "held_on": "2026-11-32", "people_count": "-5",
             "enterprise_count": "0"},
            {"held_on": "", "people_count": ""},
        ),
        (
            "publicity-create",
            {"kind": "banner", "title": "条幅", "published_on": "2026-11-18", "quantity": "许多"},
            {"quantity": ""},
        ),
        (
            "policy-create",
            {"title": "办法", "issuer": "市政府", "issued_on": "2026-12-01", "number": "1号"},
            {"issued_on": "发文日期不能晚于今天"},
        ),
    ],
)  # fmt: skip
def test_a_refused_form_keeps_what_was_typed(name, sent, wrong, cast, client_for: ClientFor):
    response = client_for(cast.city_manager).post(url_of(name), sent)
    assert response.status_code == 422
    form, shown = response.context["form"], response.content.decode()
    assert set(form.errors) == set(wrong)
    for field, sentence in wrong.items():
        told = form.errors[field][0]
        assert sentence in told
        assert any("一" <= letter <= "鿿" for letter in told)
        assert told in shown
    for field, value in sent.items():
        mark = f'<option value="{value}" selected' if field == "kind" else f'value="{value}"'
        assert mark in shown, field
    assert not TrainingSession.objects.exists()
    assert not PublicityItem.objects.exists()
    assert not PolicyDocument.objects.exists()


def test_a_refused_award_names_the_field(estate, provider, cast, client_for: ClientFor):
    sent = {"year": "2026", "level": "municipal", "stage": "awarded", "estate": estate.pk,
            "provider": provider.pk, "rewarded_on": "2026-09-01"}  # fmt: skip
    client = client_for(cast.city_manager)
    response = client.post(url_of("demonstration-create"), sent)
    assert response.status_code == 422
    assert response.context["form"].errors["awarded_on"] == ["请先填命名日期，再填奖励日期。"]
    assert client.post(url_of("demonstration-create"), {**sent, "awarded_on": "2026-06-01"}).url
    again = client.post(url_of("demonstration-create"), {**sent, "awarded_on": "2026-06-01"})
    assert again.status_code == 422
    assert "这个小区本年度已登记同级示范项目" in again.content.decode()


def test_a_record_is_made_and_changed_through_its_pages(cast, street, client_for: ClientFor):
    client = client_for(cast.city_manager)
    sent = {"kind": "banner", "title": "城乡清洁条幅", "published_on": "2026-11-18",
            "quantity": "150", "street": street.pk, "place": "康泰路"}  # fmt: skip
    response = client.post(url_of("publicity-create"), sent, follow=True)
    assert "已登记 城乡清洁条幅。" in response.content.decode()
    row = PublicityItem.objects.get()
    assert (row.quantity, row.street, row.created_by) == (150, street, cast.city_manager)
    url = url_of("publicity-update", row.pk)
    assert 'value="康泰路"' in client.get(url).content.decode()
    assert client.post(url, {**sent, "quantity": "160"}).status_code == 302
    row.refresh_from_db()
    assert (row.quantity, row.place) == (160, "康泰路")
    change = AuditEntry.objects.get(verb="publicity.update")
    assert (change.before, change.after) == ({"quantity": 150}, {"quantity": 160})


def test_a_policy_hands_out_its_file_and_no_other_kind_is_taken(cast, client_for: ClientFor):
    client = client_for(cast.city_manager)
    sent = {"title": "办法", "issuer": "荥阳市人民政府", "issued_on": "2026-11-18"}
    wrong = SimpleUploadedFile("办法.exe", b"MZ", content_type="application/pdf")
    response = client.post(url_of("policy-create"), {**sent, "file": wrong})
    assert response.status_code == 422
    assert "只收 .pdf、.doc、.docx 文件，这份是“办法.exe”" in response.content.decode()
    right = SimpleUploadedFile("办法.pdf", b"%PDF-1.7 x", content_type="application/pdf")
    assert client.post(url_of("policy-create"), {**sent, "file": right}).status_code == 302
    row = PolicyDocument.objects.get()
    reader = client_for(cast.other_clerk)
    assert url_of("policy-file", row.pk) in page(reader, "policy-detail", row.pk)
    handed = reader.get(url_of("policy-file", row.pk))
    assert b"".join(handed) == b"%PDF-1.7 x"
    assert handed["X-Content-Type-Options"] == "nosniff"
    bare = enact(cast.city_manager, "没有附件的通知")
    assert url_of("policy-file", bare.pk) not in page(reader, "policy-detail", bare.pk)
    assert reader.get(url_of("policy-file", bare.pk)).status_code == 404
