"""Error pages: what happened, what to do, whether anything was saved."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from xingyang_pm.common.audit import current_context
from xingyang_pm.common.errors import NotPermitted


def _answer(
    request: HttpRequest, template: str, status: int, heading: str, what: str, now: str, saved: str
) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": what}, status=status, json_dumps_params=_PLAIN)
    user = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    context = {
        "heading": heading,
        "what": what,
        "now": now,
        "saved": saved,
        "error_base": "base.html" if signed_in else "base_lone.html",
        "page": {"title": heading, "menu": ""},
    }
    return render(request, template, context, status=status)


_PLAIN = {"ensure_ascii": False}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        what = "送来的内容太大，平台没有收下。"
        now = "请换小一些的文件，或减少照片张数，再办一次。"
    else:
        what = "送来的内容不完整或不合规定，平台没有处理。"
        now = "请返回上一页，刷新后再办一次。"
    return _answer(request, "400.html", 400, "这一步没有办成", what, now, "没有改动任何数据。")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    what = exception.message if isinstance(exception, NotPermitted) else NotPermitted().message
    return _answer(
        request,
        "403.html",
        403,
        "这项操作不由你办理",
        what,
        "如果应当由你办理，请联系系统管理员核对你的角色。",
        "没有改动任何数据。",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = str(exception) if isinstance(exception, Http404) else ""
    what = said if "。" in said else "没有这个页面或这条记录，也可能不在你可看的范围内。"
    return _answer(
        request,
        "404.html",
        404,
        "找不到这一页",
        what,
        "请检查网址，或在上面的查找框里按名称、编号查找。",
        "",
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without user, session or database: any of them may be what broke."""
    if request.path.startswith("/api/"):
        return JsonResponse(
            {"detail": "平台在处理时出了差错，这一步没有保存。"},
            status=500,
            json_dumps_params=_PLAIN,
        )
    html = render_to_string("500.html", {"request_id": current_context().request_id})
    return HttpResponse(html, status=500)


def csrf_failure(request: HttpRequest, reason: str = "", **kwargs: Any) -> HttpResponse:
    """The token of the form is missing or old: mostly a page left open over night."""
    return _answer(
        request,
        "403_csrf.html",
        403,
        "这一页放得太久了",
        "为防止别的网站冒用，平台没有收下这次提交。多半是页面打开太久，或在别处重新登录过。",
        "请返回上一页，刷新后再办一次；刷新前可以先把写好的文字复制下来。",
        "没有改动任何数据。",
    )
