"""The product's rules, pure: values in, values out. Only the standard library; no clock, no environment."""
