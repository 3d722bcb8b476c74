"""Crystals into and out of a project: import, export, reports, bundles, and running a node again."""
