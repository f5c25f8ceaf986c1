"""The function `journeys`: journey steps that ask for an SMS."""
