"""How the registry is represented; contact persons and phones stay out."""

from rest_framework import serializers

from estates.models import Community, Estate, HouseholdCount, Street


class StreetSerializer(serializers.ModelSerializer):
    class Meta:
        model = Street
        fields = ["id", "code", "name", "kind"]


class CommunitySerializer(serializers.ModelSerializer):
    street = serializers.CharField(source="street.name", read_only=True)

    class Meta:
        model = Community
        fields = ["id", "code", "name", "short_name", "street"]


class EstateSerializer(serializers.ModelSerializer):
    street = serializers.CharField(source="street.name", read_only=True)
    community = serializers.CharField(source="community.short_name", default=None, read_only=True)

    class Meta:
        model = Estate
        fields = [
            "id", "code", "kind", "name", "street", "community", "address", "built_year",
            "building_count", "household_count", "floor_area", "management_mode", "has_cleaning",
            "has_waste_removal", "has_greening", "has_repair", "has_service_station",
        ]  # fmt: skip


class HouseholdCountSerializer(serializers.ModelSerializer):
    estate_code = serializers.CharField(source="estate.code", read_only=True)
    estate = serializers.CharField(source="estate.name", read_only=True)

    class Meta:
        model = HouseholdCount
        fields = [
            "id", "estate_code", "estate", "effective_month", "households", "buildings", "status",
        ]  # fmt: skip
