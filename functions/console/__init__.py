"""The function `console`: the API's own description, and its health."""
