"""The function `relay`: everything that follows from a change of state."""
