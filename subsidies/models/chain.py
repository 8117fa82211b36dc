"""存证链: every act on public money in one chain of hashes, in the order in which it was done."""

from django.db import models
from django.db.models import Q

from subsidies.choices import SealedKind
from xingyang_pm.common.scoping import ScopedManager
from xingyang_pm.common.triggers import AppendOnly, Guard


class ChainLink(models.Model):
    """What an act said when it was done. ``hash`` is the SHA-256 of the former link's hash and of
    this one's content, so that nothing before it can be changed without changing it.

    ``content`` is JSON of texts and whole numbers; ``record`` the key of the act, by ``kind``.
    """

    position = models.PositiveIntegerField("序号", unique=True)
    kind = models.CharField("事项", max_length=10, choices=SealedKind.choices)
    record = models.PositiveIntegerField("记录")
    content = models.JSONField("内容")
    previous = models.CharField("前一散列", max_length=64, blank=True)
    hash = models.CharField("散列", max_length=64)
    sealed_at = models.DateTimeField("存证时间")

    objects = ScopedManager()

    triggers = [
        AppendOnly("append", "存证不能修改或删除。"),
        Guard(
            "next",
            ("INSERT",),
            "NEW.position <> (SELECT COALESCE(MAX(position), 0) + 1 FROM {table})"
            " OR NEW.previous <> COALESCE((SELECT former.hash FROM {table} former"
            " WHERE former.position = NEW.position - 1), '')",
            "存证须接在最后一条之后。",
            lock="1",
        ),
    ]

    class Meta:
        verbose_name = verbose_name_plural = "存证"
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "record"],
                name="chainlink_once",
                violation_error_message="这个事项已经存证。",
            ),
            models.CheckConstraint(
                condition=~Q(hash=""),
                name="chainlink_has_hash",
                violation_error_message="存证须有散列。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.get_kind_display()} {self.hash[:12]}"
