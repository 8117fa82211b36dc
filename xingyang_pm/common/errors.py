"""What a service says when a rule says no. Each message is a Chinese sentence for the user."""

from django.core.exceptions import PermissionDenied


class BusinessError(Exception):
    """A rule refused the act. ``message`` says what is wrong and what to do.

    ``field`` names the form field to which the sentence belongs, ``code`` is for programs.
    """

    def __init__(self, message: str, *, code: str = "invalid", field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field


class StaleState(BusinessError):
    """Somebody was faster: the record is no longer in the state from which the act starts."""

    def __init__(self, message: str = "这条记录刚被别人处理过，请刷新后再看。") -> None:
        super().__init__(message, code="stale")


class NotPermitted(PermissionDenied):
    """The record is visible, the act is not this person's. Answered with 403."""

    def __init__(self, message: str = "这项操作不在你的职责范围内。") -> None:
        super().__init__(message)
        self.message = message
