"""The 3D view: VTK draws off screen, Qt paints the picture and what lies over it."""
