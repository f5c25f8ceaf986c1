"""The function `dispatch`: one call to Twilio for each message."""
