"""The function `usage`: segments of the month so far and the twelve before."""
