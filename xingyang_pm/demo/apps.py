"""The demo city; it only writes, through the apps' services and models."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "xingyang_pm.demo"
    label = "demo"
    verbose_name = "演示数据"
