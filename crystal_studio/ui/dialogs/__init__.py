"""Dialogs: preferences, keys, about, and what is said when something failed."""
