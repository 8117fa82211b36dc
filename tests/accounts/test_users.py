"""Accounts and who may make, change and close them."""

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts import selectors
from accounts.choices import EXCLUSIVE_ROLES, Role, TokenRight
from accounts.models import Office, User, UserRole
from accounts.services import offices, tokens, users
from tests.support.people import PASSWORD, make_user
from xingyang_pm.common import access, clock, triggers
from xingyang_pm.common.errors import BusinessError, NotPermitted, StaleState

from .conftest import WRONG, entries, the_entry, try_sign_in

NOT_ADMINISTRATORS = [
    "street_clerk", "street_leader", "inspector", "city_manager", "bureau_leader",
    "finance_officer", "auditor", "outsider",
]  # fmt: skip


def create(cast, **given):
    facts = {
        "actor": cast.system_admin,
        "username": "qianyun",
        "name": "钱芸",
        "office": cast.street_office,
        "roles": [Role.STREET_CLERK],
        "duty": "物业办",
        "phone": "138 0000-1234",
        "email": "",
    }
    return users.user_create(**{**facts, **given})


# --- making ----------------------------------------------------------------------------------


def test_a_new_account(cast):
    user, password = create(cast)
    user.refresh_from_db()
    assert user.check_password(password)
    assert (user.must_change_password, user.is_active, user.created_by) == (
        True,
        True,
        cast.system_admin,
    )
    assert user.phone == "13800001234"
    assert user.role_codes == {Role.STREET_CLERK}
    entry = the_entry("user.create")
    assert entry.summary == "建立账号“qianyun”（钱芸，索河街道办事处），角色：街道经办"
    assert entry.after["roles"] == ["street_clerk"]
    assert entry.after["phone"] == "138****1234"
    assert password not in str(entry.after) + entry.summary
    client = Client()
    assert try_sign_in(client, "qianyun", password).status_code == 302
    assert client.get("/estates/")["Location"].startswith("/accounts/password/")


@pytest.mark.parametrize("part", NOT_ADMINISTRATORS)
def test_only_the_administrator_makes_accounts(cast, part):
    with pytest.raises(NotPermitted, match="只有系统管理员"):
        create(cast, actor=cast.people[part])


def test_a_superuser_flag_counts_for_nothing(cast):
    """There is no way in beside the roles, whatever an object claims to be."""
    outsider = cast.outsider
    outsider.is_superuser = True
    outsider.is_staff_flag = True
    assert not outsider.is_staff
    assert not outsider.has_perm("accounts.change_user")
    assert not outsider.has_perm("accounts.view_user")
    assert not outsider.has_module_perms("accounts")
    assert not access.holds(outsider, [Role.SYSTEM_ADMIN])
    with pytest.raises(NotPermitted):
        create(cast, actor=outsider)
    assert not hasattr(User, "is_superuser")
    assert not cast.system_admin.has_perm("accounts.change_user"), "the administrator looks only"
    assert not hasattr(User.objects, "create_superuser")


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"username": "Qian"}, "username", "用户名由小写字母开头"),
        ({"username": "钱芸"}, "username", "用户名由小写字母开头"),
        ({"username": "qy"}, "username", "3 至 40 位"),
        ({"username": "q" * 41}, "username", "3 至 40 位"),
        ({"username": "qian yun"}, "username", "只用小写字母"),
        ({"username": "admin"}, "username", "常被试探的用户名"),
        ({"username": "root"}, "username", "常被试探的用户名"),
        ({"username": "suohe_jb"}, "username", "已有人用"),
        ({"name": "  "}, "name", "请写上姓名"),
        ({"phone": "12345"}, "phone", "手机应为 11 位数字"),
        ({"email": "not-an-address"}, "email", "邮箱|邮件|电子邮件"),
        ({"roles": ["emperor"]}, "roles", "没有这个角色：emperor"),
        (
            {"roles": [Role.INSPECTOR]},
            "roles",
            "检查员是房管中心的角色，索河街道办事处的人不能担任",
        ),
        ({"roles": [Role.SYSTEM_ADMIN]}, "roles", "房管中心的角色"),
        ({"roles": [Role.AUDITOR]}, "roles", "房管中心的角色"),
    ],
)
def test_bad_facts_are_named(cast, given, field, sentence):
    with pytest.raises(BusinessError, match=sentence) as caught:
        create(cast, **given)
    assert caught.value.field == field
    assert entries("user.create") == []


def test_street_roles_stay_in_the_streets(cast):
    with pytest.raises(BusinessError, match="街道经办是街道（乡镇）的角色，荥阳市房管中心的人"):
        create(cast, office=cast.bureau)


def test_a_closed_office_takes_nobody(cast):
    Office.objects.filter(pk=cast.street_office.pk).update(is_active=False)
    cast.street_office.refresh_from_db()
    with pytest.raises(BusinessError, match="已停用"):
        create(cast)


def test_two_roles_of_one_person(cast):
    user, _ = create(cast, roles=[Role.STREET_CLERK, Role.STREET_LEADER])
    assert user.role_names == "街道经办、街道审核"


# --- roles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("alone", sorted(EXCLUSIVE_ROLES))
def test_administrator_and_auditor_hold_nothing_else(cast, alone):
    with pytest.raises(BusinessError, match="不能兼任其他角色"):
        users.user_set_roles(
            actor=cast.system_admin, user=cast.inspector, roles=[alone, Role.INSPECTOR]
        )


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("has", "wants"),
    [
        (Role.SYSTEM_ADMIN, Role.INSPECTOR),
        (Role.INSPECTOR, Role.SYSTEM_ADMIN),
        (Role.AUDITOR, Role.BUREAU_LEADER),
        (Role.BUREAU_LEADER, Role.AUDITOR),
        (Role.SYSTEM_ADMIN, Role.AUDITOR),
    ],
)
def test_the_database_knows_which_roles_stand_alone(cast, has, wants):
    user = make_user("zhao_er", "赵二", cast.bureau, has)
    table = UserRole._meta.db_table
    with (
        pytest.raises(IntegrityError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f'INSERT INTO "{table}" (user_id, role) VALUES (%s, %s)', [user.pk, wants.value]
        )
    assert triggers.sentence(caught.value) == "系统管理员和审计员不能兼任其他角色。"
    other = UserRole.objects.create(user=cast.outsider, role=wants)
    with pytest.raises(IntegrityError), transaction.atomic():
        UserRole.objects.filter(pk=other.pk).update(user=user)


def test_an_inspector_becomes_auditor(cast):
    """The old role goes before the new one comes, or the database would refuse it."""
    user = users.user_set_roles(actor=cast.system_admin, user=cast.inspector, roles=[Role.AUDITOR])
    assert user.role_codes == {Role.AUDITOR}
    entry = the_entry("user.roles")
    assert entry.before["roles"] == ["inspector"]
    assert entry.after["roles"] == ["auditor"]
    assert entry.summary == "调整“张志强”的角色：检查员 改为 审计员"


def test_moving_to_another_office_takes_fitting_roles(cast):
    with pytest.raises(BusinessError, match="街道经办是街道"):
        users.user_set_roles(
            actor=cast.system_admin,
            user=cast.street_clerk,
            roles=[Role.STREET_CLERK],
            office=cast.bureau,
        )
    moved = users.user_set_roles(
        actor=cast.system_admin,
        user=cast.street_clerk,
        roles=[Role.INSPECTOR],
        office=cast.bureau,
    )
    assert (moved.office, moved.role_codes) == (cast.bureau, {Role.INSPECTOR})
    assert "调到荥阳市房管中心" in the_entry("user.roles").summary


def test_the_same_roles_are_no_change(cast, sign_in):
    client = sign_in(cast.inspector)
    users.user_set_roles(actor=cast.system_admin, user=cast.inspector, roles=[Role.INSPECTOR])
    assert entries("user.roles") == []
    assert client.get("/accounts/me/").status_code == 200


def test_all_roles_can_be_taken_away(cast, sign_in):
    client = sign_in(cast.inspector)
    user = users.user_set_roles(actor=cast.system_admin, user=cast.inspector, roles=[])
    assert user.role_codes == frozenset()
    assert client.get("/accounts/me/").status_code == 302, "sessions end with the rights"


OWN = {
    "roles": lambda a: users.user_set_roles(actor=a, user=a, roles=[Role.AUDITOR]),
    "reset": lambda a: users.user_reset_password(actor=a, user=a),
    "disable": lambda a: users.user_disable(actor=a, user=a, reason="试试"),
    "leave": lambda a: users.user_leave(actor=a, user=a, left_on=clock.today()),
    "enable": lambda a: users.user_enable(actor=a, user=a),
    "unlock": lambda a: users.user_unlock(actor=a, user=a),
}


@pytest.mark.parametrize("act", OWN)
def test_nobody_does_it_to_the_own_account(system_admin, act):
    with pytest.raises(NotPermitted, match="请由另一位系统管理员办理"):
        OWN[act](system_admin)
    system_admin.refresh_from_db()
    assert system_admin.is_active
    assert User.objects.get(pk=system_admin.pk).role_codes == {Role.SYSTEM_ADMIN}


ACTS = {
    "update": lambda a, u: users.user_update(actor=a, user=u, name="改名"),
    "roles": lambda a, u: users.user_set_roles(actor=a, user=u, roles=[]),
    "reset": lambda a, u: users.user_reset_password(actor=a, user=u),
    "disable": lambda a, u: users.user_disable(actor=a, user=u, reason="试试"),
    "leave": lambda a, u: users.user_leave(actor=a, user=u, left_on=clock.today()),
    "enable": lambda a, u: users.user_enable(actor=a, user=u),
    "unlock": lambda a, u: users.user_unlock(actor=a, user=u),
}


@pytest.mark.parametrize("part", NOT_ADMINISTRATORS)
@pytest.mark.parametrize("act", ACTS)
def test_only_the_administrator_changes_accounts(cast, act, part):
    before = User.objects.filter(pk=cast.other_clerk.pk).values().get()
    with pytest.raises(NotPermitted):
        ACTS[act](cast.people[part], cast.other_clerk)
    assert User.objects.filter(pk=cast.other_clerk.pk).values().get() == before
    assert User.objects.get(pk=cast.other_clerk.pk).role_codes == {Role.STREET_CLERK}


def test_an_administrator_who_was_just_closed_changes_nothing(cast, make_person):
    """The actor is asked again inside the transaction, so two cannot close each other."""
    second = make_person("guanli2", cast.bureau, Role.SYSTEM_ADMIN)
    assert second.role_codes == {Role.SYSTEM_ADMIN}
    User.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(NotPermitted):
        users.user_disable(actor=second, user=cast.system_admin, reason="抢先")
    assert selectors.has_administrator()


# --- changing --------------------------------------------------------------------------------


def test_the_facts_of_a_person_change(cast):
    users.user_update(
        actor=cast.system_admin,
        user=cast.street_clerk,
        name="王 秀兰 ",
        duty="主任",
        phone="13900005678",
    )
    entry = the_entry("user.update")
    assert entry.after == {"name": "王 秀兰", "duty": "主任", "phone": "139****5678"}
    users.user_update(
        actor=cast.system_admin,
        user=cast.street_clerk,
        name="王 秀兰",
        duty="主任",
        phone="13900005678",
    )
    assert len(entries("user.update")) == 1, "no change, no entry"


def test_a_phone_whose_mask_is_the_same_is_still_a_change(cast):
    for phone in ("13900015678", "13900025678"):
        users.user_update(
            actor=cast.system_admin, user=cast.street_clerk, name="王秀兰", phone=phone
        )
    assert len(entries("user.update")) == 2


def test_resetting_a_password(cast, sign_in):
    client = sign_in(cast.street_clerk)
    for _ in range(5):
        try_sign_in(Client(), cast.street_clerk.username, WRONG)
    password = users.user_reset_password(actor=cast.system_admin, user=cast.street_clerk)
    assert client.get("/accounts/me/").status_code == 302
    assert try_sign_in(Client(), cast.street_clerk.username, PASSWORD).status_code == 422
    fresh = Client()
    assert try_sign_in(fresh, cast.street_clerk.username, password).status_code == 302
    assert fresh.get("/")["Location"].startswith("/accounts/password/")
    entry = the_entry("password.reset")
    assert password not in f"{entry.summary}{entry.before}{entry.after}"


def test_unlocking(cast):
    for _ in range(5):
        try_sign_in(Client(), cast.street_clerk.username, WRONG)
    assert selectors.try_state(cast.street_clerk.username).is_locked
    users.user_unlock(actor=cast.system_admin, user=cast.street_clerk)
    assert not AccessAttempt.objects.exists()
    assert try_sign_in(Client(), cast.street_clerk.username).status_code == 302
    assert the_entry("user.unlock").actor == cast.system_admin
    with pytest.raises(BusinessError, match="没有被锁定"):
        users.user_unlock(actor=cast.system_admin, user=cast.street_clerk)


# --- closing ---------------------------------------------------------------------------------


def a_token(cast, user):
    return tokens.token_create(
        actor=cast.system_admin,
        user=user,
        name="取数",
        rights=[TokenRight.REGISTRY],
        expires_on=clock.today() + dt.timedelta(days=30),
    )


def test_leaving(cast, sign_in):
    sign_in(cast.street_clerk)
    token, _ = a_token(cast, cast.street_clerk)
    day = clock.today()
    user = users.user_leave(
        actor=cast.system_admin, user=cast.street_clerk, left_on=day, reason="调离"
    )
    user.refresh_from_db()
    token.refresh_from_db()
    assert (user.is_active, user.left_on) == (False, day)
    assert token.revoked_at is not None
    entry = the_entry("user.leave")
    assert "同时结束 1 个登录、1 个接口密钥" in entry.summary
    assert entry.reason == "调离"
    with pytest.raises(StaleState):
        users.user_leave(actor=cast.system_admin, user=cast.street_clerk, left_on=day)


def test_leaving_is_not_in_the_future_nor_before_the_account(cast):
    tomorrow = clock.today() + dt.timedelta(days=1)
    with pytest.raises(BusinessError, match="不能晚于今天") as caught:
        users.user_leave(actor=cast.system_admin, user=cast.street_clerk, left_on=tomorrow)
    assert caught.value.field == "left_on"
    with pytest.raises(BusinessError, match="早于账号建立"):
        users.user_leave(
            actor=cast.system_admin, user=cast.street_clerk, left_on=dt.date(2001, 1, 1)
        )


def test_who_is_suspended_can_leave(cast):
    users.user_disable(actor=cast.system_admin, user=cast.street_clerk, reason="长期病假")
    user = users.user_leave(actor=cast.system_admin, user=cast.street_clerk, left_on=clock.today())
    assert user.left_on == clock.today()


def test_closing_needs_a_reason_and_happens_once(cast):
    with pytest.raises(BusinessError, match="请写上停用的原因") as caught:
        users.user_disable(actor=cast.system_admin, user=cast.street_clerk, reason=" ")
    assert caught.value.field == "reason"
    users.user_disable(actor=cast.system_admin, user=cast.street_clerk, reason="产假")
    assert the_entry("user.disable").reason == "产假"
    with pytest.raises(StaleState):
        users.user_disable(actor=cast.system_admin, user=cast.street_clerk, reason="产假")


def test_opening_again_asks_for_a_new_password(cast):
    users.user_leave(actor=cast.system_admin, user=cast.street_clerk, left_on=clock.today())
    user = users.user_enable(actor=cast.system_admin, user=cast.street_clerk)
    assert (user.is_active, user.left_on, user.must_change_password) == (True, None, True)
    assert the_entry("user.enable").target_id == str(user.pk)
    with pytest.raises(StaleState):
        users.user_enable(actor=cast.system_admin, user=cast.street_clerk)


@pytest.mark.both_databases
def test_the_database_lets_nobody_work_who_has_left(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=cast.street_clerk.pk).update(left_on=clock.today())


def test_a_closed_account_does_nothing_through_a_service(cast):
    users.user_disable(actor=cast.system_admin, user=cast.inspector, reason="停用")
    closed = User.objects.get(pk=cast.inspector.pk)
    assert not closed.reads_business
    assert not closed.has_role(Role.INSPECTOR)
    assert not User.objects.visible_to(closed).exists()


# --- offices ---------------------------------------------------------------------------------


def test_offices_come_from_the_official_list_and_stay(db, settings):
    streets = {"410182001": "索河街道", "410182101": "乔楼镇", "410182204": "金寨回族乡"}
    first = offices.offices_sync(streets=streets)
    assert len(first.created) == 4
    assert first.bureau.name == settings.OFFICE_NAME
    assert {code: office.name for code, office in first.by_code.items()} == {
        "410182001": "索河街道办事处",
        "410182101": "乔楼镇人民政府",
        "410182204": "金寨回族乡人民政府",
    }
    assert len(entries("office.create")) == 4
    again = offices.offices_sync(streets=streets)
    assert again.created == []
    assert again.by_code == first.by_code
    assert Office.objects.count() == 4


def test_an_office_of_the_same_name_is_taken(cast):
    synced = offices.offices_sync(streets={"410182001": "索河街道"})
    assert synced.by_code["410182001"] == cast.street_office
    assert synced.bureau == cast.bureau


def test_an_office_with_people_stays_open(cast):
    with pytest.raises(BusinessError, match="还有 2 个在用的账号") as caught:
        offices.office_update(
            actor=cast.system_admin, office=cast.street_office, phone="", is_active=False
        )
    assert caught.value.field == "is_active"
    with pytest.raises(BusinessError, match="房管中心不能停用"):
        offices.office_update(
            actor=cast.system_admin, office=cast.bureau, phone="", is_active=False
        )


def test_an_office_is_changed_by_the_administrator_alone(cast):
    changed = offices.office_update(
        actor=cast.system_admin, office=cast.street_office, phone=" 0371-1 ", is_active=True
    )
    assert changed.phone == "0371-1"
    assert the_entry("office.update").after == {"phone": "0371-1"}
    with pytest.raises(NotPermitted):
        offices.office_update(
            actor=cast.city_manager, office=cast.street_office, phone="1", is_active=True
        )
