"""The ledger of firms, and the contracts that the ledgers of estates state."""

from estates.choices import EstateKind
from estates.imports import register_ledger_companion

from .contracts import ContractCompanion
from .providers import register_provider_ledger


def register_ledgers() -> None:
    """Make them known to the importer; called when the app is ready."""
    register_provider_ledger()
    for code, kind in (
        ("estates", EstateKind.COMMODITY),
        ("old_estates", EstateKind.OLD),
        ("rural_communities", EstateKind.RURAL),
    ):
        register_ledger_companion(code, ContractCompanion(kind))


__all__ = ["register_ledgers"]
