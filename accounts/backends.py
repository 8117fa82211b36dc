"""Sign-in by user name and password, for active accounts only."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from .models import User


class OfficeBackend(BaseBackend):
    """No superuser shortcut and no permission tables: rights come from roles and office."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        user = User.objects.select_related("office").filter(username=username).first()
        if user is None:
            # The same work as for a known name, so that timing tells nothing.
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("office").filter(pk=user_id).first()
        return user if user is not None and user.is_active else None
