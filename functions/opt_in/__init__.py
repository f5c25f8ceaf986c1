"""The function `opt_in`: opt-in requests sent by hand, and the evidence of consent."""
