"""How the OpenAPI page describes the key."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class NarrowTokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.NarrowTokenAuthentication"
    name = "接口密钥"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "写成 Token xyp_…。密钥由系统管理员建立，只读，范围不超过所属的账号。",
        }
