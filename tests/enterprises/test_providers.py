"""Who may serve: the credit code, the kinds, what is written and by whom."""

import pytest
from django.db import IntegrityError, transaction

from enterprises import services
from enterprises.calculations import credit_code_check_digit, credit_code_problem
from enterprises.choices import ProviderKind
from enterprises.models import ProjectManager, Provider
from tests.enterprises.conftest import credit_code
from xingyang_pm.common import audit, clock, search
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import AuditEntry

pytestmark = pytest.mark.usefixtures("that_day")

# On the licences of four well-known firms: not computed by us.
ON_LICENCES = [
    "914403001922038216",
    "91330100799655058B",
    "9144030071526726XG",
    "91110000802100433B",
]
LOCAL = [ProviderKind.COMMUNITY_CENTRE, ProviderKind.VILLAGE_COMMITTEE, ProviderKind.TOWN_OFFICE]


# --- The credit code -------------------------------------------------------------------------


@pytest.mark.parametrize("code", ON_LICENCES)
def test_the_check_digit_is_that_of_real_licences(code):
    assert credit_code_check_digit(code[:17]) == code[17]
    assert credit_code_problem(code) is None


@pytest.mark.parametrize("code", ON_LICENCES)
def test_one_wrong_character_is_found_wherever_it_stands(code):
    for position, right in enumerate(code):
        for wrong in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            if wrong != right:
                slip = code[:position] + wrong + code[position + 1 :]
                assert credit_code_problem(slip), slip


def test_two_neighbours_changed_over_are_found():
    for code in ON_LICENCES:
        for position in range(17):
            one, two = code[position : position + 2]
            if one != two:
                slip = code[:position] + two + one + code[position + 2 :]
                assert credit_code_problem(slip), slip


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("91330100799655058", "应为 18 位，现为 17 位"),
        ("91330100799655058BB", "应为 18 位，现为 19 位"),
        ("9133010079965505OB", "不应有“O”"),
        ("91330100799655058C", "末位校验不符"),
    ],
)
def test_a_wrong_code_is_refused_on_its_field(city_manager, given, sentence):
    with pytest.raises(BusinessError, match=sentence) as refused:
        services.provider_create(
            actor=city_manager, kind=ProviderKind.ENTERPRISE, name="甲公司", credit_code=given
        )
    assert refused.value.field == "credit_code"
    assert not Provider.objects.exists()


def test_a_code_is_put_in_shape_before_it_is_judged(city_manager):
    made = services.provider_create(
        actor=city_manager,
        kind=ProviderKind.ENTERPRISE,
        name="甲公司",
        credit_code=" 91330100799655058b ",
    )
    assert made.credit_code == "91330100799655058B"


def test_one_code_is_one_firm_but_many_may_have_none(city_manager, firm):
    with pytest.raises(BusinessError, match="这个统一社会信用代码已经登记过"):
        services.provider_create(
            actor=city_manager,
            kind=ProviderKind.ENTERPRISE,
            name="郑州怡馨城市服务有限公司",
            credit_code=firm.credit_code,
        )
    for name in ("乙公司", "丙公司"):
        services.provider_create(actor=city_manager, kind=ProviderKind.ENTERPRISE, name=name)
    assert Provider.objects.filter(credit_code="").count() == 2


@pytest.mark.both_databases
def test_the_database_refuses_a_second_firm_with_the_code(firm):
    moment = clock.now()
    twin = Provider(
        code="FW-9999",
        kind=ProviderKind.ENTERPRISE,
        name="影子公司",
        credit_code=firm.credit_code,
        created_at=moment,
        updated_at=moment,
    )
    with pytest.raises(IntegrityError, match=r"UNIQUE|unique"), transaction.atomic():
        twin.save()
    twin.credit_code = ""
    twin.save()


# --- Kinds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOCAL)
def test_who_is_of_a_street_says_of_which(city_manager, street, kind):
    with pytest.raises(BusinessError, match="须写明所属街道"):
        services.provider_create(actor=city_manager, kind=kind, name="龙泉服务中心")
    made = services.provider_create(
        actor=city_manager, kind=kind, name="龙泉服务中心", street=street
    )
    assert (made.kind, made.street) == (kind, street)


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", LOCAL)
def test_the_database_wants_the_street_too(centre, kind):
    own = Provider.objects.filter(pk=centre.pk)
    with (
        pytest.raises(IntegrityError, match="provider_local_has_street"),
        transaction.atomic(),
    ):
        own.update(kind=kind, street=None)
    assert own.update(kind=ProviderKind.ENTERPRISE, street=None) == 1


def test_a_community_is_one_of_the_street(city_manager, street, other_street):
    with pytest.raises(BusinessError, match="京城社区 不属于 索河街道，请重选社区") as refused:
        services.provider_create(
            actor=city_manager,
            kind=ProviderKind.COMMUNITY_CENTRE,
            name="京城社区物业服务中心",
            street=street,
            community=other_street.communities.first(),
        )
    assert refused.value.field == "community"


# --- Writing ---------------------------------------------------------------------------------


def test_a_registered_firm_has_a_code_initials_and_an_entry(city_manager, firm, rival):
    assert (firm.code, rival.code) == ("FW-0001", "FW-0002")
    assert firm.initials.startswith("zzyx")
    (entry,) = audit.timeline(firm)
    assert (entry.actor, entry.verb) == (city_manager, "provider.create")
    assert entry.summary == "登记物业服务企业 郑州怡馨物业服务有限公司"
    assert entry.after["credit_code"] == firm.credit_code


def test_a_refused_registration_uses_up_no_number(city_manager, firm):
    with pytest.raises(BusinessError):
        services.provider_create(actor=city_manager, kind=ProviderKind.ENTERPRISE, name=firm.name)
    made = services.provider_create(actor=city_manager, kind=ProviderKind.ENTERPRISE, name="乙公司")
    assert made.code == "FW-0002"


def test_a_change_tells_before_and_after_and_no_change_tells_nothing(city_manager, firm):
    services.provider_update(
        provider=firm, actor=city_manager, phone="13803710000", legal_representative="李新"
    )
    entry = audit.timeline(firm)[0]
    assert entry.summary == "修改法定代表人、联系电话"
    assert entry.before == {"legal_representative": "张利民", "phone": "13803712206"}
    assert entry.after == {"legal_representative": "李新", "phone": "13803710000"}
    services.provider_update(provider=firm, actor=city_manager, phone="13803710000")
    assert AuditEntry.objects.filter(verb="provider.update").count() == 1


@pytest.mark.parametrize(
    "who",
    ["street_clerk", "street_leader", "inspector", "bureau_leader", "finance_officer",
     "system_admin", "auditor", "outsider"],
)  # fmt: skip
def test_nobody_but_the_section_head_keeps_the_list(cast, firm, who):
    actor = cast.people[who]
    for act in (
        lambda: services.provider_create(actor=actor, kind=ProviderKind.ENTERPRISE, name="甲公司"),
        lambda: services.provider_update(provider=firm, actor=actor, phone="1"),
        lambda: services.manager_add(provider=firm, actor=actor, name="丁经理"),
    ):
        with pytest.raises(NotPermitted):
            act()
    firm.refresh_from_db()
    assert (Provider.objects.count(), firm.phone) == (1, "13803712206")
    assert not ProjectManager.objects.exists()


def test_people_come_and_leave_once_and_stay_on_record(city_manager, firm):
    manager = services.manager_add(
        provider=firm, actor=city_manager, name="丁文", phone="13700000001", certificate="X-1"
    )
    services.manager_leave(manager=manager, actor=city_manager)
    with pytest.raises(BusinessError, match="丁文 已不在岗"):
        services.manager_leave(manager=manager, actor=city_manager)
    assert [entry.summary for entry in audit.timeline(firm)[:2]] == [
        "项目经理 丁文 离岗",
        "登记项目经理 丁文",
    ]
    assert ProjectManager.objects.get().is_active is False


def test_each_community_gets_one_service_centre(city_manager, street, centre):
    communities = list(street.communities.all())
    made = services.community_centres_found(
        street=street, actor=city_manager, communities=communities
    )
    assert made == []  # 龙泉社区 has its centre
    Provider.objects.all().delete()
    (made,) = services.community_centres_found(
        street=street, actor=city_manager, communities=communities
    )
    assert (made.name, made.community.short_name) == ("龙泉社区物业服务中心", "龙泉社区")


@pytest.mark.parametrize(
    "text", ["怡馨", "郑州怡馨物业", "zzyx", "ZZYX", "FW-0001", "91410182MA3X"]
)
def test_the_search_box_finds_a_firm(city_manager, firm, rival, text):
    found = dict(search.find(city_manager, text))
    assert [hit.title for hit in found["服务主体"]] == [firm.name]


def test_a_check_digit_is_of_seventeen_characters():
    assert credit_code("91330100799655058") == "91330100799655058B"
    with pytest.raises(ValueError, match=r"shorter|longer"):
        credit_code_check_digit("9133")
