"""Words of publication, training and publicity."""

from django.db import models

from accounts.choices import Role

DRAFTERS = frozenset({Role.BUREAU_MANAGER})
SIGNERS = frozenset({Role.BUREAU_LEADER})


class BulletinStatus(models.TextChoices):
    DRAFT = "draft", "拟稿中"
    REVIEW = "review", "待签发"
    ISSUED = "issued", "已签发"


BULLETIN_MOVES = frozenset({("draft", "review"), ("review", "draft"), ("review", "issued")})


class TrainingKind(models.TextChoices):
    SEMINAR = "seminar", "政策法规研讨"
    VISIT = "visit", "示范项目观摩"
    FIRE = "fire", "消防专题培训"
    SKILLS = "skills", "业务培训"


class PublicityKind(models.TextChoices):
    POSTER = "poster", "宣传资料"
    BANNER = "banner", "条幅"
    BOARD = "board", "版面"
    TV_REPORT = "tv_report", "电视报道"


class DemonstrationLevel(models.TextChoices):
    MUNICIPAL = "municipal", "郑州市级"
    PROVINCIAL = "provincial", "河南省级"


class DemonstrationStage(models.TextChoices):
    APPLIED = "applied", "申报"
    REVIEWED = "reviewed", "考评"
    AWARDED = "awarded", "命名"
    WITHDRAWN = "withdrawn", "摘牌"
