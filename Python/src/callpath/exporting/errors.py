"""What stands in the way of an export."""
from ..errors import ExportError


class NotExportable(ExportError):
    """A model that Callpath cannot serve as PyTorch runs it; the text is one line that names the module."""


class LeavesTorch(NotExportable):
    """A forward that computes outside of torch, where no other way of following it sees more."""
