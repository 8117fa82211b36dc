"""How rounds, inspections and orders are represented."""

from rest_framework import serializers

from inspections.models import Inspection, InspectionRound, ItemResult, RectificationOrder


class RoundSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="__str__", read_only=True)
    kind = serializers.CharField(source="checklist.kind", read_only=True)
    checklist = serializers.CharField(source="checklist.title", read_only=True)
    checklist_version = serializers.IntegerField(source="checklist.version", read_only=True)
    covered = serializers.IntegerField(read_only=True)
    inspected = serializers.IntegerField(read_only=True)

    class Meta:
        model = InspectionRound
        fields = [
            "id",
            "name",
            "title",
            "year",
            "number",
            "kind",
            "checklist",
            "checklist_version",
            "start_date",
            "end_date",
            "status",
            "covered",
            "inspected",
        ]


class ItemResultSerializer(serializers.ModelSerializer):
    code = serializers.CharField(source="item.code", read_only=True)
    heading = serializers.CharField(source="item.heading", read_only=True)
    text = serializers.CharField(source="item.text", read_only=True)
    points = serializers.DecimalField(
        source="item.points", max_digits=5, decimal_places=1, read_only=True
    )

    class Meta:
        model = ItemResult
        fields = ["code", "heading", "text", "points", "outcome", "deduction", "note", "deadline"]


class InspectionSerializer(serializers.ModelSerializer):
    estate_code = serializers.CharField(source="estate.code", read_only=True)
    estate = serializers.CharField(source="estate.name", read_only=True)
    street = serializers.CharField(source="estate.street.name", read_only=True)
    provider_code = serializers.CharField(source="provider.code", default=None, read_only=True)
    provider = serializers.CharField(source="provider.name", default=None, read_only=True)
    round = serializers.CharField(default=None, read_only=True)
    checklist = serializers.CharField(source="checklist.title", read_only=True)
    inspector = serializers.CharField(source="inspector.name", read_only=True)
    grade = serializers.CharField(read_only=True)
    results = ItemResultSerializer(many=True, read_only=True)

    class Meta:
        model = Inspection
        fields = [
            "id",
            "number",
            "estate_code",
            "estate",
            "street",
            "provider_code",
            "provider",
            "round",
            "checklist",
            "inspected_on",
            "inspector",
            "status",
            "score",
            "grade",
            "failed_count",
            "results",
        ]


class OrderSerializer(serializers.ModelSerializer):
    estate_code = serializers.CharField(source="estate.code", read_only=True)
    estate = serializers.CharField(source="estate.name", read_only=True)
    street = serializers.CharField(source="estate.street.name", read_only=True)
    provider_code = serializers.CharField(source="provider.code", default=None, read_only=True)
    provider = serializers.CharField(source="provider.name", default=None, read_only=True)
    inspection = serializers.CharField(source="inspection.number", read_only=True)
    items = serializers.SerializerMethodField()
    is_overdue = serializers.BooleanField(read_only=True)

    class Meta:
        model = RectificationOrder
        fields = [
            "id",
            "number",
            "inspection",
            "estate_code",
            "estate",
            "street",
            "provider_code",
            "provider",
            "legal_basis",
            "items",
            "issued_at",
            "served_on",
            "deadline",
            "is_overdue",
            "status",
            "closed_at",
        ]

    def get_items(self, order: RectificationOrder) -> list[dict[str, str]]:
        return [
            {
                "code": item.result.item.code,
                "text": item.result.item.text,
                "note": item.result.note,
                "requirement": item.requirement,
            }
            for item in order.items.all()
        ]
