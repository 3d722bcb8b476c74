"""The window's side of the engine hosts, and the only threads of the window."""
