"""The report: one self-contained page that tells a guard what happened at the door."""

from edgegate.report.report import Report

__all__ = ["Report"]
