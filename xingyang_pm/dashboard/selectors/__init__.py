"""Answers over all apps, for the desk and the statistics."""

from .article import article_figures, labelled
from .city import CityView, city_view, overdue_orders

__all__ = ["CityView", "article_figures", "city_view", "labelled", "overdue_orders"]
