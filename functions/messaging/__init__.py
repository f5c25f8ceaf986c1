"""The function `messaging`: conversations and their messages."""
