"""The exporter, where torch is: `callpath.export` and `callpath export` come this way."""
from .exporting.command import main
from .exporting.errors import NotExportable
from .exporting.file import description, export

__all__ = ["NotExportable", "description", "export", "main"]
