"""Measurements of speed and memory; figures are ratios within one run wherever they can be."""
