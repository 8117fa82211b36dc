"""Training, publicity, demonstration projects, policy documents: what is recorded, and refused."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model

from accounts.choices import Role
from outreach.models import DemonstrationProject, PolicyDocument, PublicityItem, TrainingSession
from outreach.services import records
from tests.outreach.conftest import TODAY
from xingyang_pm.common import audit
from xingyang_pm.common.errors import BusinessError, NotPermitted
from xingyang_pm.common.models import AuditEntry

YESTERDAY, TOMORROW = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)
TRAINING = {"kind": "fire", "title": "消防安全演练", "held_on": TODAY, "people_count": 142}
PUBLICITY = {"kind": "banner", "title": "城乡清洁条幅", "published_on": TODAY, "quantity": 150}
POLICY = {"title": "物业管理办法", "issuer": "荥阳市人民政府", "issued_on": TODAY}
PROJECT = {"year": 2026, "level": "municipal", "stage": "applied"}

Keep = Callable[..., Model]


@pytest.fixture
def keep(cast, estate, provider) -> Keep:
    """Record one of ``training publicity policy demonstration`` with ``values`` changed."""

    def kept(what: str, actor=None, /, **values: Any) -> Model:
        service, facts = {
            "training": (records.training_record, TRAINING),
            "publicity": (records.publicity_record, PUBLICITY),
            "policy": (records.policy_record, POLICY),
            "demonstration": (
                records.demonstration_record,
                {**PROJECT, "estate": estate, "provider": provider},
            ),
        }[what]
        return service(actor=actor or cast.city_manager, **{**facts, **values})

    return kept


MODELS = {
    "training": TrainingSession,
    "publicity": PublicityItem,
    "policy": PolicyDocument,
    "demonstration": DemonstrationProject,
}


@pytest.mark.parametrize("kind", list(MODELS))
def test_only_the_bureaus_manager_keeps_these_records(keep: Keep, cast, kind):
    for part, actor in cast.people.items():
        if part == "city_manager":
            continue
        with pytest.raises(NotPermitted, match="由房管中心科室负责人登记"):
            keep(kind, actor)
    assert not MODELS[kind].objects.exists()
    row = keep(kind)
    assert (row.created_by, MODELS[kind].objects.get()) == (cast.city_manager, row)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (
            "training",
            [
                ("people_count", {"people_count": -1}),
                ("people_count", {"people_count": None}),
                ("enterprise_count", {"enterprise_count": -3}),
                ("title", {"title": ""}),
                ("title", {"title": "长" * 101}),
                ("kind", {"kind": "party"}),
                ("held_on", {"held_on": TOMORROW}),
            ],
        ),
        (
            "publicity",
            [
                ("quantity", {"quantity": -1}),
                ("kind", {"kind": "rumour"}),
                ("published_on", {"published_on": TOMORROW}),
            ],
        ),
        ("policy", [("issuer", {"issuer": ""}), ("issued_on", {"issued_on": TOMORROW})]),
        (
            "demonstration",
            [
                ("level", {"level": "national"}),
                ("year", {"year": -1}),
                ("awarded_on", {"stage": "awarded", "awarded_on": TOMORROW}),
                ("rewarded_on", {"awarded_on": TODAY, "rewarded_on": TOMORROW}),
                ("rewarded_on", {"awarded_on": TODAY, "rewarded_on": YESTERDAY}),
                ("awarded_on", {"rewarded_on": TODAY}),
            ],
        ),
    ],
)
def test_what_cannot_be_is_refused_on_its_field_in_chinese(keep: Keep, kind, wrong):
    for field, values in wrong:
        with pytest.raises(BusinessError) as refused:
            keep(kind, **values)
        assert (values, refused.value.field) == (values, field)
        assert any("一" <= letter <= "鿿" for letter in refused.value.message)
    assert not MODELS[kind].objects.exists()
    assert not AuditEntry.objects.filter(verb__startswith=kind).exists()


def test_a_policy_may_come_into_force_later(keep: Keep):
    assert keep("policy", effective_from=TOMORROW).effective_from == TOMORROW


def test_each_record_and_each_change_has_its_entry(keep: Keep, cast):
    """What was before and after stands in the entry of a change, and only what differs."""
    row = keep("training", place="会议室")
    records.training_record(actor=cast.city_manager, training=row, people_count=140)
    change, first = audit.timeline(row)
    assert (first.verb, first.summary, first.before) == (
        "training.create",
        "登记培训 消防安全演练，142 人",
        None,
    )
    assert (first.after["held_on"], first.after["place"]) == ("2026-11-18", "会议室")
    assert (change.verb, change.summary) == ("training.update", "修改培训 消防安全演练，140 人")
    assert (change.before, change.after) == ({"people_count": 142}, {"people_count": 140})
    assert change.actor == cast.city_manager


def test_a_refused_change_leaves_the_record_and_no_entry(keep: Keep, cast):
    row = keep("publicity")
    with pytest.raises(BusinessError, match="日期不能晚于今天"):
        records.publicity_record(
            actor=cast.city_manager, publicity=row, quantity=1, published_on=TOMORROW
        )
    kept = PublicityItem.objects.get()
    assert (kept.quantity, kept.published_on) == (150, TODAY)
    assert [entry.verb for entry in audit.timeline(row)] == ["publicity.create"]


def test_a_title_stands_in_the_history_of_estate_and_firm(keep: Keep, cast, estate, provider):
    row = keep("demonstration")
    records.demonstration_record(
        actor=cast.city_manager,
        project=row,
        stage="awarded",
        awarded_on=dt.date(2026, 6, 1),
        rewarded_on=dt.date(2026, 9, 1),
    )
    for record in (row, estate, provider):
        said = [entry.summary for entry in audit.timeline(record) if entry.tag == "示范"]
        assert said == [
            "郑州市级示范项目 纺织厂家属院：命名",
            "郑州市级示范项目 纺织厂家属院：申报",
        ]


def test_an_estate_is_registered_once_a_year_and_level(keep: Keep):
    keep("demonstration")
    with pytest.raises(BusinessError, match="这个小区本年度已登记同级示范项目"):
        keep("demonstration", stage="reviewed")
    keep("demonstration", level="provincial")
    keep("demonstration", year=2025)
    assert DemonstrationProject.objects.count() == 3


def test_who_sits_in_a_street_writes_nothing_into_another(
    keep: Keep, cast, make_person, other_estate, other_street, estate
):
    """The role alone is not enough: what is written must lie in the office's own scope."""
    seconded = make_person("jiediao", cast.street_office, Role.BUREAU_MANAGER)
    keep("demonstration", seconded)
    with pytest.raises(BusinessError) as refused:
        keep("demonstration", seconded, estate=other_estate)
    assert refused.value.code == "out_of_scope"
    with pytest.raises(BusinessError, match="不属于你所在的街道"):
        keep("publicity", seconded, street=other_street)
    row = keep("publicity", seconded, street=estate.street)
    with pytest.raises(BusinessError, match="不属于你所在的街道"):
        records.publicity_record(actor=seconded, publicity=row, street=other_street)
    # Nor is another street's record drawn into the own one.
    theirs = keep("publicity", street=other_street)
    with pytest.raises(BusinessError, match="不属于你所在的街道"):
        records.publicity_record(actor=seconded, publicity=theirs, street=estate.street)
    assert DemonstrationProject.objects.get().estate == estate
    kept = PublicityItem.objects.order_by("pk").values_list("street", flat=True)
    assert list(kept) == [estate.street_id, other_street.pk]


def test_a_new_file_of_a_policy_is_in_the_entry(keep: Keep, cast):
    """Whoever exchanges the paper of a rule is found, also where nothing else was changed."""

    def paper(content: bytes) -> SimpleUploadedFile:
        return SimpleUploadedFile("办法.pdf", content, content_type="application/pdf")

    row = keep("policy", file=paper(b"%PDF-1.7 first"))
    first = row.file.name
    records.policy_record(actor=cast.city_manager, policy=row, file=paper(b"%PDF-1.7 second"))
    row.refresh_from_db()
    with row.file.open("rb") as stream:
        assert stream.read() == b"%PDF-1.7 second"
    change = audit.timeline(row)[0]
    assert change.verb == "policy.update"
    assert (change.before, change.after) == ({"file": first}, {"file": row.file.name})
