"""The conversation: bubbles, the message box, limits and goals, and the pivot."""
