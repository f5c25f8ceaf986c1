"""The function `directory`: users and contacts."""
