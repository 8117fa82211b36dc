"""How providers and engagements are represented; phones stay out."""

from rest_framework import serializers

from enterprises.models import Engagement, Provider


class ProviderSerializer(serializers.ModelSerializer):
    street = serializers.CharField(source="street.name", default=None, read_only=True)

    class Meta:
        model = Provider
        fields = ["id", "code", "kind", "name", "short_name", "credit_code", "street", "is_active"]


class EngagementSerializer(serializers.ModelSerializer):
    estate_code = serializers.CharField(source="estate.code", read_only=True)
    estate = serializers.CharField(source="estate.name", read_only=True)
    street = serializers.CharField(source="estate.street.name", read_only=True)
    provider_code = serializers.CharField(source="provider.code", read_only=True)
    provider = serializers.CharField(source="provider.name", read_only=True)
    filing_state = serializers.CharField(read_only=True)

    class Meta:
        model = Engagement
        fields = [
            "id",
            "estate_code",
            "estate",
            "street",
            "provider_code",
            "provider",
            "start_date",
            "end_date",
            "fee_standard",
            "fee_unit",
            "service_grade",
            "selection_mode",
            "signed_on",
            "filed_on",
            "filing_state",
        ]
