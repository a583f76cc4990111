"""Readings as files: a table, one record, outlines for QuPath, and a printed report.

Each function takes plain values and returns bytes. The modules are imported where they are used:
the report needs ReportLab, the outlines scikit-image and Shapely, and a page that lists readings
neither.
"""
