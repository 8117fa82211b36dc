"""What may be done in the registry, by subject. Each act has its actor and its audit entry."""

from .assignments import staff_assignment_end, staff_assignment_start
from .buildings import (
    BuildingFacts,
    building_add,
    building_remove,
    building_update,
    buildings_set,
)
from .committees import committee_record, committee_remove, committee_update
from .counts import (
    household_count_enter,
    household_count_reject,
    household_count_verify,
    household_count_withdraw,
    household_counts_verify,
)
from .merging import estate_merge, register_merge_hook
from .registry import (
    estate_create,
    estate_name_add,
    estate_name_remove,
    estate_remove,
    estate_rename,
    estate_update,
)
from .surveys import (
    SurveyRow,
    survey_close,
    survey_difference_decide,
    survey_differences_decide,
    survey_upload,
)

__all__ = [
    "BuildingFacts",
    "SurveyRow",
    "building_add",
    "building_remove",
    "building_update",
    "buildings_set",
    "committee_record",
    "committee_remove",
    "committee_update",
    "estate_create",
    "estate_merge",
    "estate_name_add",
    "estate_name_remove",
    "estate_remove",
    "estate_rename",
    "estate_update",
    "household_count_enter",
    "household_count_reject",
    "household_count_verify",
    "household_count_withdraw",
    "household_counts_verify",
    "register_merge_hook",
    "staff_assignment_end",
    "staff_assignment_start",
    "survey_close",
    "survey_difference_decide",
    "survey_differences_decide",
    "survey_upload",
]
