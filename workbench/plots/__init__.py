"""Figures by plotly, each from a table: for panels, reports and scripts alike."""
