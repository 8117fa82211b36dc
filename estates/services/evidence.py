"""What a household count may rest on: a photo, a PDF or a workbook, told by its content."""

from pathlib import PurePath

from django.core.files.base import File

from xingyang_pm.common.errors import BusinessError
from xingyang_pm.common.spreadsheets.gate import WorkbookRefused, check_content

MAX_BYTES = 10 * 2**20
_PICTURES_AND_PAPERS = (
    (b"%PDF-", ".pdf"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
# Other ways of writing a suffix that say the same.
_SAME = {".jpeg": ".jpg", ".jpe": ".jpg"}


def evidence_name(upload: File) -> str:
    """Return the name under which ``upload`` is kept; its suffix says what it truly is.

    Raises :class:`BusinessError` on the field ``evidence`` for what is no photo, PDF or
    workbook, for a workbook with macros or a password, for an empty file and one over 10 MB.
    """
    name = PurePath(str(upload.name or "户数清册").replace("\\", "/")).name
    if not upload.size:
        raise BusinessError(f"“{name}”是空文件，请重新选择。", field="evidence")
    if upload.size > MAX_BYTES:
        raise BusinessError(
            f"“{name}”有 {upload.size / 2**20:.1f} MB，超过 10 MB，请换小一些的文件。",
            field="evidence",
        )
    return _with_suffix(name, _suffix(upload, name))


def scan_name(scan: File, *, field: str) -> str:
    """Return the name under which the scan of a signed paper is kept, as :func:`evidence_name`.

    Raises :class:`BusinessError` on ``field`` for what is neither PDF nor photo.
    """
    name = PurePath(str(scan.name or "扫描件").replace("\\", "/")).name
    suffix = _paper_suffix(_head(scan))
    if not suffix:
        raise BusinessError(f"“{name}”不是 PDF 或照片，请扫描或拍照后再传。", field=field)
    return _with_suffix(name, suffix)


def _with_suffix(name: str, suffix: str) -> str:
    path = PurePath(name)
    given = path.suffix.lower()
    if _SAME.get(given, given) != suffix:
        name = f"{path.stem if len(given) <= 5 else name}{suffix}"
    return name if len(name) <= 200 else name[: 200 - len(suffix)] + suffix


def _head(upload: File) -> bytes:
    upload.seek(0)
    head = upload.read(8)
    upload.seek(0)
    return head


def _paper_suffix(head: bytes) -> str:
    return next((suffix for magic, suffix in _PICTURES_AND_PAPERS if head.startswith(magic)), "")


def _suffix(upload: File, name: str) -> str:
    head = _head(upload)
    suffix = _paper_suffix(head)
    if suffix:
        return suffix
    if head.startswith(_WORKBOOKS):
        try:
            kind = check_content(upload.read())
        except WorkbookRefused as refusal:
            raise BusinessError(refusal.message, code=refusal.code, field="evidence") from None
        finally:
            upload.seek(0)
        return f".{kind.value}"
    raise BusinessError(
        f"“{name}”不是照片、PDF 或 Excel，请拍照或另存为 PDF 后再传。", field="evidence"
    )
