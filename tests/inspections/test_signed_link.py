"""The firm's signed link: it opens one order, and nothing else; changed or expired, nothing."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import User
from estates.models import Estate
from inspections import services
from inspections.choices import OrderStatus
from inspections.models import (
    EvidencePhoto,
    Inspection,
    RectificationOrder,
    RectificationReply,
    ReplyLink,
)
from inspections.selectors import link_of_token, link_token
from tests.inspections.conftest import TODAY, order_over, picture, serve
from tests.support.pages import text_of
from tests.support.people import Cast
from xingyang_pm.common import clock
from xingyang_pm.common.audit import timeline
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import AuditEntry

SignedIn = Callable[[User], Client]


def token_of(order: RectificationOrder) -> str:
    return link_token(order.links.get(revoked_at__isnull=True))


def page_of(order: RectificationOrder, name: str = "page", *args: object) -> str:
    return reverse(f"replies:{name}", args=[token_of(order), *args])


def photo(name: str = "after.jpg", shade: int = 200) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(shade=shade), "image/jpeg")


def answers(order: RectificationOrder, **more: object) -> dict[str, object]:
    """Return what the firm types and chooses to report every item as done."""
    data: dict[str, object] = {
        "completed_on": f"{clock.today():%Y-%m-%d}",
        "responsible": "张利民",
        "reporter_name": "张利民",
        "reporter_phone": "13800138000",
    }
    for place, item in enumerate(services.open_items(order)):
        data[f"measure-{item.pk}"] = "已清理"
        data[f"photos-{item.pk}"] = [
            photo(f"a{place}.jpg", 200 + place),
            photo("b.jpg", 30 + place),
        ]
    return {**data, **more}


def test_the_firm_answers_without_an_account(served: RectificationOrder, cast: Cast) -> None:
    firm = Client()
    shown = firm.get(page_of(served))
    assert shown.status_code == 200
    words = text_of(shown)
    for part in (served.number, "纺织厂家属院", "公开收费标准有问题", "填写整改回复", "申请延期"):
        assert part in words
    sent = firm.post(page_of(served, "reply"), answers(served))
    assert (sent.status_code, sent["Location"]) == (302, page_of(served))
    served.refresh_from_db()
    assert served.status == OrderStatus.REPLIED
    reply = served.replies.get()
    assert (reply.reported_by, reply.link) == (None, served.links.get())
    assert (reply.reporter_name, reply.reporter_phone) == ("张利民", "13800138000")
    after = EvidencePhoto.objects.filter(reply_item__reply=reply)
    assert after.count() == 4
    assert {(row.uploaded_by, row.link_id) for row in after} == {(None, reply.link_id)}
    newest = timeline(served)[0]
    assert (newest.actor, newest.actor_name, newest.channel) == (None, "通过签名链接", "link")
    # Sent a second time, by a finger that was too quick, it is still one reply.
    again = firm.post(page_of(served, "reply"), answers(served))
    assert again.status_code == 409
    assert served.replies.count() == 1


def test_each_item_may_say_why_it_is_not_done(served: RectificationOrder, cast: Cast) -> None:
    first, second = services.open_items(served)
    data = answers(served)
    del data[f"measure-{second.pk}"], data[f"photos-{second.pk}"]
    data[f"undone-{second.pk}"] = "配件还没有到货"
    assert Client().post(page_of(served, "reply"), data).status_code == 302
    reply = served.replies.get()
    rows = {row.item_id: row for row in reply.items.all()}
    assert rows[first.pk].is_done
    assert rows[first.pk].done_on == TODAY
    assert not rows[second.pk].is_done
    assert rows[second.pk].undone_reason == "配件还没有到货"


def test_a_reply_in_which_nothing_is_done_is_none(served: RectificationOrder) -> None:
    data = answers(served)
    for item in services.open_items(served):
        del data[f"photos-{item.pk}"]
        data[f"undone-{item.pk}"] = "没有时间"
    refused = Client().post(page_of(served, "reply"), data)
    assert refused.status_code == 422
    assert "申请延期" in text_of(refused)
    assert not served.replies.exists()


def test_what_is_refused_is_kept_and_said_at_its_place(served: RectificationOrder) -> None:
    first, second = services.open_items(served)
    data = answers(served, reporter_phone="打不通")
    data[f"photos-{second.pk}"] = SimpleUploadedFile("公示栏.jpg", b"no picture", "image/jpeg")
    refused = Client().post(page_of(served, "reply"), data)
    assert refused.status_code == 422
    words = refused.content.decode()
    assert "“公示栏.jpg”不是照片" in words
    assert "已清理" in words
    assert not served.replies.exists()
    # The first item's photos need not be chosen again.
    kept = re.findall(rf'name="(_kept_photos-{first.pk})" value="([^"]+)"', words)
    assert len(kept) == 2
    data = answers(served, **{f"_kept_photos-{first.pk}": [token for _, token in kept]})
    del data[f"photos-{first.pk}"]
    assert Client().post(page_of(served, "reply"), data).status_code == 302
    assert EvidencePhoto.objects.filter(reply_item__item=first).count() == 2


@pytest.mark.parametrize("name", ["page", "reply", "extension", "objection"])
def test_a_changed_address_opens_nothing(served: RectificationOrder, name: str) -> None:
    token = token_of(served)
    pk, _, rest = token.partition("~")
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        f"{int(pk) + 1}~{rest}",
        token.partition(".")[0],
        f"{pk}~{'x' * 22}.{token.partition('.')[2]}",
        "1", "~", "%00", token + "x",
    ]  # fmt: skip
    for text in wrong:
        answer = Client().get(reverse("replies:page", args=["TOKEN"]).replace("TOKEN", text))
        assert answer.status_code == 404, text
        assert_closed(answer, served)
    assert link_of_token(token) is not None


def assert_closed(answer: HttpResponse, order: RectificationOrder) -> None:
    """Assert that the answer gives no hint of the order and stays in no memory."""
    words = answer.content.decode()
    for part in (order.number, order.estate.name, order.provider.name, "登录"):
        assert part not in words
    assert answer["Cache-Control"] == "private, no-store"


def test_an_expired_link_opens_nothing(served: RectificationOrder) -> None:
    urls = [page_of(served, name) for name in ("page", "reply", "extension", "objection")]
    found = EvidencePhoto.objects.filter(result__rectifications__order=served).first()
    urls.append(page_of(served, "photo", found.pk, "full"))
    last_day = served.deadline + dt.timedelta(days=15)
    with clock.freeze(clock.at(last_day, 23, 59)):
        assert all(Client().get(url).status_code == 200 for url in urls)
    with clock.freeze(clock.at(last_day + dt.timedelta(days=1), 0, 0)):
        for url in urls:
            answer = Client().get(url)
            assert answer.status_code == 410
            assert_closed(answer, served)
        assert Client().post(urls[1], {}).status_code == 410
    assert not served.replies.exists()


def test_a_revoked_link_opens_nothing_and_the_renewed_one_does(
    served: RectificationOrder, cast: Cast
) -> None:
    old = page_of(served)
    services.reply_link_revoke(order=served, actor=cast.inspector)
    assert Client().get(old).status_code == 410
    with pytest.raises(BusinessError, match="没有有效的签名链接"):
        services.reply_link_revoke(order=served, actor=cast.inspector)
    services.reply_link_renew(order=served, actor=cast.city_manager)
    assert Client().get(old).status_code == 410
    assert Client().get(page_of(served)).status_code == 200
    # Renewed while one is live, the live one ends.
    second = page_of(served)
    services.reply_link_renew(order=served, actor=cast.inspector)
    assert Client().get(second).status_code == 410
    assert served.links.count() == 3


def test_a_link_revoked_between_look_and_answer_writes_nothing(
    served: RectificationOrder, cast: Cast
) -> None:
    link = served.links.get()
    services.reply_link_revoke(order=served, actor=cast.inspector)
    with pytest.raises(NotPermitted):
        services.rectification_reply(
            order=served,
            link=link,
            completed_on=TODAY,
            measures={},
            reporter_name="张利民",
            reporter_phone="13800138000",
        )


def test_only_the_issuer_and_a_manager_handle_the_link(
    served: RectificationOrder, make_person: object, cast: Cast, client_for: SignedIn
) -> None:
    second = make_person("second", cast.bureau, Role.INSPECTOR)
    for act in (services.reply_link_revoke, services.reply_link_renew):
        with pytest.raises(NotPermitted, match="由签发人"):
            act(order=served, actor=second)
        with pytest.raises(NotPermitted):
            act(order=served, actor=cast.street_clerk)
    url = reverse("inspections:order-link", args=[served.pk])
    assert client_for(second).get(url).status_code == 403
    assert client_for(cast.street_clerk).get(url).status_code == 403
    assert client_for(cast.other_clerk).get(url).status_code == 404
    shown = client_for(cast.inspector).get(url)
    assert token_of(served) in shown.content.decode()
    assert AuditEntry.objects.filter(verb="order.link_show", actor=cast.inspector).count() == 1


def test_the_database_holds_no_secret(served: RectificationOrder) -> None:
    link = served.links.get()
    secret = token_of(served).partition("~")[2].partition(".")[0]
    for row in ReplyLink.objects.values():
        assert secret not in str(row)
    for entry in AuditEntry.objects.all():
        assert secret not in f"{entry.summary}{entry.after}{entry.before}"
    # A hash that was written into the table by hand makes no address.
    assert len(link.secret_hash) == 64


def test_photos_come_by_the_link_of_their_own_order_alone(
    served: RectificationOrder,
    report: Callable[..., Inspection],
    other_estate: Estate,
    cast: Cast,
) -> None:
    foreign = serve(order_over(report(other_estate, failed=(0,)), cast.inspector), cast.inspector)
    own = EvidencePhoto.objects.filter(result__rectifications__order=served)
    others = EvidencePhoto.objects.filter(result__rectifications__order=foreign)
    assert own.exists()
    assert others.exists()
    for size in ("small", "full"):
        for row in own:
            answer = Client().get(page_of(served, "photo", row.pk, size))
            assert answer.status_code == 200
            assert answer["Content-Type"] == "image/jpeg"
            assert answer["Cache-Control"] == "private, no-store"
        for row in others:
            assert Client().get(page_of(served, "photo", row.pk, size)).status_code == 404
            # The door of the signed-in stays shut.
            assert Client().get(row.get_absolute_url()).status_code == 302
    assert foreign.number not in Client().get(page_of(served)).content.decode()


def test_the_page_is_kept_by_nobody(served: RectificationOrder) -> None:
    answer = Client().get(page_of(served))
    assert answer["Cache-Control"] == "private, no-store"
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "same-origin"
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self'" in policy


def test_who_is_signed_in_acts_under_the_own_name(
    served: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    """Or an inspector could answer for the firm and then recheck it."""
    for part in ("inspector", "street_clerk", "city_manager"):
        refused = client_for(cast.people[part]).post(page_of(served, "reply"), answers(served))
        assert refused.status_code == 409
        assert "在平台内办理" in text_of(refused)
    assert not served.replies.exists()


def test_guessing_and_sending_are_slowed_down(served: RectificationOrder) -> None:
    url = page_of(served)
    wrong = url.replace(token_of(served), "1~x.y")
    assert [Client().get(wrong).status_code for _ in range(22)] == [404] * 20 + [429] * 2
    # Whoever has the right address is not shut out by who guesses from the same network.
    assert Client().get(url).status_code == 200
    reply = page_of(served, "reply")
    codes = [Client().post(reply, {}).status_code for _ in range(21)]
    assert codes == [422] * 20 + [429]
    with clock.freeze(clock.now() + dt.timedelta(minutes=11)):
        assert Client().get(wrong).status_code == 404


def test_each_opening_stands_in_the_audit_log_the_first_on_the_timeline(
    served: RectificationOrder,
) -> None:
    for _ in range(3):
        Client().get(page_of(served))
    entries = AuditEntry.objects.filter(verb="order.link_open")
    assert entries.count() == 3
    assert {(row.actor, row.actor_name, row.channel) for row in entries} == {
        (None, "通过签名链接", "link")
    }
    assert [row.verb for row in timeline(served)].count("order.link_open") == 1
    assert served.links.get().last_used_at == clock.now()


def test_a_phone_number_is_shown_to_who_works_on_it(
    served: RectificationOrder, cast: Cast, client_for: SignedIn
) -> None:
    Client().post(page_of(served, "reply"), answers(served))
    url = served.get_absolute_url()
    for part, whole in (("inspector", True), ("street_clerk", True), ("auditor", False)):
        words = text_of(client_for(cast.people[part]).get(url))
        assert ("13800138000" in words) is whole, part
    assert not AuditEntry.objects.filter(summary__contains="13800138000").exists()


def test_a_formal_notice_is_answered_once_it_was_served(order: RectificationOrder) -> None:
    shown = text_of(Client().get(page_of(order)))
    assert "还没有登记送达" in shown
    assert "填写整改回复" not in shown
    refused = Client().post(page_of(order, "reply"), answers(order))
    assert refused.status_code == 409
    assert not order.replies.exists()


@pytest.mark.both_databases
def test_a_row_is_of_a_person_or_of_a_link_even_by_sql(
    served: RectificationOrder, report: Callable[..., Inspection], other_estate: Estate, cast: Cast
) -> None:
    link = served.links.get()
    facts = {"order": served, "completed_on": TODAY, "reported_at": clock.now()}
    for who in ({}, {"reported_by": cast.street_clerk, "link": link}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RectificationReply.objects.create(**facts, **who)
    foreign = order_over(report(other_estate, failed=(0,)), cast.inspector)
    with pytest.raises(IntegrityError, match="不是这份整改单的"), transaction.atomic():
        RectificationReply.objects.create(**facts, link=foreign.links.get())
    found = EvidencePhoto.objects.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        EvidencePhoto.objects.filter(pk=found.pk).update(uploaded_by=None)


@pytest.mark.both_databases
def test_a_revoked_link_stays_revoked(served: RectificationOrder, cast: Cast) -> None:
    services.reply_link_revoke(order=served, actor=cast.inspector)
    rows = ReplyLink.objects.filter(order=served)
    for change in (
        {"revoked_at": None, "revoked_by": None},
        {"expires_at": clock.now() + dt.timedelta(days=900)},
        {"secret_hash": "0" * 64},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows._raw_delete(using="default")
