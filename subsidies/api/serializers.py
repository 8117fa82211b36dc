"""How the money is represented; account numbers and phones are not in it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from subsidies.choices import TransitPlace
from subsidies.models import Payment, SubsidyClaim, SubsidyLine, SubsidyRate
from subsidies.selectors.transit import transit_of


class RateSerializer(serializers.ModelSerializer):
    class Meta:
        model = SubsidyRate
        fields = [
            "id",
            "amount",
            "effective_from",
            "month_rule",
            "document_title",
            "document_number",
        ]


class ClaimSerializer(serializers.ModelSerializer):
    street = serializers.CharField(source="street.name", read_only=True)

    class Meta:
        model = SubsidyClaim
        fields = [
            "id",
            "number",
            "street",
            "month",
            "version",
            "status",
            "estate_count",
            "building_count",
            "household_count",
            "deduction_total",
            "total",
            "computed_at",
        ]


class LineSerializer(serializers.ModelSerializer):
    claim_number = serializers.CharField(source="claim.number", read_only=True)
    status = serializers.CharField(source="claim.status", read_only=True)
    estate_code = serializers.CharField(source="estate.code", read_only=True)
    estate = serializers.CharField(source="estate.name", read_only=True)
    payee_code = serializers.CharField(source="payee.code", read_only=True)
    payee = serializers.CharField(source="payee.name", read_only=True)
    equation = serializers.SerializerMethodField()

    class Meta:
        model = SubsidyLine
        fields = [
            "id",
            "claim_number",
            "status",
            "month",
            "estate_code",
            "estate",
            "payee_code",
            "payee",
            "households",
            "buildings",
            "rate",
            "months",
            "coefficient",
            "deduction",
            "deduction_reason",
            "amount",
            "is_excluded",
            "exclusion_reason",
            "served_from",
            "served_to",
            "equation",
        ]

    @extend_schema_field(serializers.CharField())
    def get_equation(self, line: Any) -> str:
        return line.explained().sentence


class PaymentSerializer(serializers.ModelSerializer):
    claim_number = serializers.CharField(source="claim.number", read_only=True)
    street = serializers.CharField(source="claim.street.name", read_only=True)
    month = serializers.DateField(source="claim.month", read_only=True)
    payee_code = serializers.CharField(source="payee.code", read_only=True)
    payee = serializers.CharField(source="payee.name", read_only=True)
    place = serializers.ChoiceField(choices=TransitPlace.choices, read_only=True)
    days = serializers.SerializerMethodField()
    received_on = serializers.DateField(read_only=True, allow_null=True)

    class Meta:
        model = Payment
        fields = [
            "id",
            "claim_number",
            "street",
            "month",
            "payee_code",
            "payee",
            "amount",
            "voucher_number",
            "paid_on",
            "attempt",
            "route",
            "place",
            "days",
            "received_on",
        ]

    @extend_schema_field(serializers.IntegerField())
    def get_days(self, payment: Any) -> int:
        return transit_of(payment).days
