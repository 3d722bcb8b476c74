"""Nodes side by side: pictures with one camera and one scale, tables of what differs, and the branch as numbers."""
