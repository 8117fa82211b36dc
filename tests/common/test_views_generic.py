"""The common pages through the browser's door: scope, rights, refusals, exports, jobs."""

import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from estates.models import Building, Estate, EstateName, Street
from tests.support.people import Cast
from xingyang_pm.common import jobs, menu, search
from xingyang_pm.common.models import AuditEntry, Job, JobStatus, SavedView

pytestmark = pytest.mark.urls("tests.common.ui_urls")

SignIn = Callable[[User], Client]
HTMX = {"HTTP_HX_REQUEST": "true"}
LIST = "/ui/estates/"


@pytest.fixture
def clerk(client_for: SignIn, cast: Cast) -> Client:
    return client_for(cast.street_clerk)


@pytest.fixture
def manager(client_for: SignIn, cast: Cast) -> Client:
    return client_for(cast.city_manager)


def text(response: Any) -> str:
    return response.content.decode()


def workbook_rows(response: Any) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return list(book.active.iter_rows(values_only=True))


class TestScopeAndRights:
    def test_list_shows_the_own_street_alone(
        self, clerk: Client, manager: Client, estate: Estate, other_estate: Estate
    ) -> None:
        own = text(clerk.get(LIST))
        assert estate.name in own
        assert other_estate.name not in own
        assert '共 <b class="tnum">1</b> 个小区' in own
        city = text(manager.get(LIST))
        assert estate.name in city
        assert other_estate.name in city

    @pytest.mark.parametrize("part", ["system_admin", "outsider"])
    def test_who_reads_no_business_gets_403(
        self, client_for: SignIn, cast: Cast, part: str
    ) -> None:
        response = client_for(cast.people[part]).get(LIST)
        assert response.status_code == 403
        assert "不在你的职责范围内" in text(response)

    def test_anonymous_goes_to_sign_in(self, client: Client, estate: Estate) -> None:
        for url in (LIST, f"{LIST}{estate.pk}/", "/jobs/", "/search/?q=a", "/audit/"):
            assert client.get(url).status_code == 302

    def test_not_visible_is_404_visible_but_not_mine_is_403(
        self, clerk: Client, client_for: SignIn, cast: Cast, estate: Estate, other_estate: Estate
    ) -> None:
        assert clerk.get(f"{LIST}{other_estate.pk}/").status_code == 404
        assert clerk.get(f"{LIST}{other_estate.pk}/edit/").status_code == 404
        assert clerk.post(f"{LIST}{other_estate.pk}/edit/", {}).status_code == 404
        assert clerk.get(f"{LIST}{estate.pk}/").status_code == 200
        assert clerk.get(f"{LIST}{estate.pk}/edit/").status_code == 403
        assert clerk.post(f"{LIST}{estate.pk}/edit/", {}).status_code == 403
        assert clerk.post(f"{LIST}{estate.pk}/close/").status_code == 403

    def test_action_is_offered_to_who_may_take_it(
        self, clerk: Client, manager: Client, estate: Estate
    ) -> None:
        assert "登记小区" not in text(clerk.get(LIST))
        assert "登记小区" in text(manager.get(LIST))
        assert "修改资料" not in text(clerk.get(f"{LIST}{estate.pk}/"))


class TestFilters:
    def test_conditions_become_chips_that_can_be_taken_off(
        self, manager: Client, estate: Estate, other_estate: Estate
    ) -> None:
        page = text(manager.get(LIST, {"street": estate.street_id, "kind": "old"}))
        assert "街道（乡镇）：索河街道" in page
        assert 'href="?kind=old"' in page
        assert other_estate.name not in page

    def test_value_that_cannot_be_read_is_said_and_left_out(
        self, manager: Client, estate: Estate
    ) -> None:
        response = manager.get(LIST, {"built": "abc", "month": "2026-13", "kind": "castle"})
        assert response.status_code == 200
        page = text(response)
        assert page.count("的条件没有用上") == 3
        assert estate.name in page

    def test_choices_of_the_other_street_are_neither_offered_nor_taken(
        self, clerk: Client, estate: Estate, other_estate: Estate, other_street: Street
    ) -> None:
        page = text(clerk.get(LIST, {"street": other_street.pk}))
        assert other_street.name not in page
        assert "不在可看的范围内" in page
        assert estate.name in page

    def test_dependent_choices_are_scoped_too(
        self, clerk: Client, manager: Client, street: Street, other_street: Street
    ) -> None:
        asked = {"options": "community", "street": other_street.pk}
        assert "京城社区" in text(manager.get(LIST, asked))
        assert "龙泉社区" not in text(manager.get(LIST, asked))
        assert "京城社区" not in text(clerk.get(LIST, asked))
        assert manager.get(LIST, {"options": "kind"}).status_code == 404

    def test_keyword_over_names_shows_a_row_once(self, manager: Client, estate: Estate) -> None:
        for name in ("纺织南院", "纺织北院"):
            EstateName.objects.create(estate=estate, kind="former", name=name)
        page = text(manager.get(LIST, {"q": "纺织"}))
        assert 'data-count="1"' in page
        assert 'data-count="0"' in text(manager.get(LIST, {"q": "纺织 水利"}))

    def test_empty_list_says_what_to_do(self, manager: Client, street: Street) -> None:
        assert "还没有小区。可以登记一个。" in text(manager.get(LIST))
        page = text(manager.get(LIST, {"q": "没有的"}))
        assert "没有符合条件的记录" in page
        assert "清除条件" in page

    def test_htmx_gets_the_list_alone(self, manager: Client, estate: Estate) -> None:
        response = manager.get(LIST, {"sort": "-name"}, **HTMX)
        assert "<html" not in text(response)
        assert 'id="list"' in text(response)
        assert "HX-Request" in response["Vary"]

    def test_number_of_queries_does_not_grow(
        self, manager: Client, make_estate: Any, count_queries: Any
    ) -> None:
        for _ in range(2):
            make_estate()
        manager.get(LIST, {"size": 20})
        with count_queries() as few:
            manager.get(LIST, {"size": 20})
        for _ in range(15):
            make_estate()
        with count_queries() as many:
            manager.get(LIST, {"size": 20})
        assert len(few) == len(many)


class TestColumnsAndSavedViews:
    def test_chosen_columns_are_remembered(self, manager: Client, estate: Estate) -> None:
        page = text(manager.get(LIST, {"cols": "name-address"}))
        assert '<th scope="col">地址</th>' in page
        assert "楼栋</th>" not in page
        again = text(manager.get(LIST))
        assert '<th scope="col">地址</th>' in again

    def test_conditions_are_kept_shown_and_dropped(
        self, clerk: Client, manager: Client, cast: Cast, estate: Estate
    ) -> None:
        clerk.post(f"{LIST}?kind=old&page=3", {"do": "keep", "name": " 我的  老旧小区 "})
        kept = SavedView.objects.get()
        assert (kept.owner, kept.name, kept.query) == (
            cast.street_clerk,
            "我的 老旧小区",
            "kind=old",
        )
        assert "我的 老旧小区" in text(clerk.get(LIST))
        assert "我的 老旧小区" not in text(manager.get(LIST))
        manager.post(LIST, {"do": "drop", "pk": kept.pk})
        assert SavedView.objects.count() == 1
        clerk.post(LIST, {"do": "drop", "pk": kept.pk})
        assert SavedView.objects.count() == 0

    def test_nothing_to_keep_is_refused(self, clerk: Client, street: Street) -> None:
        page = text(clerk.post(LIST, {"do": "keep", "name": "空"}, follow=True))
        assert "现在没有筛选条件" in page
        assert not SavedView.objects.exists()


class TestExport:
    def test_workbook_holds_the_filtered_rows_in_the_shown_columns(
        self, clerk: Client, make_estate: Any, other_estate: Estate
    ) -> None:
        make_estate(name="甲院", household_count=10)
        make_estate(name="=cmd()", household_count=20)
        make_estate(name="商品房", kind="commodity")
        response = clerk.get(LIST, {"kind": "old", "export": "xlsx", "cols": "name-households"})
        assert response["Content-Disposition"].startswith("attachment")
        rows = workbook_rows(response)
        assert rows[0][0] == "小区名录"
        assert "类别：老旧小区" in rows[1][0]
        assert "共 2 行" in rows[1][0]
        assert rows[2][:2] == ("小区名称", "户数")
        assert [row[:2] for row in rows[3:5]] == [("甲院", 10), ("=cmd()", 20)]
        assert rows[5][1] == 30
        assert other_estate.name not in str(rows)

    def test_export_stands_in_the_audit_log(
        self, clerk: Client, cast: Cast, estate: Estate
    ) -> None:
        b"".join(clerk.get(LIST, {"export": "xlsx"}).streaming_content)
        entry = AuditEntry.objects.get(verb="export")
        assert entry.actor == cast.street_clerk
        assert "1 行" in entry.summary

    def test_long_export_is_asked_for_and_done_by_a_job_in_the_owners_scope(
        self,
        clerk: Client,
        cast: Cast,
        make_estate: Any,
        other_estate: Estate,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        make_estate(name="甲院")
        asked = clerk.get("/ui/long/", {"export": "xlsx", "kind": "old"})
        assert "导出 1 行" in text(asked)
        assert not Job.objects.exists()
        first = clerk.post("/ui/long/?kind=old", {"do": "export"})
        second = clerk.post("/ui/long/?kind=old", {"do": "export"})
        assert first["Location"] == second["Location"]
        job = Job.objects.get()
        assert job.owner == cast.street_clerk
        assert jobs.run(job.pk)
        job.refresh_from_db()
        assert job.status == JobStatus.DONE
        assert job.note["rows"] == 1
        with job.result.open() as stream:
            rows = list(openpyxl.load_workbook(stream).active.iter_rows(values_only=True))
        assert "甲院" in str(rows)
        assert other_estate.name not in str(rows)

    def test_job_of_somebody_who_lost_the_right_writes_nothing(
        self, clerk: Client, cast: Cast, make_estate: Any
    ) -> None:
        make_estate(name="甲院")
        clerk.post("/ui/long/", {"do": "export"})
        cast.street_clerk.roles.all().delete()
        job = Job.objects.get()
        with pytest.raises(Exception, match="职责范围"):
            jobs.run(job.pk)
        job.refresh_from_db()
        assert job.status == JobStatus.FAILED
        assert not job.result


class TestRecord:
    def test_facts_panels_and_timeline(self, manager: Client, estate: Estate) -> None:
        estate.floor_area = "17120.00"
        estate.save(update_fields=["floor_area"])
        Building.objects.create(estate=estate, name="1号楼", households=36)
        page = text(manager.get(f"{LIST}{estate.pk}/"))
        assert "<dt>建筑面积</dt>" in page
        assert "17120.00 ㎡" in page or "17,120.00 ㎡" in page
        assert "1号楼" in page
        again = text(manager.get(f"{LIST}{estate.pk}/"))
        assert "查看 纺织厂家属院 的联系电话" in again

    def test_look_at_personal_data_is_recorded(
        self, clerk: Client, cast: Cast, estate: Estate
    ) -> None:
        clerk.get(f"{LIST}{estate.pk}/")
        entry = AuditEntry.objects.get(verb="personal.view")
        assert (entry.actor, entry.target_id) == (cast.street_clerk, str(estate.pk))


class TestForm:
    def data(self, estate: Estate, **changed: Any) -> dict[str, Any]:
        return {
            "name": estate.name,
            "kind": estate.kind,
            "street": estate.street_id,
            "community": estate.community_id or "",
            **changed,
        }

    def test_rejected_form_keeps_what_was_typed_and_says_where(
        self, manager: Client, estate: Estate
    ) -> None:
        response = manager.post(f"{LIST}{estate.pk}/edit/", self.data(estate, name=""))
        assert response.status_code == 422
        page = text(response)
        assert "有 1 处要改，还没有保存" in page
        assert re.search(r'<input[^>]*name="name"[^>]*is-invalid[^>]*autofocus', page)
        assert re.search(r'aria-describedby="[^"]*id_name_error', page)

    def test_refusal_of_a_rule_stands_on_its_field(self, manager: Client, estate: Estate) -> None:
        response = manager.post(f"{LIST}{estate.pk}/edit/", self.data(estate, name="重名小区"))
        assert response.status_code == 422
        assert 'value="重名小区"' in text(response)
        assert re.search(r'id="id_name_error">.*?本街道已有同名小区', text(response), re.DOTALL)

    def test_lost_race_is_409(self, manager: Client, estate: Estate) -> None:
        response = manager.post(f"{LIST}{estate.pk}/edit/", self.data(estate, name="被人抢先"))
        assert response.status_code == 409
        assert "刚被别人处理过" in text(response)

    def test_success_leads_on_with_a_sentence(self, manager: Client, estate: Estate) -> None:
        response = manager.post(f"{LIST}{estate.pk}/edit/", self.data(estate), follow=True)
        assert response.redirect_chain == [(f"/ui/estates/{estate.pk}/", 302)]
        assert "的资料已修改。" in text(response)

    def test_upload_of_a_rejected_form_need_not_be_chosen_again(
        self, manager: Client, clerk: Client, estate: Estate
    ) -> None:
        paper = SimpleUploadedFile("登记表.pdf", b"%PDF-1.7 x", "application/pdf")
        url = f"{LIST}{estate.pk}/edit/"
        rejected = text(manager.post(url, self.data(estate, name="", paper=paper)))
        assert "刚才选的文件已留着" in rejected
        token = re.search(r'name="_kept_paper" value="([^"]+)"', rejected)
        assert token
        # Without its paper this name is refused; with the kept one it goes through.
        data = self.data(estate, name="交来登记表")
        assert manager.post(url, data).status_code == 422
        assert manager.post(url, {**data, "_kept_paper": "forged"}).status_code == 422
        assert manager.post(url, {**data, "_kept_paper": token[1]}).status_code == 302

    def test_kept_upload_is_of_one_user_alone(
        self, client_for: SignIn, cast: Cast, make_person: Any, estate: Estate
    ) -> None:
        url = f"{LIST}{estate.pk}/edit/"
        paper = SimpleUploadedFile("登记表.pdf", b"%PDF-1.7 x", "application/pdf")
        mine = client_for(cast.city_manager)
        rejected = text(mine.post(url, self.data(estate, name="", paper=paper)))
        token = re.search(r'name="_kept_paper" value="([^"]+)"', rejected)
        assert token
        other = client_for(make_person("keshi2", cast.bureau, "bureau_manager"))
        data = self.data(estate, name="交来登记表", _kept_paper=token[1])
        assert other.post(url, data).status_code == 422

    def test_wrong_kind_of_file_is_refused(self, manager: Client, estate: Estate) -> None:
        wrong = SimpleUploadedFile("登记表.exe", b"MZ", "application/octet-stream")
        page = text(manager.post(f"{LIST}{estate.pk}/edit/", self.data(estate, paper=wrong)))
        assert "只收 .pdf 文件" in page


class TestAction:
    def test_question_repeats_amount_and_count(
        self, client_for: SignIn, cast: Cast, estate: Estate
    ) -> None:
        client = client_for(cast.bureau_leader)
        page = text(client.get(f"{LIST}{estate.pk}/approve/"))
        assert "96 户，共 1,920.00 元" in page
        assert "同意拨付 1,920.00 元" in page

    def test_refusal_keeps_the_opinion(
        self, client_for: SignIn, cast: Cast, estate: Estate
    ) -> None:
        client = client_for(cast.bureau_leader)
        response = client.post(f"{LIST}{estate.pk}/approve/", {"opinion": "又办一次"})
        assert response.status_code == 422
        assert "不能再审批" in text(response)
        assert "又办一次" in text(response)

    def test_post_only(self, manager: Client, estate: Estate, make_estate: Any) -> None:
        assert manager.get(f"{LIST}{estate.pk}/close/").status_code == 405
        assert manager.post(f"{LIST}{estate.pk}/close/").status_code == 302
        empty = make_estate(building_count=0)
        response = manager.post(f"{LIST}{empty.pk}/close/")
        assert response.status_code == 409
        assert "没有改动任何数据" in text(response)

    def test_impossible_act_is_locked_with_its_reason(
        self, manager: Client, estate: Estate
    ) -> None:
        page = text(manager.get(f"{LIST}{estate.pk}/locked/"))
        assert "还有未办结的整改" in page
        assert 'disabled aria-describedby="why-not"' in page

    @pytest.mark.parametrize("page", ["locked", "asking"])
    def test_impossible_act_is_refused_when_it_is_sent_all_the_same(
        self, manager: Client, estate: Estate, page: str
    ) -> None:
        response = manager.post(f"{LIST}{estate.pk}/{page}/", {"opinion": "第二次点的"})
        assert response.status_code == 409
        shown = text(response)
        assert 'role="alert"' in shown
        assert shown.index("还有未办结的整改") < shown.index("why-not")
        assert ("第二次点的" in shown) == (page == "asking")

    def test_a_form_of_what_may_not_be_changed_is_locked_and_refused(
        self, manager: Client, estate: Estate
    ) -> None:
        url = f"{LIST}{estate.pk}/merged/"
        page = text(manager.get(url))
        assert "已并入别的小区，不能再改" in page
        assert 'disabled aria-describedby="why-not"' in page
        paper = SimpleUploadedFile("登记表.pdf", b"%PDF-1.7", "application/pdf")
        response = manager.post(url, {"name": "新名字", "paper": paper})
        assert response.status_code == 409
        assert "新名字" in text(response)
        # What was uploaded waits too, as with any other refusal.
        assert "登记表.pdf" in text(response)

    def test_error_of_a_hidden_field_stands_on_top(self, manager: Client, estate: Estate) -> None:
        for url in (f"{LIST}{estate.pk}/version/", f"{LIST}version/"):
            response = manager.post(url, {"version": "x", "opinion": "同意"})
            assert response.status_code == 422
            shown = text(response)
            assert 'id="form-errors"' in shown
            assert "<b>版次：" in shown
            # Nothing that can be seen is wrong, so nothing is counted.
            assert "处要改" not in shown
            assert "同意" in shown

    def test_refusal_that_names_a_hidden_field_stands_on_top(
        self, manager: Client, estate: Estate
    ) -> None:
        response = manager.post(f"{LIST}{estate.pk}/version/", {"version": 2, "opinion": "同意"})
        assert response.status_code == 422
        assert "<b>版次：小区资料已改过，请刷新后再定版。</b>" in text(response)


class TestDownload:
    def test_pdf_is_shown_and_recorded(self, clerk: Client, estate: Estate) -> None:
        response = clerk.get(f"{LIST}{estate.pk}/paper/")
        assert response.content == b"%PDF-1.7"
        assert response["Content-Type"] == "application/pdf"
        assert response["Content-Disposition"].startswith("inline")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert AuditEntry.objects.get(verb="file.download").target_id == str(estate.pk)

    def test_a_page_is_never_shown_inline(self, clerk: Client, estate: Estate) -> None:
        response = clerk.get(f"{LIST}{estate.pk}/script/")
        assert response["Content-Disposition"].startswith("attachment")

    def test_foreign_or_missing_file_is_404_and_not_recorded(
        self, clerk: Client, other_estate: Estate, make_estate: Any
    ) -> None:
        assert clerk.get(f"{LIST}{other_estate.pk}/paper/").status_code == 404
        empty = make_estate(building_count=0)
        assert clerk.get(f"{LIST}{empty.pk}/paper/").status_code == 404
        assert not AuditEntry.objects.filter(verb="file.download").exists()


class TestErrorPages:
    def test_404_and_403_say_what_to_do(
        self, clerk: Client, client: Client, street: Street
    ) -> None:
        signed_in = clerk.get("/nowhere/")
        assert signed_in.status_code == 404
        assert "找不到这一页" in text(signed_in)
        assert "主菜单" in text(signed_in)
        anonymous = text(client.get("/nowhere/"))
        assert "找不到这一页" in anonymous
        assert "主菜单" not in anonymous

    def test_500_needs_nothing_and_gives_the_number(self, clerk: Client) -> None:
        clerk.raise_request_exception = False
        response = clerk.get("/ui/fails/")
        assert response.status_code == 500
        assert "没有保存" in text(response)
        assert response["X-Request-ID"] in text(response)
        assert "broken on purpose" not in text(response)

    def test_form_left_open_too_long(self, cast: Cast, estate: Estate) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(cast.city_manager, backend="accounts.backends.OfficeBackend")
        response = strict.post(f"{LIST}{estate.pk}/close/")
        assert response.status_code == 403
        assert "放得太久" in text(response)

    def test_api_answers_json(self, client: Client, db: None) -> None:
        response = client.get("/api/nowhere/")
        assert response.status_code == 404
        assert response.json()["detail"]


class TestHealth:
    def test_live_and_ready_without_sign_in(self, client: Client, db: None) -> None:
        assert client.get("/healthz/live").json() == {"status": "ok"}
        answer = client.get("/healthz/ready")
        assert answer.status_code == 200, answer.json()
        assert set(answer.json()["parts"]) == {
            "database",
            "migrations",
            "rules",
            "cache",
            "broker",
            "worker",
        }
        assert client.post("/healthz/live").status_code == 405


class TestJobs:
    def job(self, owner: User, **fields: Any) -> Job:
        row = jobs.enqueue("table-export", owner=owner, title="导出 小区名录")
        Job.objects.filter(pk=row.pk).update(**fields)
        row.refresh_from_db()
        return row

    def test_one_sees_ones_own_jobs_alone(self, clerk: Client, cast: Cast) -> None:
        own = self.job(cast.street_clerk)
        other = self.job(cast.city_manager)
        assert clerk.get(f"/jobs/{own.pk}/").status_code == 200
        for page in ("", "progress/", "file/"):
            assert clerk.get(f"/jobs/{other.pk}/{page}").status_code == 404
        assert clerk.post(f"/jobs/{other.pk}/restart/").status_code == 404
        assert 'data-count="1"' in text(clerk.get("/jobs/"))

    def test_running_job_asks_for_itself_and_a_finished_one_does_not(
        self, clerk: Client, cast: Cast
    ) -> None:
        row = self.job(cast.street_clerk, status="running", progress_done=50, progress_total=200)
        running = text(clerk.get(f"/jobs/{row.pk}/progress/"))
        assert "every 1s" in running
        assert 'value="25"' in running
        Job.objects.filter(pk=row.pk).update(status="done")
        assert "every 1s" not in text(clerk.get(f"/jobs/{row.pk}/progress/"))

    def test_failed_job_tells_why_and_can_be_started_anew(self, clerk: Client, cast: Cast) -> None:
        row = self.job(cast.street_clerk, status="failed", error="应为 3 行，写出 2 行。")
        assert "应为 3 行" in text(clerk.get(f"/jobs/{row.pk}/"))
        assert clerk.post(f"/jobs/{row.pk}/restart/").status_code == 302
        row.refresh_from_db()
        assert row.status == "queued"
        assert clerk.post(f"/jobs/{row.pk}/restart/").status_code == 409


class TestAuditPages:
    def test_for_the_auditor_alone(
        self, client_for: SignIn, cast: Cast, clerk: Client, estate: Estate
    ) -> None:
        clerk.get(f"{LIST}{estate.pk}/paper/")
        entry = AuditEntry.objects.get(verb="file.download")
        auditor = client_for(cast.auditor)
        assert "登记卡.pdf" in text(auditor.get("/audit/"))
        assert str(entry.request_id) in text(auditor.get(f"/audit/{entry.pk}/"))
        for part in ("street_clerk", "city_manager", "system_admin"):
            client = client_for(cast.people[part])
            assert client.get("/audit/").status_code == 403
            assert client.get(f"/audit/{entry.pk}/").status_code in {403, 404}

    def test_before_and_after_stand_side_by_side(
        self, client_for: SignIn, cast: Cast, estate: Estate
    ) -> None:
        from_log = AuditEntry.objects.create(
            at=estate.created_at,
            actor=cast.city_manager,
            actor_name="陈志远",
            channel="web",
            verb="estate.update",
            summary="修改 户数",
            before={"household_count": 214},
            after={"household_count": 216},
        )
        page = text(client_for(cast.auditor).get(f"/audit/{from_log.pk}/"))
        assert re.search(r"household_count.*214.*216", page, re.DOTALL)


class TestSearchAndMenu:
    def test_hits_come_from_providers_for_this_user(
        self, clerk: Client, estate: Estate, other_estate: Estate
    ) -> None:
        def provider(user: User, words: str, limit: int) -> list[search.SearchHit]:
            rows = Estate.objects.visible_to(user).filter(name__contains=words)[:limit]
            return [search.SearchHit("小区", row.name, f"/ui/estates/{row.pk}/") for row in rows]

        search.register_search(provider)
        try:
            part = text(clerk.get("/search/", {"q": "家属院", "part": 1}))
            assert estate.name in part
            assert other_estate.name not in part
            assert "<html" not in part
            assert "没有找到“&lt;b&gt;”" in text(clerk.get("/search/", {"q": "<b>", "part": 1}))
        finally:
            search._providers.remove(provider)

    def test_menu_shows_what_one_may_open(self, cast: Cast) -> None:
        section = menu.Section(
            "try",
            "试",
            "home-2",
            99,
            [
                menu.Item("名录", "ui:estate-list"),
                menu.Item("经办", "ui:long-list", roles=["street_clerk"], count=lambda user: 3),
                menu.Item("没有的页", "ui:none"),
            ],
        )
        menu.register(section)
        try:
            shown = {
                part: next(
                    (s for s in menu.shown_to(user, "ui:estate-list") if s.label == "试"), None
                )
                for part, user in cast.people.items()
            }
        finally:
            del menu._sections["try"]
        clerk = shown["street_clerk"]
        assert clerk is not None
        assert [item.label for item in clerk.items] == ["名录", "经办"]
        assert clerk.on
        assert clerk.count == 3
        assert shown["auditor"] is not None
        assert shown["auditor"].items == []
        assert shown["system_admin"] is None
        assert shown["outsider"] is None
