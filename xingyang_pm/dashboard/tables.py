"""Columns of the statistics."""

from xingyang_pm.common.tables import Column, Table


class StreetStatisticsTable(Table):
    columns = [
        Column("street", "街道（乡镇）", value=lambda row: row.street.name),
        Column("estates", "小区", kind="integer"),
        Column("households", "户数", kind="integer"),
        Column("average", "全年平均得分", kind="decimal", places=1),
        Column("open_orders", "整改通知书", kind="integer", dash_zero=True),
        Column("money", "已审批补贴", unit="元", kind="money", dash_zero=True),
    ]


class FigureTable(Table):
    columns = [
        Column("label", "项目", value=lambda row: row[1]),
        Column(
            "value",
            "数量",
            value=lambda row: row[2] if row[2] is not None else "未定",
            num=True,
        ),
    ]
