"""Declared tables: what a cell shows, what is read, how pages and totals come about."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db.models import F
from django.http import QueryDict

from estates.models import Estate
from tests.common.ui_pages import EstateTable
from xingyang_pm.common.paging import Pager, query_url
from xingyang_pm.common.tables import Column, Pill, Table

pytestmark = pytest.mark.urls("tests.common.ui_urls")


def cells(*columns: Column, row: object) -> str:
    table = type("T", (Table,), {"columns": list(columns)})()
    return str(table.render_rows([row], table.shown()))


@dataclass
class Row:
    pk: int = 1
    name: str = "成皋花园"
    amount: Decimal | None = None
    on: dt.date | None = None
    done: bool = False


class TestCells:
    def test_text_is_escaped_in_cell_title_and_link(self) -> None:
        row = Row(name='<script>"x"</script>')
        html = cells(
            Column("name", "名称", css="clip"),
            Column("again", "链接", value="name", link=lambda r: f"/x?q={r.name}", css="clip"),
            row=row,
        )
        assert "<script" not in html
        assert html.count("&lt;script&gt;") == 5

    def test_label_of_the_column_is_escaped(self) -> None:
        assert "<b>" not in cells(Column("name", "<b>名称"), row=Row())

    def test_blank_is_a_dash_that_cards_leave_out(self) -> None:
        html = cells(Column("amount", "金额", kind="money"), row=Row())
        assert '<span class="mut">—</span>' in html
        assert 'class="num none"' in html

    @pytest.mark.parametrize(
        ("kind", "value", "shown"),
        [
            ("money", Decimal("352790"), "352,790.00"),
            ("money", Decimal("-286.5"), "−286.50"),
            ("integer", 35279, "35,279"),
            ("decimal", Decimal("88.55"), "88.6"),
            ("percent", Decimal("91.25"), "91.3%"),
            ("text", 0, "0"),
            ("text", True, "是"),
            ("date", dt.date(2026, 11, 8), "2026-11-08"),
            ("month", dt.date(2026, 10, 1), "2026年10月"),
            (
                "datetime",
                dt.datetime(2026, 11, 17, 16, 20, tzinfo=dt.UTC),
                "2026-11-18 00:20",
            ),
        ],
    )
    def test_values_as_the_office_writes_them(self, kind: str, value: object, shown: str) -> None:
        html = cells(Column("v", "值", kind=kind), row=SimpleNamespace(v=value))
        assert f">{shown}<" in html

    def test_zero_as_dash_only_where_asked(self) -> None:
        row = SimpleNamespace(v=Decimal(0))
        assert "0.00" in cells(Column("v", "扣减", kind="money"), row=row)
        assert "0.00" not in cells(Column("v", "扣减", kind="money", dash_zero=True), row=row)

    def test_pill_and_missing_pill(self) -> None:
        html = cells(
            Column("a", "状态", pill=lambda r: Pill("逾期<1", "r")),
            Column("b", "整改", pill=lambda r: None),
            row=Row(),
        )
        assert '<span class="pill r">逾期&lt;1</span>' in html
        assert "—" in html

    def test_path_over_a_missing_record_is_blank(self) -> None:
        html = cells(Column("x", "街道", value="street__name"), row=SimpleNamespace(street=None))
        assert "—" in html

    def test_unknown_attribute_is_a_mistake_not_a_blank(self) -> None:
        with pytest.raises(AttributeError):
            cells(Column("x", "街道", value="no_such_thing"), row=Row())

    def test_unknown_kind_and_repeated_name_are_refused(self) -> None:
        with pytest.raises(ValueError, match="unknown kind"):
            Column("a", "A", kind="euro")
        with pytest.raises(ValueError, match="two columns"):
            cells(Column("a", "A"), Column("a", "B"), row=Row())

    def test_row_without_key_gets_no_link(self, estate: Estate) -> None:
        html = cells(Column("name", "名称", link="common:job-detail"), row=Row(pk=None))
        assert "<a " not in html


class TestRows:
    def table(self) -> EstateTable:
        return EstateTable(model=Estate)

    def page(self, query: str = "", count: int | None = None) -> object:
        rows = Estate.objects.all()
        number, totals = self.table().summary(rows)
        return self.table().page(
            rows, count=number if count is None else count, totals=totals, params=QueryDict(query)
        )

    def names(self, query: str = "") -> list[str]:
        return [row.name for row in self.page(query).rows]

    @pytest.fixture(autouse=True)
    def _some(self, make_estate: object) -> None:
        for name, year, households in [
            ("甲院", 1990, 10),
            ("乙院", None, 30),
            ("丙院", 1985, 20),
            ("丁院", 2001, 40),
        ]:
            make_estate(name=name, built_year=year, household_count=households)

    def test_choices_show_their_label_and_joins_come_by_themselves(self) -> None:
        body = str(self.page().body)
        assert ">老旧小区<" in body
        assert ">龙泉社区<" in body

    def test_link_is_the_records_page(self) -> None:
        first = Estate.objects.order_by("code").first()
        assert f'<a href="/ui/estates/{first.pk}/"' in str(self.page().body)

    def test_sort_both_ways_with_blanks_last(self) -> None:
        assert self.names("sort=year&size=20") == ["丙院", "甲院", "丁院", "乙院"]
        assert self.names("sort=-year&size=20") == ["丁院", "甲院", "丙院", "乙院"]

    @pytest.mark.parametrize(
        "sort", ["password", "kind", "-community__street__office", "x' OR 1=1", "--code", ""]
    )
    def test_sort_that_is_not_offered_falls_back(self, sort: str) -> None:
        assert self.names(f"sort={sort}&size=20") == ["甲院", "乙院", "丙院", "丁院"]

    def test_second_page_and_pages_that_are_none(self) -> None:
        assert self.names("page=2") == ["丁院"]
        assert self.names("page=99") == ["丁院"]
        assert self.names("page=abc") == self.names("page=-4") == ["甲院", "乙院", "丙院"]
        assert self.names("size=100000") == ["甲院", "乙院", "丙院"]

    def test_deep_pages_are_capped(self) -> None:
        class Short(EstateTable):
            max_page = 1

        rows = Estate.objects.all()
        bound = Short(model=Estate).page(rows, count=4, totals={}, params=QueryDict("page=2"))
        assert bound.pager is not None
        assert bound.pager.capped
        assert [row.name for row in bound.rows] == ["甲院", "乙院", "丙院"]

    def test_annotated_rows_keep_their_order_and_annotations(self) -> None:
        rows = Estate.objects.annotate(double=F("household_count") * 2)
        table = self.table()
        bound = table.page(rows, count=4, totals={}, params=QueryDict("sort=-households&size=20"))
        assert [(row.name, row.double) for row in bound.rows][:2] == [("丁院", 80), ("乙院", 60)]

    def test_sum_row_is_of_all_rows_not_of_the_page(self) -> None:
        bound = self.page()
        assert len(bound.rows) == 3
        assert ">100<" in str(bound.sum_row)
        assert "合计" in str(bound.sum_row)

    def test_columns_chosen_in_declared_order_and_nonsense_ignored(self) -> None:
        table = self.table()
        assert [c.name for c in table.shown(["address", "name", "nope"])] == ["name", "address"]
        assert "address" not in [c.name for c in table.shown([])]
        assert "address" not in [c.name for c in table.shown(["nope"])]

    def test_column_for_some_users_only(self) -> None:
        class Masked(Table):
            columns = [Column("name", "名称"), Column("phone", "电话", only=lambda user: user == 1)]

        assert [c.name for c in Masked(user=1).shown(["phone"])] == ["phone"]
        assert [c.name for c in Masked(user=2).shown(["phone"])] == ["name"]

    def test_heading_tells_its_order_and_turns_it(self) -> None:
        head = str(self.page("sort=name&page=2&kind=old").head)
        assert 'aria-sort="ascending"' in head
        assert 'href="?kind=old&amp;sort=-name"' in head
        assert "page=2" not in head

    def test_number_of_queries_does_not_grow(
        self, count_queries: object, make_estate: object
    ) -> None:
        with count_queries() as few:
            self.page("size=20")
        for _ in range(12):
            make_estate()
        with count_queries() as many:
            assert len(self.page("size=20").rows) == 16
        assert len(few) == len(many)

    def test_export_gives_typed_values_and_the_word_of_a_pill(self) -> None:
        table = self.table()
        row = Estate.objects.get(name="乙院")
        values = {c.name: read(row) for c, read in table.export_columns(table.shown())}
        assert values["households"] == 30
        assert values["kind"] == "老旧小区"
        assert values["four"] == "不齐"
        assert values["year"] is None

    def test_large_counts_are_kept_and_small_ones_are_not(self, make_estate: object) -> None:
        cache.clear()
        table = self.table()
        assert table.summary(Estate.objects.all(), cache_key="a")[0] == 4
        pattern = Estate.objects.get(name="甲院")
        fields = {
            f.attname: getattr(pattern, f.attname)
            for f in Estate._meta.concrete_fields
            if f.attname not in {"id", "code", "name"}
        }
        Estate.objects.bulk_create(
            Estate(code=f"N{i:05}", name=f"新{i}院", **fields) for i in range(1000)
        )
        assert table.summary(Estate.objects.all(), cache_key="a")[0] == 1004
        Estate.objects.filter(name="新0院").delete()
        assert table.summary(Estate.objects.all(), cache_key="a")[0] == 1004
        assert table.summary(Estate.objects.all(), cache_key="b")[0] == 1003


class TestPlainRows:
    """Answers of selectors are lists of dataclasses; they sort and add up the same way."""

    def test_sorted_and_summed(self) -> None:
        class Scores(Table):
            columns = [
                Column("name", "街道", sort=True),
                Column("amount", "金额", kind="money", sort=True, total="amount"),
            ]
            default_sort = "-amount"
            sum_row = True

        rows = [Row(1, "甲", Decimal(5)), Row(2, "乙", None), Row(3, "丙", Decimal("7.5"))]
        table = Scores()
        count, totals = table.summary(rows)
        bound = table.page(rows, count=count, totals=totals, params=QueryDict(""))
        assert [row.name for row in bound.rows] == ["丙", "甲", "乙"]
        assert "12.50" in str(bound.sum_row)


class TestPaging:
    def numbers(self, number: int, pages: int) -> str:
        pager = Pager(number, 20, pages * 20, pages, False, str, str)
        return " ".join("…" if link.gap else str(link.number) for link in pager.links)

    def test_links_with_gaps(self) -> None:
        assert self.numbers(1, 12) == "1 2 3 4 … 12"
        assert self.numbers(6, 12) == "1 … 5 6 7 … 12"
        assert self.numbers(12, 12) == "1 … 9 10 11 12"
        assert self.numbers(3, 5) == "1 2 3 4 5"

    def test_query_url_replaces_drops_and_keeps(self) -> None:
        params = QueryDict("street=1&page=3&q=&kind=old&kind=rural")
        assert query_url(params, page=None) == "?street=1&kind=old&kind=rural"
        assert query_url(params, page=2, street=None) == "?kind=old&kind=rural&page=2"
        assert query_url(QueryDict(""), page=None) == "?"
