"""Ledgers in: the machinery of workbook imports, without any domain.

An app describes its ledger once and registers it in ``AppConfig.ready()``; the check screen,
the commit, the marked workbook, the empty form and the command all follow. A complete ledger,
as an app's ``imports.py`` holds it::

    from xingyang_pm.common.ledgers.columns import (
        LedgerColumn, choice_of, comparison_key, date, integer, name, phones, yes_no,
    )
    from xingyang_pm.common.ledgers.plans import DuplicateTracker, ImportPlan, differences
    from xingyang_pm.common.ledgers.registry import LedgerDefinition, register

    COLUMNS = [
        LedgerColumn("street", "街道", ["街道（乡镇）"], name(), required=True, grouping=True,
                     from_sheet_name=True, example="京城路街道"),
        LedgerColumn("name", "小区名称", ["小区（楼院）名称"], name(60), required=True,
                     example="铁龙家属院", hint="与门牌一致，分东院、西院的要写明。"),
        LedgerColumn("household_count", "户数", ["总户数"], integer(units=["户"]), required=True,
                     example="120"),
        LedgerColumn("has_cleaning", "有清扫保洁", ["四有/清扫保洁"], yes_no(), default=False,
                     example="√"),
        LedgerColumn("contact_phone", "联系电话", ["电话"], phones(), example="13800000000"),
        LedgerColumn("since", "接管日期", parse=date(), example="2017-04-01"),
    ]

    def plan(rows, actor):
        plan = ImportPlan()
        streets = {comparison_key(s.name): s for s in Street.objects.visible_to(actor)}
        known = {(e.street_id, comparison_key(e.name)): e
                 for e in Estate.objects.visible_to(actor)}
        for row in rows:
            street = streets.get(comparison_key(row["street"]))
            if street is None:
                plan.refuse(row, "street", "没有“%s”，或不属于你的范围。请改正。" % row["street"])
                continue
            estate = known.get((street.pk, comparison_key(row["name"])))
            if estate is None:
                plan.create(row, row["name"], payload=street)
                continue
            found = differences(COLUMNS, row, {
                "household_count": estate.household_count,
                "has_cleaning": estate.has_cleaning,
                "contact_phone": estate.contact_phone,
            }, secret={"contact_phone"},
               notes={"household_count": "入库后送户数核定"})
            if found:
                plan.change(row, estate.name, found, code=estate.code, payload=estate)
            else:
                plan.keep(row)
        return plan

    def commit(plan, actor, batch):
        for item in plan.created:
            yield services.estate_create(actor=actor, street=item.payload,
                                         name=item.row["name"], batch=batch)
        for item in plan.changed:
            values = {field.name: field.value for field in item.fields}
            yield services.estate_update(actor=actor, estate=item.payload, **values)

    register(LedgerDefinition(
        code="old_estates", title="老旧小区台账", noun="小区", columns=COLUMNS,
        plan=plan, commit=commit, roles=REGISTRY_EDITORS,
        duplicates=DuplicateTracker(
            key=lambda row: (comparison_key(row["street"]), comparison_key(row["name"])),
            column="name",
            sentence=lambda row: f"本街道已有“{row['name']}”。请删去一行，或写明东院、西院。",
        ),
    ))

``plan`` gets only rows whose cells could all be read and that are not repeated; it writes
nothing. It must account for every row: create, change, keep or refuse. ``commit`` runs in one
transaction, calls the app's services and returns (or yields) every record it wrote; each of
them must be visible to the actor afterwards, or all is rolled back.
"""
