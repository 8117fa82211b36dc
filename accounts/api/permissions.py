"""Who may read the API: readers of the business, a key only within its rights."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.choices import TokenRight
from accounts.selectors import hindrance

from .authentication import token_of


class ReadsBusiness(BasePermission):
    """Safe methods only. ``view.token_right`` names what a key must hold to read the view; a
    view without it cannot be read by key."""

    message = "这个账号不能读业务数据。"

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user or not user.is_authenticated:
            return False
        if request.method not in SAFE_METHODS:
            self.message = "这个接口只读。"
            return False
        if not user.reads_business:
            return False
        token = token_of(request)
        if token is None:
            stopped = hindrance(user)
            self.message = stopped.sentence if stopped else self.message
            return stopped is None
        right = getattr(view, "token_right", None)
        if right in token.rights:
            return True
        name = f"“{TokenRight(right).label}”" if right in TokenRight.values else "这部分数据"
        self.message = f"这个接口密钥不能读{name}。"
        return False
