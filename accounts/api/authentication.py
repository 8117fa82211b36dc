"""``Authorization: Token xyp_…``: a key with narrow rights, in its user's scope."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.selectors import token_of_key, try_state
from accounts.services.tokens import token_used
from xingyang_pm.common import clock

KEYWORD = "Token"


class NarrowTokenAuthentication(BaseAuthentication):
    """Puts the :class:`ApiToken` on ``request.auth``; each refusal is a 401 with its sentence."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != KEYWORD.lower().encode():
            return None
        if len(parts) != 2 or not parts[1].isascii():
            raise AuthenticationFailed("接口密钥的写法不对，应为 Authorization: Token xyp_…。")
        token = token_of_key(parts[1].decode("ascii"))
        problem = "接口密钥不对。" if token is None else self._problem(token)
        if token is None or problem:
            raise AuthenticationFailed(problem)
        token_used(token=token)
        return token.user, token

    def _problem(self, token: ApiToken) -> str:
        if token.revoked_at is not None:
            return "接口密钥已停用。"
        if token.expires_on < clock.today():
            return f"接口密钥已于 {token.expires_on} 到期，请联系系统管理员。"
        if not token.user.is_active:
            return "接口密钥所属的账号已停用。"
        if try_state(token.user.username).is_locked:
            return "接口密钥所属的账号已锁定，请稍后再试或联系系统管理员。"
        return ""

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


def token_of(request: Any) -> ApiToken | None:
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, ApiToken) else None
