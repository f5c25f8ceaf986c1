"""The function `sweep`: numbers that Twilio bills and nobody has go back."""
