"""The function `retention`: texts that were kept for their time are removed."""
