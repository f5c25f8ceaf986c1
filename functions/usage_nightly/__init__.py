"""The function `usage_nightly`: Twilio's reported segments, pulled each night."""
