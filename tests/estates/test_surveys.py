"""The baseline survey: what people found on site is shown against the registry, and a person
takes or leaves each difference."""

import datetime as dt
from decimal import Decimal

import pytest
from django.urls import reverse

from estates import services
from estates.choices import CountStatus, Decision, ManagementMode, SurveyStatus
from estates.models import Building, HouseholdCount, Survey, SurveyDifference
from estates.services.surveys import SurveyRow
from tests.estates.conftest import DECEMBER, TODAY, workbook
from tests.support.doors import refused
from xingyang_pm.common import audit, desk
from xingyang_pm.common.errors import BusinessError, NotPermitted

HEAD = ["序号", "街道", "小区名称", "地址", "楼栋数", "户数", "建成年代", "清扫保洁", "电话"]


def url_of(name: str, *args: object) -> str:
    return reverse(f"estates:{name}", args=args)


@pytest.fixture
def sheet(evidence):
    """Make the survey's table as it is uploaded: ``sheet([row, row])``."""

    def make(*rows):
        numbered = [[number, *row] for number, row in enumerate(rows, start=1)]
        return evidence("调查表.xlsx", workbook({"调查": [HEAD, *numbered]}))

    return make


@pytest.fixture
def upload(street_clerk, client_for, street, sheet):
    """Upload a survey's table through the page: ``upload([row, row])``."""

    def send(*rows, user=None, **fields):
        return client_for(user or street_clerk).post(
            url_of("survey-create"),
            {
                "title": "2026年老旧小区摸底调查",
                "street": street.pk,
                "surveyed_on": "2026-11-18",
                "file": sheet(*rows),
                **fields,
            },
        )

    return send


@pytest.fixture
def survey(estate, upload) -> Survey:
    """One estate with five differences, and one that the registry does not know."""
    answer = upload(
        ["索河街道", estate.name, "索河路12号", 4, 120, 1994, "√", "13800000001"],
        ["索河街道", "没登记的院", "索河路99号", 2, 60, None, None, None],
    )
    survey = Survey.objects.get()
    assert answer.url == survey.get_absolute_url()
    return survey


def difference(survey: Survey, field: str) -> SurveyDifference:
    return SurveyDifference.objects.get(entry__survey=survey, field=field)


# --- What differs ----------------------------------------------------------------------------


def test_an_upload_writes_nothing_into_the_registry(survey, estate, client_for, street_clerk):
    found = SurveyDifference.objects.filter(entry__survey=survey)
    assert {row.field: (row.registry_value, row.survey_value) for row in found} == {
        "address": ("索河街道康泰路1号", "索河路12号"),
        "building_count": ("3", "4"),
        "household_count": ("96", "120"),
        "built_year": ("", "1994"),
        "has_cleaning": ("否", "是"),
        "contact_phone": ("", "13800000001"),
    }
    assert {row.decision for row in found} == {Decision.PENDING}
    before = (estate.address, estate.building_count, estate.household_count)
    estate.refresh_from_db()
    assert (estate.address, estate.building_count, estate.household_count) == before
    shown = client_for(street_clerk).get(survey.get_absolute_url()).content.decode()
    for text in ("没登记的院", "2 个小区，6 处不同，6 处待处理", "138****0001"):
        assert text in shown, text
    assert "13800000001" not in shown
    assert audit.timeline(survey)[0].summary.endswith("2 个小区，6 处与名录不同")


def test_what_agrees_and_what_is_left_blank_is_no_difference(estate, upload):
    upload(["索河街道", estate.name, None, 3, 96, None, None, None])
    assert not SurveyDifference.objects.exists()


def test_an_alias_finds_the_estate(estate, city_manager, upload):
    services.estate_name_add(estate=estate, actor=city_manager, name="二棉大院", kind="alias")
    upload(["索河街道", "二棉大院", None, None, 120, None, None, None])
    assert Survey.objects.get().entries.get().estate == estate


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([["索河街道", "纺织厂家属院", None, None, "一百二", None, None, None]], "户数应为数字"),
        ([["京城路街道", "甲院", None, None, 60, None, None, None]], "这次调查的是索河街道"),
        ([["索河街道", "甲院", None, 1, 60, None, None, None]] * 2, "重复"),
        ([], "没有小区"),
    ],
)
def test_a_table_with_errors_is_refused_with_its_cells_and_the_form_kept(
    estate, upload, rows, sentence
):
    answer = upload(*rows, title="秋季摸底")
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors["file"])
    assert "秋季摸底" in answer.content.decode()
    assert not Survey.objects.exists()


def test_a_survey_is_of_ones_own_street_and_of_no_day_to_come(
    other_clerk, other_street, street, upload
):
    row = ["索河街道", "甲院", None, None, 60, None, None, None]
    foreign = upload(row, user=other_clerk)
    assert foreign.status_code == 422
    assert "street" in foreign.context["form"].errors
    assert set(foreign.context["form"].fields["street"].queryset) == {other_street}
    early = upload(row, surveyed_on="2026-11-19")
    assert "调查日期不能晚于今天" in early.content.decode()
    with pytest.raises(BusinessError) as refused:
        services.survey_upload(
            actor=other_clerk,
            title="越界",
            street=street,
            surveyed_on=TODAY,
            rows=[SurveyRow(4, "甲院", None)],
        )
    assert refused.value.code == "out_of_scope"
    assert not Survey.objects.exists()


@pytest.mark.parametrize(
    "who", ["street_leader", "inspector", "bureau_leader", "finance_officer", "auditor"]
)
def test_others_upload_no_survey(cast, street, who):
    with pytest.raises(NotPermitted):
        services.survey_upload(
            actor=cast.people[who], title="x", street=street, surveyed_on=TODAY, rows=[]
        )


# --- Taking and leaving ----------------------------------------------------------------------


def test_a_taken_difference_is_written_and_a_left_one_is_not(city_manager, estate, survey):
    taken = services.survey_difference_decide(
        difference=difference(survey, "address"), actor=city_manager, accept=True
    )
    left = services.survey_difference_decide(
        difference=difference(survey, "built_year"), actor=city_manager, accept=False
    )
    estate.refresh_from_db()
    assert (estate.address, estate.built_year, estate.building_count) == ("索河路12号", None, 3)
    assert (taken.decision, taken.decided_by) == (Decision.ACCEPTED, city_manager)
    assert (left.decision, left.decided_by) == (Decision.REJECTED, city_manager)
    entry = audit.timeline(estate)[0]
    assert (entry.verb, entry.actor) == ("estate.update", city_manager)
    assert entry.reason == "采用“2026年老旧小区摸底调查”第 2 行"
    assert entry.before == {"address": "索河街道康泰路1号"}


def test_several_of_one_estate_are_one_change(city_manager, estate, survey):
    rows = SurveyDifference.objects.filter(
        field__in=["address", "built_year", "has_cleaning", "building_count"]
    )
    assert (
        services.survey_differences_decide(differences=rows, actor=city_manager, accept=True) == 4
    )
    estate.refresh_from_db()
    assert (estate.built_year, estate.has_cleaning, estate.building_count) == (1994, True, 4)
    assert [entry.verb for entry in audit.timeline(estate)].count("estate.update") == 1


def test_surveyed_households_wait_for_a_verification_with_the_table_as_evidence(
    city_manager, street_leader, estate, survey
):
    services.survey_difference_decide(
        difference=difference(survey, "household_count"), actor=city_manager, accept=True
    )
    estate.refresh_from_db()
    assert estate.household_count == 96
    count = HouseholdCount.objects.get()
    assert (count.status, count.households, count.buildings) == (CountStatus.ENTERED, 120, 4)
    assert (count.effective_month, count.entered_by) == (DECEMBER, city_manager)
    assert count.evidence_name == "调查表.xlsx"
    with survey.source.open("rb") as source:
        assert count.evidence.read() == source.read()
    with pytest.raises(BusinessError, match="录入人不能核定"):
        services.household_count_verify(count=count, actor=city_manager)
    services.household_count_verify(count=count, actor=street_leader)
    estate.refresh_from_db()
    assert estate.household_count == 120


def test_what_cannot_be_written_leaves_all_undecided(city_manager, estate, survey):
    """A table without its file is no evidence for households: nothing of the choice is taken."""
    Survey.objects.update(source="")
    rows = SurveyDifference.objects.filter(field__in=["address", "household_count"])
    with pytest.raises(BusinessError, match="没有留存调查表"):
        services.survey_differences_decide(differences=rows, actor=city_manager, accept=True)
    estate.refresh_from_db()
    assert estate.address == "索河街道康泰路1号"
    assert set(rows.values_list("decision", flat=True)) == {Decision.PENDING}


def test_each_kind_of_value_comes_back_as_it_was_surveyed(city_manager, street, estate):
    community = street.communities.create(
        code="410182001009", name="兴华社区居民委员会", short_name="兴华社区"
    )
    values = {
        "community": community,
        "floor_area": Decimal("5600.50"),
        "management_mode": ManagementMode.OWNERS,
        "unit_count": 9,
    }
    survey = services.survey_upload(
        actor=city_manager,
        title="摸底",
        street=street,
        surveyed_on=TODAY,
        rows=[SurveyRow(4, estate.name, estate, values)],
    )
    rows = SurveyDifference.objects.filter(entry__survey=survey)
    assert (
        services.survey_differences_decide(differences=rows, actor=city_manager, accept=True) == 4
    )
    estate.refresh_from_db()
    assert {name: getattr(estate, name) for name in values} == values


@pytest.mark.parametrize(
    "who", ["street_clerk", "street_leader", "inspector", "bureau_leader", "auditor"]
)
def test_nobody_but_the_section_head_decides(cast, client_for, estate, survey, who):
    row = difference(survey, "address")
    actor = cast.people[who]
    with pytest.raises(NotPermitted):
        services.survey_difference_decide(difference=row, actor=actor, accept=True)
    for name in ("survey-accept", "survey-reject"):
        answer = client_for(actor).post(url_of(name, survey.pk), {"pk": [row.pk]})
        assert answer.status_code == 403
    with pytest.raises(NotPermitted):
        services.survey_close(survey=survey, actor=actor)
    row.refresh_from_db()
    assert row.decision == Decision.PENDING


def test_a_decision_is_taken_once_and_a_closed_survey_stays(city_manager, survey):
    row = difference(survey, "address")
    services.survey_difference_decide(difference=row, actor=city_manager, accept=False)
    with pytest.raises(BusinessError, match="请先勾选还没有处理的行"):
        services.survey_difference_decide(difference=row, actor=city_manager, accept=True)
    with pytest.raises(BusinessError, match="还有 5 处没有处理"):
        services.survey_close(survey=survey, actor=city_manager)
    rest = SurveyDifference.objects.open()
    services.survey_differences_decide(differences=rest, actor=city_manager, accept=False)
    services.survey_close(survey=survey, actor=city_manager)
    survey.refresh_from_db()
    assert survey.status == SurveyStatus.CLOSED
    with pytest.raises(BusinessError, match="已经结束"):
        services.survey_close(survey=survey, actor=city_manager)


@pytest.mark.both_databases
def test_the_database_keeps_what_was_decided(city_manager, survey):
    row = difference(survey, "address")
    services.survey_difference_decide(difference=row, actor=city_manager, accept=False)
    own = SurveyDifference.objects.filter(pk=row.pk)
    for door in (
        lambda: own.update(decision=Decision.ACCEPTED),
        lambda: own.update(survey_value="别的"),
        own.delete,
    ):
        refused("已经处理，不能再改", door)


# --- Pages -----------------------------------------------------------------------------------


def test_the_page_takes_what_was_ticked_of_this_survey_alone(
    city_manager, client_for, street, estate, survey
):
    other = services.survey_upload(
        actor=city_manager,
        title="另一次",
        street=street,
        surveyed_on=dt.date(2026, 6, 1),
        rows=[SurveyRow(4, estate.name, estate, {"address": "别处1号"})],
    )
    client = client_for(city_manager)
    (waiting,) = [
        item
        for item in desk.waiting_for(city_manager)
        if item.tag == "调查" and item.url == survey.get_absolute_url()
    ]
    assert "6 处不同待处理" in waiting.title
    foreign = difference(other, "address")
    client.post(
        url_of("survey-accept", survey.pk),
        {"pk": [difference(survey, "address").pk, foreign.pk, "x"]},
    )
    estate.refresh_from_db()
    foreign.refresh_from_db()
    assert (estate.address, foreign.decision) == ("索河路12号", Decision.PENDING)
    listing = client.get(survey.get_absolute_url(), {"decision": "pending"}).context["listing"]
    assert listing.count == 5
    listing = client.get(survey.get_absolute_url(), {"field": "built_year"}).context["listing"]
    assert [row.survey_value for row in listing.table.rows] == ["1994"]
    assert client.get(survey.get_absolute_url(), {"q": "别的院"}).context["listing"].count == 0
    handed = client.get(url_of("survey-source", survey.pk))
    assert b"".join(handed).startswith(b"PK")
    assert audit.timeline(survey)[0].summary == "下载“调查表.xlsx”"


def test_a_page_costs_the_same_for_one_estate_as_for_twenty(
    city_manager, client_for, street, make_estate, assert_constant_queries
):
    def survey_of(count: int) -> Survey:
        estates = [make_estate() for _ in range(count)]
        return services.survey_upload(
            actor=city_manager,
            title="摸底",
            street=street,
            surveyed_on=TODAY,
            rows=[
                SurveyRow(4 + n, estate.name, estate, {"address": "x", "unit_count": 7})
                for n, estate in enumerate(estates)
            ],
        )

    shown = survey_of(1)
    client = client_for(city_manager)

    def look() -> None:
        assert client.get(shown.get_absolute_url()).status_code == 200
        assert client.get(url_of("survey-list")).status_code == 200

    def grow() -> None:
        nonlocal shown
        shown = survey_of(20)

    assert_constant_queries(look, grow)
    assert not Building.objects.exists()
